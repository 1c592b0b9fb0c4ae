"""A subject is built from type, site and key, and no key breaks out of its token."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canonical import EVENTS, publish_subject
from canonical.subjects import domain_of, escape, type_filter, unescape

import schemas


@given(st.text(max_size=80))
def test_any_key_is_one_subject_token_and_comes_back(key: str) -> None:
    token = escape(key)
    assert re.fullmatch(r"[A-Za-z0-9_=-]+", token)
    assert unescape(token) == key


@given(st.text(), st.text())
def test_two_keys_never_share_a_token(one: str, other: str) -> None:
    assert (escape(one) == escape(other)) == (one == other)


@pytest.mark.parametrize(
    ("key", "token"),
    [
        ("SO-1001", "SO-1001"),
        ("", "="),
        ("=", "=3D"),
        (">", "=3E"),
        ("*", "=2A"),
        ("a.b c", "a=2Eb=20c"),
        ("ä", "=C3=A4"),
        ("\r\n", "=0D=0A"),
    ],
)
def test_what_a_subject_cannot_hold_is_escaped(key: str, token: str) -> None:
    assert escape(key) == token
    assert unescape(token) == key


@pytest.mark.parametrize("event_type", sorted(EVENTS))
def test_an_event_is_published_by_type_site_and_key(event_type: str) -> None:
    event = schemas.example(EVENTS[event_type])
    root, region, *kind, site, key = publish_subject(event, "eu").split(".")
    assert (root, region, ".".join(kind)) == ("cx", "eu", event_type)
    assert unescape(site) == event.site_code
    assert unescape(key) == event.key


def test_a_hostile_key_stays_in_its_token() -> None:
    event = schemas.example(EVENTS["order.cancelled.v1"]).model_copy(update={"order_id": "SO-1.>/2"})
    assert publish_subject(event, "eu") == "cx.eu.order.cancelled.v1._.SO-1=2E=3E=2F2"


def test_a_consumer_asks_for_one_type_in_one_partition() -> None:
    assert type_filter("order.released.v1", "eu", 3) == "cx.eu.order.released.v1.*.3"
    assert domain_of("order.released.v1") == "order"
