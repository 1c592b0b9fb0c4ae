"""The local mesh, and a release of an order to send."""

pytest_plugins = ["chassis.testing.plugin"]
