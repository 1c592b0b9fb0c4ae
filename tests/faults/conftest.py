"""What every fault test has: the book of figures."""

import pytest
from rig.report import Report


@pytest.fixture
def report() -> Report:
    """The book this test writes its figure in."""
    return Report()
