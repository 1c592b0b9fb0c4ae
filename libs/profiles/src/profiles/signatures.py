"""Whether a carrier sent a message: constant-time, over the bytes as they came, by any live secret."""

import base64
import binascii
import hashlib
import hmac
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from profiles.auth import Auth, Secret
from profiles.decode import Undecodable, decode
from profiles.profile import Decode
from profiles.times import MILLISECONDS

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

Secrets = Callable[[Secret], Sequence[bytes]]
"""Reads the live values a secret's file holds; raises OSError when it cannot."""
RAW = Decode()


class Message:
    """A message as it came."""

    def __init__(self, body: bytes, headers: Mapping[str, str], query: Mapping[str, str] | None = None) -> None:
        self.body = body
        self.headers = headers
        self.query = query or {}


def is_genuine(ways: Sequence[Auth], message: Message, *, secrets: Secrets, now: datetime) -> bool:
    """Say whether any of the carrier's ways proves the message.

    Raises:
        OSError: a secret cannot be read, so nothing can be said.
    """
    return any(_proves(way, message, secrets, now) for way in ways)


def _proves(way: Auth, message: Message, secrets: Secrets, now: datetime) -> bool:
    live = [value for secret in way.secrets if secret.counts(now) for value in secrets(secret)]
    match way.scheme:
        case "hmac" | "rsa":
            return _is_signed(way, message, live, now)
        case "header":
            return _is_one_of(message.headers.get(way.header or "", ""), live)
        case "token":
            return _is_one_of(message.query.get(way.header or "", ""), live)
        case "bearer":
            scheme, _, token = message.headers.get("authorization", "").partition(" ")
            return scheme.lower() == "bearer" and _is_one_of(token, live)
        case "basic":
            return _is_basic(way, message.headers.get("authorization", ""), live)


def _is_one_of(given: str, live: Sequence[bytes]) -> bool:
    forms = [given.encode("utf-8", "surrogateescape")]
    with suppress(UnicodeEncodeError):
        # a header's bytes are shown as Latin-1, whatever they were
        forms.append(given.encode("latin-1"))
    # every secret is looked at, so that the time says nothing about which one fitted
    return any([hmac.compare_digest(form, secret) for form in forms for secret in live]) and bool(given)  # noqa: C419


def _is_basic(way: Auth, header: str, live: Sequence[bytes]) -> bool:
    scheme, _, text = header.partition(" ")
    if scheme.lower() != "basic":
        return False
    expected = [(way.user or "").encode() + b":" + secret for secret in live]
    decoded = _decoded(text, "base64")
    return decoded is not None and any([hmac.compare_digest(decoded, one) for one in expected])  # noqa: C419


def _is_signed(way: Auth, message: Message, live: Sequence[bytes], now: datetime) -> bool:
    scope = _scope(message) if way.needs_body else {}
    if scope is None:
        return False
    header = message.headers.get(way.header or "", "")
    if way.field and not way.header:
        header = way.field.text_in(scope) or ""
    parts = _parts(header)
    timestamp = _timestamp(way, message, parts, scope)
    if "{timestamp}" in way.text and (timestamp is None or not _is_recent(timestamp, way.window_seconds, now)):
        return False
    signed = _signed(way, message.body, timestamp, scope)
    given = [value for name, value in parts if name == way.parts] if way.parts else [header]
    proofs = [value for text in given if (value := _decoded(text.removeprefix(way.prefix), way.encoding)) is not None]
    if signed is None or not proofs or (way.prefix and not header.startswith(way.prefix)):
        return False
    if way.scheme == "rsa":
        keys = [found for jwks in live if (found := _rsa_key(jwks, message.headers.get(way.key_id_header or "", "")))]
        return any(_is_rsa(key, value, signed) for key in keys for value in proofs)
    expected = [hmac.digest(key, signed, hashlib.sha256) for secret in live if (key := key_of(secret, way.secret_form))]
    return any([hmac.compare_digest(one, value) for one in expected for value in proofs])  # noqa: C419


