"""Central metadata: documents of a few kinds, written at the control tower alone and read in every region."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from canonical.compatibility import DEFAULT_MODE, Mode
from canonical.contracts import Reads

BUCKET = "METADATA"
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$", max_length=128)]
"""Name of a document: letters, digits, dashes and single dots, as a key of the broker may have it."""
Words = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Url = Annotated[str, StringConstraints(pattern=r"^(https?|sftp|mailto|as2):[^\s]+$", max_length=500)]


class Kind(BaseModel):
    """The body of a document; each kind is one class."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: ClassVar[str]


class Consumer(Kind):
    """A service that reads an event, what of it, and since when."""

    service: str
    """The service."""
    since: AwareDatetime
    """When it was first seen to read it."""
    reads: Reads
    """The fields it reads with the kind it needs of each, or everything."""


class SchemaEntry(Kind):
    """An event's schema as it is registered: one document revision each time schema, owner or consumers change."""

    kind: ClassVar[str] = "schema"

    revision: int = Field(ge=1)
    """Number of the schema's revision."""
    digest: str
    """SHA-256 of what it promises, hex."""
    json_schema: Mapping[str, Any]
    """The schema."""
    owner: str
    """The service that publishes the event."""
    mode: Mode = DEFAULT_MODE
    """What a next revision must keep."""
    consumers: tuple[Consumer, ...] = ()
    """Who reads it."""


class Partner(Kind):
    """A company the mesh exchanges messages with."""

    kind: ClassVar[str] = "partner"

    title: Words
    """The company's name."""
    role: Literal["carrier", "trading-partner", "customer"]
    """What it is to us."""
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None
    """ISO 3166-1 alpha-2 code of its seat."""
    endpoints: Mapping[str, Url] = Field(default_factory=dict)
    """Where it is reached, by purpose."""
    identifiers: Mapping[str, Words] = Field(default_factory=dict)
    """Its numbers by scheme, such as `gln` or `scac`."""
    is_active: bool = True
    """Whether messages are exchanged with it."""


class RoutingRule(Kind):
    """A rule of the transport planner: when all its conditions hold, it forbids carriers, prefers some, or decides."""

    kind: ClassVar[str] = "routing-rule"

    place: int = Field(ge=0)
    """Its place in the order in which rules are asked."""
    countries: tuple[str, ...] = ()
    """Countries of the recipient; empty for all."""
    service_levels: tuple[str, ...] = ()
    """Service levels; empty for all."""
    min_weight_grams: int = Field(default=0, ge=0)
    """Least weight, in grams."""
    max_weight_grams: int | None = None
    """Greatest weight, in grams."""
    min_parcels: int = Field(default=0, ge=0)
    """Least number of parcels."""
    max_parcels: int | None = None
    """Greatest number of parcels."""
    forbid: tuple[str, ...] = ()
    """Carriers that may not be chosen."""
    prefer: tuple[str, ...] = ()
    """Carriers chosen first."""
    keep_promise: bool = False
    """Whether carriers that keep the promised time go first."""
    choose: Literal["cheapest", "fastest"] | None = None
    """How the rule decides."""


class Sla(Kind):
    """A time limit agreed for a step of a flow."""

    kind: ClassVar[str] = "sla"

    flow: str
    """The flow."""
    after: str
    """The event the time begins with."""
    within_seconds: float = Field(gt=0, allow_inf_nan=False)
    """How long what follows may take."""
    customer: str | None = None
    """The customer it was agreed with; none for all."""
    calendar: str | None = None
    """The business calendar the time is counted in; none for every hour."""


class AccessGrant(Kind):
    """What a person or team may do."""

    kind: ClassVar[str] = "access-grant"

    actor: Words
    """The person or team."""
    role: Literal["viewer", "operator", "administrator"]
    """What it may do: look, act on failures, change metadata."""
    regions: tuple[str, ...] = ()
    """Regions it holds for; empty for all."""
    until: date | None = None
    """Its last day."""


class Brand(Kind):
    """How customers of one seller see us."""

    kind: ClassVar[str] = "brand"

    title: Annotated[str, StringConstraints(pattern=r"^[^\r\n<>\"]+$", max_length=100)]
    """The name customers know."""
    customers: tuple[str, ...] = ()
    """Customers it is for; the brand named `default` is for all others."""
    mail_from: Annotated[str, StringConstraints(pattern=r"^[^@\s<>]+@[^@\s<>]+$", max_length=254)] | None = None
    """Sender of mails; none for the service's own."""
    tracking_url: Url | None = None
    """Where a customer follows a parcel."""
    colour: Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")] | None = None
    """Its colour."""


KINDS: Mapping[str, type[Kind]] = MappingProxyType(
    {model.kind: model for model in (SchemaEntry, Partner, RoutingRule, Sla, AccessGrant, Brand)}
)


class Document(BaseModel):
    """One revision of a document: what it says, who changed it, why and when."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    kind: str
    """What it is about."""
    name: Name
    """Its name within its kind."""
    revision: int = Field(ge=1)
    """Counts its changes, from 1."""
    body: dict[str, Any] | None
    """What it says; none when it is no longer valid."""
    actor: str
    """Who changed it."""
    reason: str
    """Why."""
    changed_at: AwareDatetime
    """When."""

    @property
    def key(self) -> str:
        """Its key in tables."""
        return key_of(self.kind, self.name)

    @property
    def subject(self) -> str:
        """Its subject in the broker's bucket."""
        return f"{subjects_of(self.kind)[:-1]}{self.name}"


def key_of(kind: str, name: str) -> str:
    """Return the key of a document in tables."""
    return f"{kind}/{name}"


def subjects_of(kind: str) -> str:
    """Return the subjects of a kind's documents in the broker's bucket."""
    return f"$KV.{BUCKET}.{kind}.>"
