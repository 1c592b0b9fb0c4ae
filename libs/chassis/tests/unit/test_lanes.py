"""Lanes keep their order; the pause grows with load; tries are spread and bounded."""

from typing import ClassVar, Literal

from hypothesis import given
from hypothesis import strategies as st

from chassis import Cause, Effect
from chassis.commit import BATCH, PAUSE_LIMIT_SECONDS, pause
from chassis.effect import select
from chassis.failures.fate import BACKOFF_CAP_SECONDS, backoff
from chassis.lanes import Lanes
from chassis.writer import NewEffect


class Ring(Effect):
    """Ring a bell."""

    name: ClassVar[str] = "ring"
    replay: ClassVar[Literal["deduplicate", "suppress"]] = "deduplicate"


class Alarm(Ring):
    """Ring at once."""

    urgent: ClassVar[bool] = True


def new(lane: str, seq: int, *, born: float = 0.0, kind: type[Ring] = Ring) -> NewEffect:
    return NewEffect(kind(lane=lane), f"key-{seq}", Cause("c"), "{}", seq, 0, born=born)


def test_one_effect_of_a_lane_goes_at_a_time() -> None:
    lanes = Lanes()
    first, second, other = new("a", 1), new("a", 2), new("b", 3)
    for effect in (first, second, other):
        lanes.hold(effect)
    assert lanes.take(10) == [first, other]
    assert lanes.take(10) == []
    lanes.release(first)
    assert lanes.take(10) == [second]
    assert lanes.held == {2, 3}


def test_an_effect_tried_again_keeps_its_place() -> None:
    lanes = Lanes()
    first, second = new("a", 1), new("a", 2)
    lanes.hold(first)
    lanes.hold(second)
    assert lanes.take(1) == [first]
    lanes.free(first)
    assert lanes.take(1) == [first]


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.booleans(), st.floats(0, 100)), max_size=60), st.integers(1, 8))
def test_every_lane_ends_in_its_order(wanted: list[tuple[str, bool, float]], at_most: int) -> None:
    lanes = Lanes(now=lambda: 100.0)
    effects = [
        new(name, seq, born=born, kind=Alarm if is_urgent else Ring)
        for seq, (name, is_urgent, born) in enumerate(wanted, 1)
    ]
    for effect in effects:
        lanes.hold(effect)
    ended: list[NewEffect] = []
    while heads := lanes.take(at_most):
        assert len({head.effect.lane for head in heads}) == len(heads) <= at_most
        for head in heads:
            ended.append(head)
            lanes.release(head)
    assert sorted(effect.seq for effect in ended) == [effect.seq for effect in effects]
    for name in "abcd":
        of_lane = [effect.seq for effect in ended if effect.effect.lane == name]
        assert of_lane == sorted(of_lane)


def test_the_lane_of_an_urgent_effect_goes_first_and_in_order() -> None:
    lanes = Lanes()
    effects = [new("a", 1), new("b", 2), new("c", 3), new("c", 4, kind=Alarm), new("d", 5)]
    for effect in effects:
        lanes.hold(effect)
    ended: list[int] = []
    while heads := lanes.take(1):
        ended.append(heads[0].seq)
        lanes.release(heads[0])
    assert ended == [3, 4, 1, 2, 5]


def test_in_a_backlog_every_second_turn_is_the_newest_arrivals() -> None:
    lanes = Lanes(now=lambda: 1_000.0)
    for seq in range(1, 5):
        lanes.hold(new(f"old-{seq}", seq, born=0.0))
    for seq in range(5, 8):
        lanes.hold(new(f"new-{seq}", seq, born=999.0))
    lanes.hold(new("old-1", 8, born=999.5))
    taken = []
    while heads := lanes.take(1):
        taken.append(heads[0].seq)
        lanes.release(heads[0])
    assert taken == [7, 1, 8, 2, 6, 3, 5, 4]


def test_without_a_backlog_the_first_is_the_first() -> None:
    lanes = Lanes(now=lambda: 1_000.0)
    for seq in range(1, 6):
        lanes.hold(new(f"lane-{seq}", seq, born=995.0))
    assert [lanes.take(1)[0].seq for _ in range(5)] == [1, 2, 3, 4, 5]


def test_a_lone_message_never_waits_and_a_full_batch_neither() -> None:
    assert pause(1) == 0.0
    assert pause(BATCH) == 0.0
    assert 0 < pause(2) < pause(4) <= PAUSE_LIMIT_SECONDS
    assert pause(200) == PAUSE_LIMIT_SECONDS


@given(st.integers(1, 500))
def test_tries_are_spread_and_never_further_apart_than_the_cap(attempt: int) -> None:
    assert 0.05 <= backoff(attempt) <= BACKOFF_CAP_SECONDS


def test_a_function_gets_what_it_names() -> None:
    async def call(effect: Ring, *, key: str, bell: str) -> None: ...

    assert select(call, {"bell": "brass", "clock": 1}) == {"bell": "brass"}
