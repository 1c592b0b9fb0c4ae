"""What a sender gets wrong is answered with a problem that names it; nothing half-done, nothing lost."""

from typing import Any

import httpx
import pytest

from crossdock_cli.mesh import Mesh

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


def order(number: str, **changed: Any) -> dict[str, Any]:
    """Return a sales order as the ERP pushes it."""
    item = {"Item": 10, "Material": "GHOST-1", "Quantity": 1, "NetPrice": "5.00", "WeightGrams": 100}
    address = {"Name": "Ada Berg", "Street": "Weg 1", "City": "Berlin", "PostalCode": "10115", "Country": "DE"}
    return {
        "SalesOrder": number,
        "SoldToParty": "C-0001",
        "ShippingCondition": "STANDARD",
        "RequestedDeliveryDate": "2030-01-01T12:00:00Z",
        "TransactionCurrency": "EUR",
        "ShipTo": {**address, "Email": "ada@example.com"},
        "Items": [{**item, **changed.pop("item", {})}],
        **changed,
    }


def push(mesh: Mesh, body: dict[str, Any] | bytes) -> httpx.Response:
    """Push an order."""
    url = f"{mesh.url('order-release')}/orders"
    if isinstance(body, bytes):
        return httpx.post(url, content=body, headers={"content-type": "application/json"})
    return httpx.post(url, json=body)


def refused(mesh: Mesh, answer: httpx.Response, status: int, number: str) -> str:
    """Check that an answer is a problem and that nothing of the order was kept; return its text."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert httpx.get(f"{mesh.url('order-release')}/orders/{number}").status_code == 404
    return answer.text


def test_negative_quantity(own_mesh: Mesh) -> None:
    body = order("SO-NEGATIVE", item={"Quantity": -1})
    said = refused(own_mesh, push(own_mesh, body), 422, "SO-NEGATIVE")
    assert "Quantity" in said


def test_missing_address(own_mesh: Mesh) -> None:
    body = order("SO-NOWHERE")
    del body["ShipTo"]
    assert "ShipTo" in refused(own_mesh, push(own_mesh, body), 422, "SO-NOWHERE")


def test_ten_megabytes(own_mesh: Mesh) -> None:
    body = b'{"SalesOrder": "SO-HUGE", "Items": [' + b"1," * 5_000_000 + b"1]}"
    refused(own_mesh, push(own_mesh, body), 413, "SO-HUGE")


def test_no_json(own_mesh: Mesh) -> None:
    refused(own_mesh, push(own_mesh, b"\xff\xfe{"), 400, "SO-NOTHING")


def test_unknown_sku(own_mesh: Mesh) -> None:
    said = refused(own_mesh, push(own_mesh, order("SO-GHOST")), 422, "SO-GHOST")
    assert "Items.0.Material: SKU GHOST-1 is not known" in said


def test_the_same_order_twice_is_one_order(own_mesh: Mesh) -> None:
    counted = {"adjustment_id": "COUNT-1", "sku": "KNOWN-1", "site": "DC-BER", "delta": 5, "reason": "opening"}
    assert httpx.post(f"{own_mesh.url('inventory-sync')}/adjustments", json=counted).status_code == 202
    body = order("SO-TWICE", item={"Material": "KNOWN-1"})
    first, second = push(own_mesh, body), push(own_mesh, body)
    assert (first.json()["duplicate"], second.json()["duplicate"]) == (False, True)
