"""Signing as Standard Webhooks says: HMAC-SHA256 over `id.timestamp.body`; pure."""

import base64
import hashlib
import hmac

from notification.connectors.portal import wire


def headers(*, key: str, at: int, body: bytes, secret: bytes) -> dict[str, str]:
    """Return the headers of a signed webhook; `at` is Unix time in seconds."""
    signed = f"{key}.{at}.".encode() + body
    signature = base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()
    return {
        wire.ID: key,
        wire.TIMESTAMP: str(at),
        wire.SIGNATURE: f"v1,{signature}",
        "content-type": "application/json",
    }
