"""What happens to warehouse orders: each function takes a fact and returns the facts and calls that follow."""

from warehouse_adapter.handlers.facts import pass_on, record_fact
from warehouse_adapter.handlers.orders import (
    Resend,
    confirm_creation,
    hold_labels,
    hold_order,
    make_cancel,
    make_create,
    make_labels,
    note_cancel,
    note_cancel_failure,
    order_from_warehouse,
    resend_order,
    send_again,
    send_labels,
    stop_order,
)

__all__ = [
    "Resend",
    "confirm_creation",
    "hold_labels",
    "hold_order",
    "make_cancel",
    "make_create",
    "make_labels",
    "note_cancel",
    "note_cancel_failure",
    "order_from_warehouse",
    "pass_on",
    "record_fact",
    "resend_order",
    "send_again",
    "send_labels",
    "stop_order",
]
