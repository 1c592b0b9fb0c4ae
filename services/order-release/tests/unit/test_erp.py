"""The ERP's shapes to ours; pages with bad rows; a push of unknown SKUs."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from chassis import Permanent, Temporary

from order_release.api import refuse_unknown
from order_release.connectors.erp import mapping
from order_release.connectors.erp.wire import Change, SalesOrder
from order_release.jobs import last_sequence

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def sales_order(**other: Any) -> dict[str, Any]:
    return {
        "SalesOrder": "SO-1",
        "SoldToParty": "C-1",
        "ShippingCondition": "EXPRESS",
        "RequestedDeliveryDate": "2026-03-04T12:00:00Z",
        "TransactionCurrency": "EUR",
        "ShipTo": {
            "Name": "Ada",
            "Street": "Dock 1",
            "City": "Berlin",
            "PostalCode": "10115",
            "Country": "DE",
            "Email": "ada@example.test",
        },
        "Items": [{"Item": 10, "Material": "A", "Quantity": 2, "NetPrice": "12.50", "WeightGrams": 450}],
    } | other


def item(**other: Any) -> dict[str, Any]:
    return sales_order()["Items"][0] | other


def test_sales_order_becomes_a_release() -> None:
    event = mapping.released(SalesOrder.model_validate(sales_order()), NOON)
    assert (event.order_id, event.service_level, event.ship_to.city) == ("SO-1", "express", "Berlin")
    assert (str(event.total.amount), event.total.currency) == ("25.00", "EUR")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"Items": [item(Quantity=-1)]}, "Items.0.Quantity"),
        ({"Items": []}, "Items"),
        ({"Items": [item(), item()]}, "Items"),
        ({"ShipTo": None}, "ShipTo"),
        ({"TransactionCurrency": "euro"}, "TransactionCurrency"),
    ],
)
def test_wrong_order_is_refused_naming_the_field(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        SalesOrder.model_validate(sales_order(**wrong))
    assert field in [".".join(map(str, error["loc"])) for error in refused.value.errors()]


def test_return_of_an_item_the_order_does_not_have_is_refused() -> None:
    row = {
        "ChangeSequence": 1,
        "ChangeType": "RETURN",
        "ChangedAt": NOON,
        "SalesOrder": sales_order(),
        "Return": {"ReturnId": "R-1", "Items": [{"Item": 99, "Quantity": 1}]},
    }
    with pytest.raises(Permanent, match="no item 99"):
        mapping.return_requested(Change.model_validate(row))


def test_page_reaches_as_far_as_its_last_usable_number() -> None:
    assert last_sequence([{"ChangeSequence": 4}, {"ChangeSequence": 5}, {}, {"ChangeSequence": "x"}]) == 5


def test_page_without_numbers_is_not_read_over() -> None:
    with pytest.raises(Temporary):
        last_sequence([{}])


class FakeItems:
    """Items kept in memory; without a list their owner is away."""

    def __init__(self, known: set[str] | None) -> None:
        self.known = known

    async def unknown(self, skus: Collection[str]) -> set[str]:
        if self.known is None:
            raise Temporary("inventory-sync does not answer")
        return set(skus) - self.known


TWO_ITEMS = SalesOrder.model_validate(sales_order(Items=[item(), item(Item=20, Material="B")]))


async def test_the_item_at_fault_is_named() -> None:
    with pytest.raises(RequestValidationError) as refused:
        await refuse_unknown(TWO_ITEMS, FakeItems({"A"}))
    assert [error["loc"] for error in refused.value.errors()] == [("body", "Items", 1, "Material")]


@pytest.mark.parametrize("items", [FakeItems({"A", "B"}), FakeItems(None)])
async def test_known_or_unanswered_is_taken(items: FakeItems) -> None:
    await refuse_unknown(TWO_ITEMS, items)
