"""Where an event is published, and which stored subjects a consumer asks for.

Published: `cx.<region>.<domain>.<event>.<vN>.<site>.<key>`; the stream stores the partition number in place of the key.
"""

import re

from canonical.event import CanonicalEvent

ROOT = "cx"
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")


def escape(key: str) -> str:
    """Return a key as one subject token: other characters become `=` and two hex digits per UTF-8 byte."""
    return _UNSAFE.sub(lambda match: "".join(f"={byte:02X}" for byte in match.group().encode()), key) or "="


def unescape(token: str) -> str:
    """Return the key that `escape` made into `token`."""
    if token == "=":  # noqa: S105  a subject token, no secret
        return ""
    return re.sub(r"(?:=[0-9A-F]{2})+", lambda match: bytes.fromhex(match.group().replace("=", "")).decode(), token)


def publish_subject(event: CanonicalEvent, region: str) -> str:
    """Return the subject an event is published on."""
    return f"{ROOT}.{region}.{type(event).type}.{escape(event.site_code)}.{escape(event.key)}"


def type_filter(event_type: str, region: str, partition: int) -> str:
    """Return the stored subjects of one event type in one partition."""
    return f"{ROOT}.{region}.{event_type}.*.{partition}"


def domain_of(event_type: str) -> str:
    """Return the domain of an event type."""
    return event_type.split(".", 1)[0]
