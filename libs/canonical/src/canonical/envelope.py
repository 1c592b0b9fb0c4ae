"""The envelope of an event: CloudEvents 1.0 in structured JSON mode, with the extensions of the mesh."""

import hashlib
import uuid
from datetime import datetime
from typing import Annotated, Any, Literal, TypedDict, Unpack

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

from canonical.catalogue import event_class
from canonical.event import CanonicalEvent

NAMESPACE = uuid.UUID("6f6d0a3e-5d0c-5a8e-9c37-0c5d2f1b7a11")
VARIANT = "89ab"
CONTENT_TYPE = "application/cloudevents+json"

Attribute = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class Envelope(BaseModel):
    """The attributes of one event; attribute names are CloudEvents', so they carry no underscores."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    specversion: Literal["1.0"] = "1.0"
    """CloudEvents version."""
    id: Attribute
    """Identity of the event: derived from its cause, so that a re-run makes the same."""
    source: Attribute
    """`/region/service` that published it."""
    type: Attribute
    """`domain.event.vN`."""
    subject: str
    """Business key."""
    time: AwareDatetime
    """When it happened."""
    datacontenttype: str = "application/json"
    """Media type of `data`."""
    dataschema: str
    """Name of the golden schema."""
    correlationid: str
    """One business transaction: the order, where there is one."""
    causationid: str | None = None
    """The event this one follows from."""
    region: str
    """Region that published it."""
    site: str | None = None
    """Site it belongs to."""
    company: str = "default"
    """Owner or brand."""
    sourcesystem: str | None = None
    """Outside system the fact came from."""
    sourceref: str | None = None
    """Its number there."""
    partitionkey: str
    """Key whose events keep their order."""
    recordedtime: AwareDatetime
    """When the mesh recorded it."""
    traceparent: str | None = None
    """W3C trace context."""
    correctionof: str | None = None
    """Id of the event this one corrects or retracts."""
    correctionreason: str | None = None
    """Why it was corrected."""
    data: dict[str, Any]
    """The event."""


class Extensions(TypedDict, total=False):
    """The optional attributes that `seal` takes, by their own names."""

    company: str | None
    sourcesystem: str | None
    sourceref: str | None
    traceparent: str | None
    correctionof: str | None
    correctionreason: str | None


def derived_id(cause_id: str, step: str) -> str:
    """Return the id of what follows from a cause at a step: a UUID of version 5, the same for every run."""
    # the length in front says where the cause ends, so that no two pairs read alike
    name = f"{len(cause_id)}|{cause_id}|{step}".encode()
    text = hashlib.sha1(NAMESPACE.bytes + name, usedforsecurity=False).hexdigest()
    # uuid.uuid5 makes the same through an object, at three times the price
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{VARIANT[int(text[16], 16) & 3]}{text[17:20]}-{text[20:32]}"


def seal(
    event: CanonicalEvent,
    *,
    event_id: str,
    source: str,
    correlation_id: str,
    causation_id: str | None,
    region: str,
    recorded_at: datetime,
    **extensions: Unpack[Extensions],
) -> Envelope:
    """Put an event into its envelope; `extensions` are the optional attributes by their own names."""
    site = event.site_code
    values: dict[str, Any] = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": type(event).type,
        "subject": event.key,
        "time": event.occurred_at,
        "datacontenttype": "application/json",
        "dataschema": f"{type(event).type}.schema.json",
        "correlationid": correlation_id,
        "causationid": causation_id,
        "region": region,
        "site": None if site == "_" else site,
        "company": extensions.pop("company", None) or "default",
        "partitionkey": event.key,
        "recordedtime": recorded_at,
        "data": event.model_dump(mode="json", exclude_none=True),
        **extensions,
    }
    return Envelope.model_construct(**values)


def decode(raw: bytes) -> tuple[Envelope, CanonicalEvent]:
    """Read an envelope and its event from structured JSON.

    Raises:
        UnknownEventType: the catalogue has no such event.
        pydantic.ValidationError: the bytes are no envelope, or its data is not that event.
    """
    envelope = Envelope.model_validate_json(raw)
    return envelope, event_class(envelope.type).model_validate(envelope.data)
