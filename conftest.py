"""The local mesh of the chassis for all tests; `sandbox` is imported before `sandbox/tests` can take its name."""

import sandbox

__all__ = ["pytest_plugins", "sandbox"]

pytest_plugins = ["chassis.testing.plugin"]
