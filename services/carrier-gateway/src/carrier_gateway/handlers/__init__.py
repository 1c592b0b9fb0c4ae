"""What happens to shipments at carriers: each function takes a fact and returns the facts and calls that follow."""

from carrier_gateway.handlers.bookings import (
    book_shipment,
    keep_label,
    make_booking,
    make_cancel,
    note_booking,
    note_booking_failure,
    note_cancel,
    note_cancel_failure,
    stop_shipments,
)
from carrier_gateway.handlers.manifests import (
    close_out,
    make_close_out,
    note_close_out,
    note_close_out_failure,
)
from carrier_gateway.handlers.milestones import (
    call_back,
    keep_message,
    note_asked,
    note_messages,
    note_messages_again,
    note_report,
)

__all__ = [
    "book_shipment",
    "call_back",
    "close_out",
    "keep_label",
    "keep_message",
    "make_booking",
    "make_cancel",
    "make_close_out",
    "note_asked",
    "note_booking",
    "note_booking_failure",
    "note_cancel",
    "note_cancel_failure",
    "note_close_out",
    "note_close_out_failure",
    "note_messages",
    "note_messages_again",
    "note_report",
    "stop_shipments",
]
