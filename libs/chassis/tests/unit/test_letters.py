"""The letter a failure makes of a message, and which failures are of one kind."""

from dataclasses import replace

import pytest
from pydantic import ValidationError

from chassis import Permanent, Temporary
from chassis.failures import playbooks
from chassis.failures.ceiling import Ceiling
from chassis.failures.fate import BUG_TRIES, Behind
from chassis.failures.letters import Letter, Origin, fingerprint, judged
from chassis.failures.selection import Selection, Wish

ORIGIN = Origin(source="order", id="ORDER:7", stream="ORDER", sequence=7, lane="SO-1", tries=1)
UNKNOWN = Permanent("SKU SKU-1 of order SO-000001 is unknown", remedy="add-item")


def letter(error: Exception, ceiling: Ceiling | None = None) -> Letter:
    return judged("inventory-sync", ORIGIN, b"{}", error, ceiling or Ceiling(run=50))


def test_failures_of_one_kind_have_one_fingerprint_whatever_they_name() -> None:
    other = Permanent("SKU X99 of order SO-000002 is unknown", remedy="add-item")
    assert fingerprint("a", "order", UNKNOWN) == fingerprint("a", "order", other)


@pytest.mark.parametrize(
    ("service", "source", "error"),
    [
        ("b", "order", UNKNOWN),
        ("a", "warehouse", UNKNOWN),
        ("a", "order", Temporary(str(UNKNOWN))),
        ("a", "order", Permanent("site DC1 has no address", remedy="add-site")),
    ],
)
def test_another_service_source_class_or_text_is_another_kind(service: str, source: str, error: Exception) -> None:
    assert fingerprint(service, source, error) != fingerprint("a", "order", UNKNOWN)


def test_a_letter_says_who_is_to_mend_it() -> None:
    assert (letter(UNKNOWN).state, letter(UNKNOWN).remedy) == ("dead", "add-item")
    assert letter(ZeroDivisionError()).remedy == playbooks.BUG
    record = letter(UNKNOWN).record("inventory-sync", 3, "2026-03-02T12:00:00Z")
    assert (record["stream"], record["sequence"], record["tries"], record["owner"]) == ("ORDER", 7, 3, "inventory-sync")


def test_what_is_put_behind_another_has_not_been_tried() -> None:
    behind = letter(Behind())
    assert (behind.state, behind.origin.tries, behind.due_seconds) == ("waiting", 0, 0.0)


def test_while_the_ceiling_is_reached_nothing_dies() -> None:
    ceiling = Ceiling(run=3, probe_seconds=30.0)
    assert [letter(UNKNOWN, ceiling).state for _ in range(4)] == ["dead", "dead", "waiting", "waiting"]
    assert letter(UNKNOWN, ceiling).due_seconds == 30.0


def test_a_bug_counts_at_its_first_try_and_at_its_last() -> None:
    ceiling = Ceiling(run=3)
    for tries in range(1, BUG_TRIES + 1):
        judged("inventory-sync", replace(ORIGIN, tries=tries), b"{}", ZeroDivisionError(), ceiling)
    assert not ceiling.reached
    letter(UNKNOWN, ceiling)
    assert ceiling.reached


def test_what_a_sender_outside_gets_wrong_does_not_count() -> None:
    ceiling = Ceiling(run=3)
    for number in range(10):
        judged("carrier-gateway", Origin(source="webhook", id=str(number)), b"{}", UNKNOWN, ceiling)
    assert not ceiling.reached


def test_what_may_pass_does_not_count_towards_the_ceiling() -> None:
    ceiling = Ceiling(run=3)
    for _ in range(10):
        letter(Temporary("away"), ceiling)
    assert not ceiling.reached


def test_a_selection_binds_what_it_is_given() -> None:
    where, values = Selection(group="f1", correlation_id="'; DROP TABLE letter", ids=(1, 2)).where()
    assert where == "letter.fingerprint = :group AND letter.correlation_id = :correlation_id AND letter.id = ANY(:ids)"
    assert values == {"group": "f1", "correlation_id": "'; DROP TABLE letter", "ids": [1, 2]}
    assert Selection().where() == ("true", {})


@pytest.mark.parametrize(
    "wrong",
    [
        {"action": "discard"},
        {"action": "discard", "reason": "  "},
        {"action": "assign"},
        {"action": "redirect"},
        {"action": "burn"},
        {"action": "retry", "actor": ""},
        {"action": "retry", "selection": {"colour": "red"}},
    ],
)
def test_a_wish_that_is_not_whole_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Wish.model_validate({"selection": {}, "actor": "ada"} | wrong)
