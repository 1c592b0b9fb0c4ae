"""Events of the b2b domain, owned by b2b-gateway."""

from typing import ClassVar

from pydantic import AwareDatetime

from canonical.event import CanonicalEvent


class DocumentEvent(CanonicalEvent):
    """A fact about one business document exchanged with a trading partner."""

    owner: ClassVar[str] = "b2b-gateway"
    key_field: ClassVar[str] = "document_id"

    document_id: str
    """Our number of the document."""
    partner: str
    """The trading partner."""
    document_type: str
    """Standard and message, such as `x12-850`."""
    control_number: str
    """The interchange control number."""


class DocumentReceived(DocumentEvent):
    """A document came in and was kept."""

    type: ClassVar[str] = "b2b.document-received.v1"

    reference: str
    """Where the original is kept."""


class DocumentRejected(DocumentEvent):
    """A document came in and cannot be used."""

    type: ClassVar[str] = "b2b.document-rejected.v1"

    reason: str
    """Why."""


class DocumentSent(DocumentEvent):
    """A document went out."""

    type: ClassVar[str] = "b2b.document-sent.v1"

    acknowledge_by: AwareDatetime | None = None
    """When the acknowledgment is due."""


class AcknowledgmentReceived(DocumentEvent):
    """The partner confirmed or refused a document we sent."""

    type: ClassVar[str] = "b2b.acknowledgment-received.v1"

    accepted: bool
    """Whether it was accepted."""


class AcknowledgmentOverdue(DocumentEvent):
    """The partner did not acknowledge in time."""

    type: ClassVar[str] = "b2b.acknowledgment-overdue.v1"

    due_at: AwareDatetime
    """When it was due."""
