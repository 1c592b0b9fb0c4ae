"""Dead letters: what is kept of a message that was given up on, and where it goes."""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from chassis.clock import Clock
from chassis.errors import Permanent
from chassis.work import Letter

BUG_REMEDY = "fix-service"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a message came from: a stream position, an HTTP source or an effect."""

    source: str
    message_id: str
    stream: str | None = None
    sequence: int | None = None
    subject: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    tries: int = 1
    correlation_id: str | None = None


def fingerprint(service: str, error: Exception) -> str:
    """Return a short hash that is equal for failures of the same kind: digits and quoted values are left out."""
    shape = re.sub(r"'[^']*'|\"[^\"]*\"|\d+", "*", str(error))
    return hashlib.sha256(f"{service}|{type(error).__name__}|{shape}".encode()).hexdigest()[:16]


def letter(service: str, region: str, *, origin: Origin, body: bytes, error: Exception, clock: Clock) -> Letter:
    """Make the dead letter of a message: original bytes, origin, error, owner and remedy."""
    kind = type(error).__name__
    record = {
        "service": service,
        "source": origin.source,
        "message_id": origin.message_id,
        "stream": origin.stream,
        "sequence": origin.sequence,
        "subject": origin.subject,
        "headers": dict(origin.headers),
        "tries": origin.tries,
        "correlation_id": origin.correlation_id,
        "error_class": kind,
        "error": str(error),
        "fingerprint": fingerprint(service, error),
        "owner": service,
        "remedy": error.remedy if isinstance(error, Permanent) else BUG_REMEDY,
        "died_at": clock.now().isoformat(),
        "body_base64": base64.b64encode(body).decode(),
    }
    domain = re.sub(r"[^a-z0-9-]", "-", origin.source.lower())
    subject = f"dlq.{region}.{service}.{domain}.{kind}"
    return Letter(
        subject=subject, message_id=f"{service}:{origin.source}:{origin.message_id}", payload=orjson.dumps(record)
    )
