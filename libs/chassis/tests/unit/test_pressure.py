"""A full service takes nothing new, and takes again when some of its work is done."""

import pytest

from chassis.errors import Temporary
from chassis.pressure import AT_THE_DOOR, Pressure


def test_a_full_service_takes_again_when_a_tenth_is_done() -> None:
    backlogs = [0, 99]
    pressure = Pressure(100, lambda: backlogs)
    assert pressure.may_pull()
    backlogs[0] = 100
    assert not pressure.may_pull()
    with pytest.raises(Temporary) as full, pressure.admitted():
        pass
    assert full.value.retry_in
    backlogs[:] = [95, 95]
    assert not pressure.may_pull()
    backlogs[:] = [89, 50]
    assert pressure.may_pull()
    assert pressure.level == 0.89


def test_what_is_being_stored_is_bounded() -> None:
    pressure = Pressure(100, list)
    waiting = [pressure.admitted() for _ in range(AT_THE_DOOR)]
    for one in waiting:
        one.__enter__()
    with pytest.raises(Temporary), pressure.admitted():
        pass
    waiting[0].__exit__(None, None, None)
    with pressure.admitted():
        pass
