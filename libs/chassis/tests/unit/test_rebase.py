"""Which durables go back, and how far."""

from chassis.rebase import Move, Position, plan


def at(delivered: int, last: int, acknowledged: int = 0) -> Position:
    return Position("ORDER", "d", delivered, acknowledged or delivered, last)


def test_a_durable_before_the_reused_sequences_stays() -> None:
    assert plan([at(99, last=150)], {"ORDER": 100}) == []


def test_a_durable_past_the_reused_sequences_goes_back_to_the_first() -> None:
    assert plan([at(120, last=150)], {"ORDER": 100}) == [Move("ORDER", "d", 120, 100)]


def test_one_that_acknowledged_further_than_it_delivered_goes_back_too() -> None:
    assert plan([at(90, last=150, acknowledged=130)], {"ORDER": 100}) == [Move("ORDER", "d", 90, 100)]


def test_a_deaf_durable_of_a_stream_that_lost_nothing_known_hears_all_of_it_again() -> None:
    assert plan([at(200, last=150)], {}) == [Move("ORDER", "d", 200, 1)]


def test_where_nothing_is_wrong_nothing_moves() -> None:
    assert plan([at(150, last=150)], {"WAREHOUSE": 3}) == []
