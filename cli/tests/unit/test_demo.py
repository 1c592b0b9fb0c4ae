"""The verdict over a run."""

from typing import Any

import pytest

from crossdock_cli.demo import Outcome, Run, is_clean
from crossdock_cli.failures import CliError, Exit
from crossdock_cli.world import Wish, World, check_scenario

CLEAN = {"delivered": 8, "expected": 8, "lost": 0, "duplicate_effects": 0, "ghost_effects": 0}


class FakeWorld(World):
    """A world with fixed counts."""

    counts: dict[str, Any] = {}  # noqa: RUF012  one test, one world

    def progress(self) -> dict[str, Any]:
        return self.counts

    def report(self) -> dict[str, Any]:
        return {**self.counts, "lost": 0, "duplicate_effects": 0, "ghost_effects": 0}


def test_clean_report_exits_with_zero() -> None:
    assert Outcome(CLEAN, is_complete=True).code is Exit.DONE


@pytest.mark.parametrize("wrong", ["lost", "duplicate_effects", "ghost_effects"])
def test_any_wrong_effect_is_not_clean(wrong: str) -> None:
    assert Outcome({**CLEAN, wrong: 1}, is_complete=True).code is Exit.UNCLEAN


def test_missing_delivery_is_not_clean() -> None:
    assert not is_clean({**CLEAN, "delivered": 7})


def test_run_that_did_not_finish_is_a_timeout_even_if_nothing_is_wrong() -> None:
    assert Outcome(CLEAN, is_complete=False).code is Exit.TIMEOUT


def test_run_counts_only_its_own_orders() -> None:
    world = FakeWorld("http://x")
    world.counts.update(released=30, delivered=26, cancelled=4, ended=30, shipped=26, picked=26)
    before = {"released": 20, "delivered": 18, "cancelled": 2, "ended": 20, "shipped": 18, "picked": 18}
    report = Run(world, Wish(orders=10), before).report()
    assert (report["orders"], report["delivered"], report["cancelled"], report["expected"]) == (10, 8, 2, 8)
    assert is_clean(report)


def test_misspelt_scenario_gets_a_hint() -> None:
    with pytest.raises(CliError, match="did you mean happy-path") as caught:
        check_scenario("hapy-path")
    assert caught.value.code is Exit.USAGE
