"""Quotas: a partner sends what it may, a noisy one costs the others nothing, a nearly full service is shared fairly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import OverQuota, Temporary
from chassis.quotas import Quotas


class Clock:
    """A clock set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def sent(quotas: Quotas, name: str, times: int) -> int:
    taken = 0
    for _ in range(times):
        try:
            quotas.admit(name)
        except Temporary:
            continue
        taken += 1
    return taken


@given(st.lists(st.tuples(st.floats(0.0, 5.0), st.integers(0, 60)), max_size=30))
def test_never_more_than_the_rate_and_one_burst(steps: list[tuple[float, int]]) -> None:
    clock = Clock()
    quotas, taken = Quotas(10.0, 2.0, now=clock), 0
    for pause, wanted in steps:
        clock.now += pause
        taken += sent(quotas, "noisy", wanted)
    assert taken <= 20 + 10 * clock.now + 1
    assert sent(quotas, "quiet", 20) == 20


def test_a_refusal_says_when_to_come_again() -> None:
    clock = Clock()
    quotas = Quotas(10.0, 1.0, own={"small": 0.5}, now=clock)
    quotas.admit("other", 45)
    with pytest.raises(OverQuota) as refused:
        quotas.admit("other")
    assert refused.value.retry_in is not None
    clock.now += refused.value.retry_in.total_seconds()
    quotas.admit("other")
    assert sent(quotas, "small", 10) == 1


def test_replicas_share_a_quota() -> None:
    assert sent(Quotas(90.0, 1.0, replicas=3, now=Clock()), "one", 100) == 30


@pytest.mark.parametrize(("level", "noisy", "quiet"), [(0.4, 500, 50), (0.6, 62, 50)])
def test_who_sends_more_than_its_share_is_refused_first(level: float, noisy: int, quiet: int) -> None:
    quotas = Quotas(1_000.0, 1.0, level=lambda: level, now=Clock())
    taken = {"noisy": 0, "quiet": 0}
    for _ in range(50):
        taken["quiet"] += sent(quotas, "quiet", 1)
        taken["noisy"] += sent(quotas, "noisy", 10)
    assert taken["quiet"] == quiet
    assert abs(taken["noisy"] - noisy) <= 25


def test_a_partner_alone_has_all_there_is() -> None:
    assert sent(Quotas(1_000.0, 1.0, level=lambda: 0.9, now=Clock()), "alone", 500) == 500
