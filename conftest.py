"""The local mesh of the chassis for all tests; packages named as their folder are imported before `tests` takes it."""

import edge
import sandbox

__all__ = ["edge", "pytest_plugins", "sandbox"]

pytest_plugins = ["chassis.testing.plugin"]
