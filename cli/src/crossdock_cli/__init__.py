"""The `crossdock` command: the whole mesh on one machine, and a look at any order in it."""
