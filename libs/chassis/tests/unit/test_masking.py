"""What of a letter's body anybody may see."""

import orjson

from chassis.failures.masking import hidden


def test_event_is_hidden_by_its_schema() -> None:
    body = orjson.dumps(
        {"id": "E-1", "data": {"order_id": "SO-1", "ship_to": {"name": "Ada", "country": "DE"}}}
    ).decode()
    shown = orjson.loads(hidden(body, "order.released.v1"))
    assert shown == {"id": "E-1", "data": {"order_id": "SO-1", "ship_to": {"name": "•••", "country": "DE"}}}


def test_outside_message_is_hidden_by_the_names_of_its_fields() -> None:
    body = '{"shipments":[{"number":"T-1","signedBy":"Ada","recipient_phone":"+49 1","address":{"zip":"1"}}]}'
    (shown,) = orjson.loads(hidden(body, None))["shipments"]
    assert shown == {"number": "T-1", "signedBy": "•••", "recipient_phone": "•••", "address": "•••"}


def test_what_is_no_json_is_hidden_whole_and_what_is_harmless_stays() -> None:
    assert "Ada" not in hidden("<name>Ada</name>", None)
    assert hidden('{"sku": "A"}', None) == '{"sku": "A"}'
