"""The ERP's shapes to ours and back; pure."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from canonical.orders import OrderCancelled, OrderChanged, OrderReleased, ReturnRequested
from canonical.values import Address, Contact, LineQuantity, Money, OrderLine
from chassis import Permanent

from order_release.connectors.erp.wire import Change, ReturnOrder, SalesOrder, ShipTo, StatusUpdate
from order_release.domain import Order
from order_release.ports import WriteStatus


def released(order: SalesOrder, at: datetime) -> OrderReleased:
    """Return the release of a sales order."""
    currency = order.TransactionCurrency
    return OrderReleased(
        occurred_at=at,
        order_id=order.SalesOrder,
        customer_id=order.SoldToParty,
        ship_to=address(order.ShipTo),
        contact=Contact(email=order.ShipTo.Email, phone=order.ShipTo.Phone, language=order.ShipTo.Language),
        lines=tuple(
            OrderLine(
                line_number=item.Item,
                sku=item.Material,
                quantity=item.Quantity,
                unit_price=Money(amount=item.NetPrice, currency=currency),
                unit_weight_grams=item.WeightGrams,
            )
            for item in order.Items
        ),
        service_level="express" if order.ShippingCondition == "EXPRESS" else "standard",
        promised_at=order.RequestedDeliveryDate,
        total=Money(amount=sum((i.NetPrice * i.Quantity for i in order.Items), start=Decimal(0)), currency=currency),
    )


def address(party: ShipTo) -> Address:
    """Return a ship-to party's address."""
    return Address(
        name=party.Name,
        street=party.Street,
        city=party.City,
        postal_code=party.PostalCode,
        country=party.Country,
    )


def cancelled(change: Change) -> OrderCancelled:
    """Return the cancellation of a sales order."""
    return OrderCancelled(
        occurred_at=change.ChangedAt,
        order_id=change.SalesOrder.SalesOrder,
        reason=change.Reason or "cancelled in the ERP",
        requested_by="erp",
    )


def changed(change: Change) -> OrderChanged:
    """Return the new address and date of a sales order; lines cannot be changed."""
    return OrderChanged(
        occurred_at=change.ChangedAt,
        order_id=change.SalesOrder.SalesOrder,
        ship_to=address(change.SalesOrder.ShipTo),
        promised_at=change.SalesOrder.RequestedDeliveryDate,
        reason=change.Reason or "changed in the ERP",
    )


def return_requested(change: Change) -> ReturnRequested:
    """Return the return of a sales order.

    Raises:
        Permanent: the row names no return, or a line the order does not have.
    """
    if change.Return is None:
        raise Permanent("a RETURN row without Return", remedy="fix-at-sender")
    skus = {item.Item: item.Material for item in change.SalesOrder.Items}
    return _return(change.SalesOrder.SalesOrder, change.Return, skus, change.ChangedAt, change.Reason or "")


def return_of(order: Order, wish: ReturnOrder, at: datetime) -> ReturnRequested:
    """Return the return of an order we know.

    Raises:
        Permanent: it names a line the order does not have.
    """
    return _return(order.order_id, wish, {line.line_number: line.sku for line in order.lines}, at, "")


def _return(order_id: str, wish: ReturnOrder, skus: Mapping[int, str], at: datetime, reason: str) -> ReturnRequested:
    if unknown := [item.Item for item in wish.Items if item.Item not in skus]:
        raise Permanent(f"Items: the order has no item {unknown[0]}", remedy="fix-at-sender")
    lines = [LineQuantity(line_number=item.Item, sku=skus[item.Item], quantity=item.Quantity) for item in wish.Items]
    return ReturnRequested(
        occurred_at=at, order_id=order_id, return_id=wish.ReturnId, lines=tuple(lines), reason=reason
    )


def status_update(update: WriteStatus) -> StatusUpdate:
    """Return a status in the ERP's words."""
    return StatusUpdate(
        UpdateId=f"{update.order_id}:{update.status}", SalesOrder=update.order_id, Status=update.status, At=update.at
    )
