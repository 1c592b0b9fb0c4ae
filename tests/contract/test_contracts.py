"""Every consumer's contract holds against the schema and the golden example of every producer's event."""

from pathlib import Path

import pytest

from canonical.contracts import Contract, InvalidContract, parse, violations

from crossdock_cli.registry import Tree, models

TREE = Tree(Path(__file__).resolve().parents[2])
SCHEMAS, EXAMPLES = models(), TREE.examples()
RELEASED = "order.released.v1"


@pytest.mark.parametrize("contract", TREE.contracts(), ids=lambda contract: contract.service)
def test_every_field_is_there_as_its_consumer_needs_it(contract: Contract) -> None:
    assert list(violations(contract, SCHEMAS, EXAMPLES)) == []


@pytest.mark.parametrize(
    ("event", "field", "kind", "what"),
    [
        (RELEASED, "gift_wrap", "boolean", "there is no such field"),
        (RELEASED, "lines[*].quantity", "string", "it may be integer, string is needed"),
        (RELEASED, "ship_to.region", "string", "it may be missing, string is needed"),
        (RELEASED, "promised_at", "integer", "it may be date-time, integer is needed"),
        ("order.vanished.v1", "order_id", "string", "there is no such event"),
    ],
)
def test_a_need_that_is_not_met_is_named(event: str, field: str, kind: str, what: str) -> None:
    contract = Contract(service="yard", reads={event: {field: kind}})
    assert what in [one.what for one in violations(contract, SCHEMAS, EXAMPLES)]


def test_an_example_that_shows_something_else_is_named() -> None:
    contract = Contract(service="yard", reads={RELEASED: {"order_id": "string", "lines[*].quantity": "number"}})
    example = {**EXAMPLES[RELEASED], "order_id": 17}
    found = [one.what for one in violations(contract, SCHEMAS, {**EXAMPLES, RELEASED: example})]
    assert found == ["the example shows 17, string is needed"]


@pytest.mark.parametrize("text", ["service: yard", "service: yard\nreads: {a.b.v1: {x: text}}", ": :"])
def test_a_text_that_is_no_contract_is_refused(text: str) -> None:
    with pytest.raises(InvalidContract):
        parse(text)
