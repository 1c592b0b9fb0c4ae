"""The freight carrier nordfreight."""
