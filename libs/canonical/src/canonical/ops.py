"""Events of the ops domain, owned by control-tower."""

from typing import ClassVar

from pydantic import AwareDatetime

from canonical.event import CanonicalEvent
from canonical.ids import OrderId


class OpsEvent(CanonicalEvent):
    """A fact about running the mesh."""

    owner: ClassVar[str] = "control-tower"


class SlaAtRisk(OpsEvent):
    """A step of a flow nears its limit."""

    type: ClassVar[str] = "ops.sla-at-risk.v1"

    order_id: OrderId
    """The order."""
    flow: str
    """The flow."""
    step: str
    """The step awaited."""
    due_at: AwareDatetime
    """When it is due."""
    process_domain: str | None = None
    """The domain that owes the step."""
    responsible: str | None = None
    """The service that owes it."""


class SlaBreached(SlaAtRisk):
    """A step of a flow is past its limit."""

    type: ClassVar[str] = "ops.sla-breached.v1"


class RemediationPerformed(OpsEvent):
    """A person dealt with a dead letter."""

    type: ClassVar[str] = "ops.remediation-performed.v1"
    key_field: ClassVar[str] = "dead_letter_id"

    dead_letter_id: str
    """The dead letter."""
    action: str
    """What was done."""
    actor: str
    """Who did it."""
    reason: str
    """Why."""


class ReplayStarted(OpsEvent):
    """A replay began."""

    type: ClassVar[str] = "ops.replay-started.v1"
    key_field: ClassVar[str] = "replay_id"

    replay_id: str
    """The replay."""
    services: tuple[str, ...]
    """Who receives it."""
    events: int
    """How many events it covers."""


class ReplayCompleted(OpsEvent):
    """A replay ended."""

    type: ClassVar[str] = "ops.replay-completed.v1"
    key_field: ClassVar[str] = "replay_id"

    replay_id: str
    """The replay."""
    delivered: int
    """How many events were delivered."""
    stopped: bool
    """Whether it was stopped before its end."""


class SchemaRegistered(OpsEvent):
    """A version of an event's schema became known."""

    type: ClassVar[str] = "ops.schema-registered.v1"
    key_field: ClassVar[str] = "event_type"

    event_type: str
    """The event."""
    digest: str
    """SHA-256 of the schema, hex."""


class PartnerProfileChanged(OpsEvent):
    """A carrier's or partner's profile changed."""

    type: ClassVar[str] = "ops.partner-profile-changed.v1"
    key_field: ClassVar[str] = "partner"

    partner: str
    """Whose profile."""
    revision: int
    """Its new revision."""
    actor: str
    """Who changed it."""
    reason: str | None = None
    """Why."""


class MetadataChanged(OpsEvent):
    """A document of central metadata changed."""

    type: ClassVar[str] = "ops.metadata-changed.v1"
    key_field: ClassVar[str] = "name"

    kind: str
    """What the document is about."""
    name: str
    """Its name."""
    revision: int
    """Its new revision."""
    is_valid: bool
    """Whether it still says something; false when it was withdrawn."""
    actor: str
    """Who changed it."""
    reason: str
    """Why."""
