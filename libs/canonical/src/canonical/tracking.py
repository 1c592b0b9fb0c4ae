"""Links to a shipment's public tracking page: signed, so that nobody can guess one, and valid until a day.

A token is base64url of: version (1 byte), identity of the key (4), seconds since 1970 at which it ends (5), the
shipment's number, HMAC-SHA256 of all that (32). Who signs and who reads share a file of keys, one a line: the first
signs, every one of them reads, so that keys are changed without breaking links that were sent.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import UTC, datetime

VERSION = b"\x01"
KEY_BYTES, END_BYTES, DIGEST_BYTES = 4, 5, 32
HEAD_BYTES = len(VERSION) + KEY_BYTES + END_BYTES
LEAST_KEY = 24
"""A key of fewer bytes could be guessed."""
LONGEST = 256
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
_CONTEXT = b"crossdock tracking link\n"
"""What is signed begins with this, so that a key used for anything else by mistake signs no links."""


class InvalidToken(Exception):
    """A token is not one of ours, or has ended; it is not said which."""


def keys_of(text: str) -> tuple[bytes, ...]:
    """Return the keys of a file's text, one a line, the signing one first.

    Raises:
        ValueError: there is none, or one is too short to be safe.
    """
    keys = tuple(line.strip().encode() for line in text.splitlines() if line.strip())
    if not keys:
        raise ValueError("the file of tracking keys is empty")
    if any(len(key) < LEAST_KEY for key in keys):
        raise ValueError(f"a tracking key has fewer than {LEAST_KEY} characters")
    return keys


def sign(shipment_id: str, ends_at: datetime, keys: Sequence[bytes]) -> str:
    """Return the token of a shipment's page, signed with the first key."""
    key = keys[0]
    ends = int(ends_at.timestamp()).to_bytes(END_BYTES, "big")
    body = VERSION + _identity(key) + ends + shipment_id.encode()
    return base64.urlsafe_b64encode(body + _digest(body, key)).rstrip(b"=").decode()


def read(token: str, now: datetime, keys: Sequence[bytes]) -> str:
    """Return the shipment a token is for.

    Raises:
        InvalidToken: none of the keys signed it, or it has ended.
    """
    raw = _decoded(token)
    body, digest = raw[:-DIGEST_BYTES], raw[-DIGEST_BYTES:]
    key = next((key for key in keys if _identity(key) == body[len(VERSION) : len(VERSION) + KEY_BYTES]), keys[0])
    is_ours = hmac.compare_digest(_digest(body, key), digest)
    ends = int.from_bytes(body[HEAD_BYTES - END_BYTES : HEAD_BYTES], "big")
    if not is_ours or body[:1] != VERSION or now.astimezone(UTC).timestamp() >= ends:
        raise InvalidToken
    return body[HEAD_BYTES:].decode()


def _decoded(token: str) -> bytes:
    if not _BASE64URL.fullmatch(token) or len(token) > LONGEST:
        raise InvalidToken
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError) as error:
        raise InvalidToken from error
    # Bits that stand for nothing may not differ: one link has one spelling.
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != token or len(raw) <= HEAD_BYTES + DIGEST_BYTES:
        raise InvalidToken
    return raw


def _identity(key: bytes) -> bytes:
    return hashlib.sha256(_CONTEXT + key).digest()[:KEY_BYTES]


def _digest(body: bytes, key: bytes) -> bytes:
    return hmac.digest(key, _CONTEXT + body, hashlib.sha256)
