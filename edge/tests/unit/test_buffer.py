"""The buffer numbers without gaps, knows repeats, is bounded, and is as it was after any end of the process."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from edge.buffer import Adjustment, Buffer, Conflict, Full, Occupied

SITE = "STORE-12"


def sold(number: int, delta: int = -1) -> Adjustment:
    return Adjustment(adjustment_id=f"T-{number}", sku="A", delta=delta, reason="sold")


@pytest.fixture
def buffer(tmp_path: Path) -> Iterator[Buffer]:
    """A buffer that has room for five."""
    made = Buffer(tmp_path, SITE, most_waiting=5)
    yield made
    made.close()


def numbers(buffer: Buffer) -> list[object]:
    return [one["number"] for one in buffer.waiting(100)]


def test_adjustments_are_numbered_without_gaps_whatever_is_refused_between(buffer: Buffer) -> None:
    assert [buffer.add(sold(n)).number for n in (1, 2)] == [1, 2]
    assert (buffer.add(sold(1)).number, buffer.add(sold(1)).is_new) == (1, False)
    with pytest.raises(Conflict):
        buffer.add(sold(2, delta=-9))
    assert [buffer.add(sold(n)).number for n in (3, 4, 5)] == [3, 4, 5]
    with pytest.raises(Full):
        buffer.add(sold(6))
    assert buffer.add(sold(5)).is_new is False, "a repeat needs no room"
    buffer.note(2)
    assert buffer.add(sold(6)).number == 6
    assert numbers(buffer) == [3, 4, 5, 6]


def test_what_was_taken_in_is_kept_for_a_while_and_its_number_never_given_again(buffer: Buffer) -> None:
    for number in (1, 2):
        buffer.add(sold(number))
    buffer.note(2)
    assert buffer.forget(timedelta(days=1)) == 0
    assert buffer.add(sold(1)).is_new is False
    assert buffer.forget(timedelta(days=-1)) == 2
    assert buffer.add(sold(3)).number == 3
    assert (buffer.depth().last, buffer.depth().taken, buffer.depth().waiting) == (3, 2, 1)


def test_the_other_side_may_fall_back(buffer: Buffer) -> None:
    for number in range(1, 5):
        buffer.add(sold(number))
    buffer.note(4)
    assert buffer.depth().waits_since is None
    buffer.note(1)
    assert numbers(buffer) == [2, 3, 4]
    assert buffer.depth().waits_since is not None
    assert buffer.forget(timedelta(days=-1)) == 1


def test_what_waits_goes_on_in_a_new_sequence_and_repeats_are_still_known(buffer: Buffer) -> None:
    for number in range(1, 6):
        buffer.add(sold(number))
    buffer.note(3)
    former = buffer.edge
    assert buffer.renew() == 2
    assert buffer.edge != former
    assert [(one["number"], one["adjustment_id"]) for one in buffer.waiting(100)] == [(1, "T-4"), (2, "T-5")]
    assert buffer.add(sold(2)).is_new is False
    assert buffer.add(sold(6)).number == 3


def test_an_answer_beyond_the_sequence_is_not_believed(buffer: Buffer) -> None:
    buffer.add(sold(1))
    buffer.note(7)
    assert buffer.depth().taken == 1


def test_a_folder_is_of_one_process_and_one_store(tmp_path: Path) -> None:
    first = Buffer(tmp_path, SITE)
    with pytest.raises(Occupied, match="another edge"):
        Buffer(tmp_path, SITE)
    first.add(sold(1))
    first.close()
    with pytest.raises(Occupied, match="belongs to STORE-12"):
        Buffer(tmp_path, "STORE-13")


def test_a_folder_that_is_opened_again_goes_on(tmp_path: Path) -> None:
    first = Buffer(tmp_path, SITE)
    first.add(sold(1))
    edge = first.edge
    first.close()
    again = Buffer(tmp_path, SITE)
    assert (again.edge, again.add(sold(2)).number, numbers(again)) == (edge, 2, [1, 2])
    again.close()
