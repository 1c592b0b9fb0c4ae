"""Which site serves what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_sync.domain import Oversold, Shelf, plan

from ..facts import qty

SKUS, SITES = ["A", "B"], ["DC-BER", "DC-LYO"]


def test_one_site_that_has_everything_serves_alone() -> None:
    shelves = [Shelf("A", "DC-BER", 50), Shelf("A", "DC-LYO", 2), Shelf("B", "DC-LYO", 1)]
    assert plan([qty(1, "A", 2), qty(2, "B", 1)], shelves).portions == (("DC-LYO", (qty(1, "A", 2), qty(2, "B", 1))),)


def test_order_is_split_only_when_no_site_has_everything() -> None:
    shelves = [Shelf("A", "DC-BER", 3), Shelf("A", "DC-LYO", 2)]
    planned = plan([qty(1, "A", 6)], shelves)
    assert planned.portions == (("DC-BER", (qty(1, "A", 3),)), ("DC-LYO", (qty(1, "A", 2),)))
    assert planned.missing == (qty(1, "A", 1),)


def test_two_lines_of_one_sku_share_its_stock() -> None:
    planned = plan([qty(1, "A", 2), qty(2, "A", 2)], [Shelf("A", "DC-BER", 3)])
    assert planned.portions == (("DC-BER", (qty(1, "A", 2), qty(2, "A", 1))),)
    assert planned.missing == (qty(2, "A", 1),)


def test_barred_site_is_left_out() -> None:
    assert plan([qty(1, "A", 1)], [Shelf("A", "DC-BER", 9)], [(1, "DC-BER")]).portions == ()


def test_shelf_refuses_to_be_oversold() -> None:
    with pytest.raises(Oversold):
        Shelf("A", "DC-BER", on_hand=2, allocated=1).reserve(2)


@given(
    wanted=st.lists(st.tuples(st.sampled_from(SKUS), st.integers(1, 20)), min_size=1, max_size=6),
    stock=st.dictionaries(st.tuples(st.sampled_from(SKUS), st.sampled_from(SITES)), st.integers(0, 30)),
)
def test_plan_gives_each_piece_once_and_none_that_is_not_there(
    wanted: list[tuple[str, int]], stock: dict[tuple[str, str], int]
) -> None:
    lines = [qty(n, sku, quantity) for n, (sku, quantity) in enumerate(wanted)]
    planned = plan(lines, [Shelf(sku, site, on_hand) for (sku, site), on_hand in stock.items()])
    given_out: dict[tuple[str, str], int] = {}
    for site, portion in planned.portions:
        for line in portion:
            given_out[line.sku, site] = given_out.get((line.sku, site), 0) + line.quantity
    assert all(quantity <= stock[key] for key, quantity in given_out.items())
    for sku in SKUS:
        asked = sum(quantity for name, quantity in wanted if name == sku)
        got = sum(quantity for (name, _), quantity in given_out.items() if name == sku)
        missing = sum(line.quantity for line in planned.missing if line.sku == sku)
        assert got + missing == asked
        assert got == min(asked, sum(on_hand for (name, _), on_hand in stock.items() if name == sku))
