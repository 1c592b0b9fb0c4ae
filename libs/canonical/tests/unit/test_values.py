"""Identifiers and values take what is right and refuse the rest, naming the field."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from canonical import EVENTS, ids
from canonical.orders import OrderReleased
from canonical.values import Address, Contact, LineQuantity, Money, OrderLine, Parcel

import schemas

ID_TYPES = [
    ids.OrderId,
    ids.ShipmentId,
    ids.WarehouseOrderId,
    ids.AllocationId,
    ids.ReturnId,
    ids.CaseId,
    ids.NotificationId,
    ids.CustomerId,
    ids.Sku,
    ids.TrackingNumber,
]


def refused_fields(model: type[BaseModel], **changed: Any) -> list[tuple[int | str, ...]]:
    """Return which fields of a sample a model refuses once some were changed."""
    with pytest.raises(ValidationError) as refused:
        model.model_validate(schemas.filled(model) | changed)
    return [error["loc"] for error in refused.value.errors()]


@pytest.mark.parametrize("kind", ID_TYPES)
@pytest.mark.parametrize("text", ["", " ", "SO 1", "SO-1\n", "\tSO-1", "SO\x00-1", "x" * 65, None, 7, ["SO-1"]])
def test_an_id_that_is_none_is_refused(kind: Any, text: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(text)


@given(st.sampled_from(ID_TYPES), st.from_regex(r"[^\s\x00-\x1f]{1,64}", fullmatch=True))
def test_an_id_is_kept_as_it_is(kind: Any, text: str) -> None:
    assert TypeAdapter(kind).validate_python(text) == text


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        (ids.SiteCode, ["DC-BER", "1", "A" * 16], ["", "dc-ber", "-A", "A" * 17, "DC.BER", "DC-BER\n", "*", ">"]),
        (ids.CarrierCode, ["swiftparcel", "dhl-2"], ["", "Swift", "-a", "a" * 33, "a.b", "a\n"]),
        (
            ids.Sscc,
            ["340123450000000017"],
            ["", "34012345000000001", "3401234500000000177", "34012345000000001x", "٣" * 18],
        ),
    ],
)
def test_a_code_has_its_form(kind: Any, right: list[str], wrong: list[str]) -> None:
    adapter = TypeAdapter(kind)
    assert [adapter.validate_python(text) for text in right] == right
    for text in wrong:
        with pytest.raises(ValidationError):
            adapter.validate_python(text)


@pytest.mark.parametrize("quantity", [0, -1, 100_001, 1.5, "many", None, 10**400, float("inf"), float("nan")])
def test_a_quantity_out_of_range_is_refused_by_name(quantity: object) -> None:
    assert refused_fields(LineQuantity, quantity=quantity) == [("quantity",)]


@given(st.integers())
def test_a_quantity_is_between_one_and_a_hundred_thousand(quantity: int) -> None:
    line = schemas.filled(LineQuantity) | {"quantity": quantity}
    if 1 <= quantity <= 100_000:
        assert LineQuantity.model_validate(line).quantity == quantity
    else:
        assert refused_fields(LineQuantity, quantity=quantity) == [("quantity",)]


@pytest.mark.parametrize(
    "email",
    ["", "ada", "ada@", "@example.com", "a b@example.com", "ada@example.com\n", "ada@x\nBcc: all@example.com", "a@b@c"],
)
def test_an_e_mail_address_that_is_none_is_refused_by_name(email: str) -> None:
    assert refused_fields(Contact, email=email) == [("email",)]


def test_an_endless_e_mail_address_is_refused_by_name() -> None:
    assert refused_fields(Contact, email="a" * 1_000_000 + "@example.com") == [("email",)]


@pytest.mark.parametrize(
    "amount", ["NaN", "Infinity", "-Infinity", "1E+1000000", "1e-400", "0.00001", "123456789012345", "", "ten", True]
)
def test_an_amount_that_is_none_is_refused_by_name(amount: object) -> None:
    assert refused_fields(Money, amount=amount) == [("amount",)]


@given(st.decimals(min_value=-9_999_999_999, max_value=9_999_999_999, places=4))
def test_an_amount_is_exact(amount: Decimal) -> None:
    money = Money(amount=amount, currency="EUR")
    assert Money.model_validate_json(money.model_dump_json()).amount == amount


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "E1R", "EUR\n"])
def test_a_currency_that_is_none_is_refused_by_name(currency: str) -> None:
    assert refused_fields(Money, currency=currency) == [("currency",)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "   "),
        ("street", "x" * 201),
        ("city", None),
        ("postal_code", ""),
        ("postal_code", "1" * 17),
        ("country", "de"),
        ("country", "DEU"),
    ],
)
def test_an_address_that_is_none_is_refused_by_name(field: str, value: object) -> None:
    assert refused_fields(Address, **{field: value}) == [(field,)]


@pytest.mark.parametrize("field", ["weight_grams", "length_mm", "width_mm", "height_mm"])
@pytest.mark.parametrize("size", [0, -1])
def test_a_parcel_has_weight_and_size(field: str, size: int) -> None:
    assert refused_fields(Parcel, **{field: size}) == [(field,)]


@pytest.mark.parametrize("count", [0, 501])
def test_an_order_has_one_to_five_hundred_lines(count: int) -> None:
    assert refused_fields(OrderReleased, lines=[schemas.filled(OrderLine)] * count) == [("lines",)]


def test_a_wrong_value_deep_inside_is_refused_by_its_path() -> None:
    lines = [schemas.filled(OrderLine), schemas.filled(OrderLine) | {"quantity": -3}]
    assert refused_fields(OrderReleased, lines=lines) == [("lines", 1, "quantity")]


@pytest.mark.parametrize("event_type", sorted(EVENTS))
def test_a_time_without_offset_is_refused_in_every_event(event_type: str) -> None:
    event = EVENTS[event_type]
    with pytest.raises(ValidationError) as refused:
        event.model_validate(schemas.example(event).model_dump() | {"occurred_at": "2026-03-02T12:00:00"})
    assert [error["loc"] for error in refused.value.errors()] == [("occurred_at",)]
