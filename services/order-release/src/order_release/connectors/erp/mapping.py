"""The ERP's shapes to ours and back; pure."""

from datetime import datetime

from canonical.orders import OrderCancelled, OrderReleased, ReturnRequested
from canonical.values import Address, Contact, LineQuantity, Money, OrderLine
from chassis import Permanent

from order_release.connectors.erp.wire import Change, SalesOrder, StatusUpdate
from order_release.ports import WriteStatus


def released(order: SalesOrder, at: datetime) -> OrderReleased:
    """Return the release of a sales order."""
    currency = order.TransactionCurrency
    return OrderReleased(
        occurred_at=at,
        order_id=order.SalesOrder,
        customer_id=order.SoldToParty,
        ship_to=Address(
            name=order.ShipTo.Name,
            street=order.ShipTo.Street,
            city=order.ShipTo.City,
            postal_code=order.ShipTo.PostalCode,
            country=order.ShipTo.Country,
        ),
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
        total=Money(amount=sum((item.NetPrice * item.Quantity for item in order.Items), start=0 * order.Items[0].NetPrice), currency=currency),
    )


def cancelled(change: Change) -> OrderCancelled:
    """Return the cancellation of a sales order."""
    return OrderCancelled(
        occurred_at=change.ChangedAt,
        order_id=change.SalesOrder.SalesOrder,
        reason=change.Reason or "cancelled in the ERP",
        requested_by="erp",
    )


def return_requested(change: Change) -> ReturnRequested:
    """Return the return of a sales order.

    Raises:
        Permanent: the row names no return, or a line the order does not have.
    """
    if change.Return is None:
        raise Permanent("a RETURN row without Return", remedy="fix-at-sender")
    skus = {item.Item: item.Material for item in change.SalesOrder.Items}
    try:
        lines = tuple(
            LineQuantity(line_number=item.Item, sku=skus[item.Item], quantity=item.Quantity) for item in change.Return.Items
        )
    except KeyError as error:
        raise Permanent(f"return of an unknown item {error}", remedy="fix-at-sender") from error
    return ReturnRequested(
        occurred_at=change.ChangedAt,
        order_id=change.SalesOrder.SalesOrder,
        return_id=change.Return.ReturnId,
        lines=lines,
        reason=change.Reason or "",
    )


def status_update(update: WriteStatus) -> StatusUpdate:
    """Return a status in the ERP's words."""
    return StatusUpdate(
        UpdateId=f"{update.order_id}:{update.status}", SalesOrder=update.order_id, Status=update.status, At=update.at
    )
