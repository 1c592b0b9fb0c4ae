"""The test folder `sandbox/tests` must not stand in for the package `sandbox`: the package is imported first."""

import sandbox

__all__ = ["sandbox"]