def _scope(message: Message) -> dict[str, Any] | None:
    try:
        return {"root": decode(message.body, RAW), "headers": dict(message.headers)}
    except Undecodable:
        return None


def _parts(header: str) -> list[tuple[str, str]]:
    pairs = [part.strip().partition("=") for part in header.split(",")]
    return [(name, value) for name, mark, value in pairs if mark]


def _timestamp(way: Auth, message: Message, parts: Sequence[tuple[str, str]], scope: Mapping[str, Any]) -> str | None:
    if way.timestamp_header:
        return message.headers.get(way.timestamp_header) or None
    if way.timestamp_part:
        return next((value for name, value in parts if name == way.timestamp_part), None)
    return way.timestamp_field.text_in(dict(scope)) if way.timestamp_field else None


def _is_recent(timestamp: str, window_seconds: int, now: datetime) -> bool:
    try:
        if timestamp.isascii() and timestamp.isdigit():
            number = int(timestamp[:16])
            sent = datetime.fromtimestamp(number / 1000 if number > MILLISECONDS else number, UTC)
        else:
            sent = datetime.fromisoformat(timestamp)
    except (ValueError, OverflowError, OSError):
        return False
    sent = sent if sent.tzinfo else sent.replace(tzinfo=UTC)
    return abs((now - sent).total_seconds()) <= window_seconds


def signed_text(way: Auth, body: bytes, timestamp: str) -> bytes | None:
    """Return the bytes a message's signature covers; None when a part of them is missing."""
    scope = _scope(Message(body, {})) if way.needs_body else {}
    if scope is None:
        return None
    said = way.timestamp_field.text_in(scope) if way.timestamp_field else timestamp
    return _signed(way, body, said, scope)


def _signed(way: Auth, body: bytes, timestamp: str | None, scope: Mapping[str, Any]) -> bytes | None:
    """Return the bytes that were signed; None when a part of them is missing."""
    values: dict[str, bytes] = {"body": body, "timestamp": (timestamp or "").encode()}
    for name, path in way.fields.items():
        value = path(dict(scope))
        if not isinstance(value, str):
            return None
        values[name] = value.encode()
    signed, rest = b"", way.text
    while rest:
        before, mark, after = rest.partition("{")
        name, _, rest = after.partition("}")
        signed += before.encode() + (values[name] if mark else b"")
    return signed


def _decoded(text: str, encoding: str) -> bytes | None:
    """Return the bytes of a signature in its one canonical form; anything else is none."""
    try:
        raw = text.encode("ascii")
        if encoding == "hex":
            value = bytes.fromhex(text)
            return value if value.hex() == text else None
        value = base64.b64decode(raw, validate=True)
    except (ValueError, UnicodeEncodeError, binascii.Error):
        return None
    return value if base64.b64encode(value) == raw else None


def key_of(secret: bytes, form: str) -> bytes | None:
    """Return the key a secret's text stands for; None when it has not that form."""
    try:
        match form:
            case "nfkd":
                return unicodedata.normalize("NFKD", secret.decode()).encode()
            case "hex":
                return bytes.fromhex(secret.decode())
            case "base64":
                return base64.b64decode(secret, validate=True)
            case _:
                return secret
    except (ValueError, binascii.Error):
        return None


def _rsa_key(jwks: bytes, key_id: str) -> "RSAPublicKey | None":
    # a library of some size that most carriers do not need
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    try:
        keys = orjson.loads(jwks)["keys"]
        found = next(key for key in keys if key["kid"] == key_id and key["kty"] == "RSA")
        numbers = [int.from_bytes(base64.urlsafe_b64decode(found[name] + "==")) for name in ("e", "n")]
        return RSAPublicNumbers(*numbers).public_key()
    except (ValueError, KeyError, TypeError, StopIteration):
        return None


def _is_rsa(key: "RSAPublicKey", signature: bytes, signed: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        key.verify(signature, signed, padding.PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True
