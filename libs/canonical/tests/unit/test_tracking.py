"""A tracking link opens the page of its shipment until its day, and nothing else ever does."""

import base64
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canonical.tracking import InvalidToken, keys_of, read, sign

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ENDS = NOON + timedelta(days=90)
OLD, NEW, STRANGER = (name.encode() * 8 for name in ("old-key-", "new-key-", "stranger"))
SHIPMENT = "SH-SO-261123141913-000002-A1-1"


@given(st.text(st.characters(codec="ascii", min_codepoint=33, max_codepoint=126), min_size=1, max_size=64))
def test_what_was_signed_is_read(shipment: str) -> None:
    assert read(sign(shipment, ENDS, [NEW]), NOON, [NEW, OLD]) == shipment


def test_every_change_of_one_bit_is_refused() -> None:
    token, chance = sign(SHIPMENT, ENDS, [NEW]), random.Random(4)
    refused = 0
    for _ in range(10_000):
        changed = bytearray(token.encode())
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(7)
        with pytest.raises(InvalidToken):
            read(changed.decode("ascii"), NOON, [NEW, OLD])
        refused += 1
    assert refused == 10_000


def test_every_change_of_one_bit_of_what_it_says_is_refused() -> None:
    raw = base64.urlsafe_b64decode(sign(SHIPMENT, ENDS, [NEW]) + "==")
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(InvalidToken):
            read(base64.urlsafe_b64encode(changed).rstrip(b"=").decode(), NOON, [NEW, OLD])


@pytest.mark.parametrize(
    "text", ["", "=", "a", "AAAA", "A" * 300, "🙂", "../../etc", "AA==", " " + "A" * 80, "A" * 80 + "\n"]
)
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(InvalidToken):
        read(text, NOON, [NEW])


def test_it_ends_to_the_second() -> None:
    token = sign(SHIPMENT, ENDS, [NEW])
    assert read(token, ENDS - timedelta(seconds=1), [NEW]) == SHIPMENT
    with pytest.raises(InvalidToken):
        read(token, ENDS, [NEW])


def test_links_outlive_a_change_of_keys_until_the_old_key_is_taken_away() -> None:
    sent = sign(SHIPMENT, ENDS, [OLD])
    assert read(sent, NOON, [NEW, OLD]) == SHIPMENT
    with pytest.raises(InvalidToken):
        read(sent, NOON, [NEW])


def test_a_stranger_signs_nothing() -> None:
    with pytest.raises(InvalidToken):
        read(sign(SHIPMENT, ENDS, [STRANGER]), NOON, [NEW, OLD])


def test_keys_stand_one_a_line() -> None:
    assert keys_of(f"{NEW.decode()}\n\n  {OLD.decode()}\r\n") == (NEW, OLD)


@pytest.mark.parametrize("text", ["", "\n \n", "short"])
def test_a_file_without_safe_keys_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="key"):
        keys_of(text)
