"""What came to a system's door is counted as it came."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import traffic
from sandbox.traffic import Traffic, busiest


@given(st.lists(st.floats(0.0, 5.0), max_size=40))
def test_the_busiest_second_is_that_of_every_window(times: list[float]) -> None:
    times.sort()
    assert busiest(times) == max((sum(at <= other < at + 1.0 for other in times) for at in times), default=0)


def test_repeats_and_early_calls_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(traffic.time, "time", lambda: now)
    door = Traffic()
    door.arrive(["a"])
    door.ask_for_rest(2.0)
    for now, keys in ((100.05, ["b"]), (101.0, ["a"]), (102.0, ["c"])):  # noqa: B007  the clock reads it
        door.arrive(keys)
    assert door.report() == {"calls": 4, "busiest_second": 2, "repeats": 1, "early": 1}
    assert door.report(since=101.5)["calls"] == 1
