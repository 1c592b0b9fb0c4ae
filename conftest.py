"""For all tests: the local mesh of the chassis; and the package `sandbox`, imported before `sandbox/tests` takes its name."""

import sandbox

__all__ = ["pytest_plugins", "sandbox"]

pytest_plugins = ["chassis.testing.plugin"]
