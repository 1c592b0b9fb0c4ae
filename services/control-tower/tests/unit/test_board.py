"""Figures of time limits, counted and put together."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_tower.domain.board import PERCENTILES, STEPS, board, figures_of, percentiles
from control_tower.domain.limits import limits

PICK = "warehouse.warehouse-order-accepted.v1"


def test_the_board_puts_figures_together_by_flow_and_domain() -> None:
    lately = {"met": 9, "in_time": 8, "missed": 1, "seconds": [1.0, 2.0, 3.0]}
    figures = {
        ("order-to-ship", PICK): {"awaited": 10, "at_risk": 2, "breached": 3, "held": 1, "day": lately, "week": lately},
        ("order-to-ship", "warehouse.pick-completed.v1"): {"awaited": 4, "day": {"missed": 10}},
    }
    found = next(
        group
        for group in board(limits(), figures)
        if (group.flow, group.process_domain) == ("order-to-ship", "warehouse")
    )
    assert (found.open, found.at_risk, found.breached, found.held) == (8, 2, 3, 1)
    assert found.day.met_share == pytest.approx(0.4)
    assert found.week.met_share == pytest.approx(0.8)
    line = next(line for line in found.limits if line.after == PICK)
    assert (line.responsible, line.calendar, line.day.seconds_p90) == ("warehouse-adapter", "warehouse", 2.0)


def test_without_any_limit_met_there_is_no_share() -> None:
    assert {group.day.met_share for group in board(limits(), {})} == {None}


def test_counts_become_figures_of_the_day_and_the_week() -> None:
    limit = {"flow": "order-to-ship", "after": PICK}
    now = [limit | {"awaited": 2, "at_risk": 1, "breached": 0, "held": 0}]
    met = [
        limit | {"today": True, "step": 0, "met": 98, "in_time": 98},
        limit | {"today": True, "step": 46, "met": 2, "in_time": 0},
        limit | {"today": False, "step": 92, "met": 100, "in_time": 50},
    ]
    found = figures_of(now, met, [limit | {"today": False, "missed": 5}])["order-to-ship", PICK]
    assert (found["awaited"], found["at_risk"]) == (2, 1)
    assert {name: found["day"][name] for name in ("met", "in_time", "missed")} == {
        "met": 100,
        "in_time": 98,
        "missed": 0,
    }
    assert {name: found["week"][name] for name in ("met", "in_time", "missed")} == {
        "met": 200,
        "in_time": 148,
        "missed": 5,
    }
    assert found["day"]["seconds"] == pytest.approx([1, 1, 10], rel=0.03)
    assert found["week"]["seconds"] == pytest.approx([10, 100, 100], rel=0.03)


@given(st.lists(st.floats(0.001, 1e6), min_size=1))
def test_percentiles_are_right_to_a_step(seconds: list[float]) -> None:
    counted = Counter(math.floor(math.log(one) * STEPS) for one in seconds)
    ranked = sorted(seconds)
    exact = [ranked[math.ceil(share * len(ranked)) - 1] for share in PERCENTILES]
    assert percentiles(counted) == pytest.approx(exact, rel=0.05, abs=0.001)
