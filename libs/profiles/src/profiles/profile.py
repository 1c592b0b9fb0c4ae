"""A carrier's profile: what one YAML file may say, checked when it is loaded."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from profiles.auth import Auth
from profiles.calls import Poll, Subscribe
from profiles.expressions import Expr, compile_expression
from profiles.part import Part
from profiles.words import Milestone

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,31}$")]
TABLE_ROWS = 5_000
ALWAYS = compile_expression("`true`")


class Decode(Part):
    """How the body becomes plain values."""

    format: Literal["json", "xml", "x12"] = "json"
    """What the body is."""
    embedded: list[Expr] = Field(default_factory=list)
    """Texts at the top level that hold JSON, e.g. `root.payload`."""
    lists: list[str] = Field(default_factory=list)
    """XML elements that are lists even when there is one."""
    sets: list[str] = Field(default_factory=list)
    """X12 transaction sets that are read; all when empty."""
    loops: list[str] = Field(default_factory=list)
    """X12 segments each of which opens a loop."""


class Meaning(Part):
    """What a code means."""

    milestone: Milestone
    """The milestone."""
    reason: str | None = None
    """Why, in our words."""


def _meaning(value: Any) -> Any:  # noqa: ANN401  what YAML holds
    return {"milestone": value} if isinstance(value, str) else value


class Rule(Part):
    """One way from an event to a milestone; the first rule that knows the event wins."""

    key: Expr | None = None
    """The code looked up in `codes`."""
    codes: dict[str, Meaning] = Field(default_factory=dict, max_length=TABLE_ROWS)
    """Milestones by code; numbers count as text."""
    strip_zeros: bool = False
    """Whether leading zeros of code and table do not count."""
    when: Expr | None = None
    """A condition, instead of a key."""
    words: Expr | None = None
    """A text that is searched for the words in `find`, whatever their case, the first found wins."""
    find: dict[str, Meaning] = Field(default_factory=dict, max_length=TABLE_ROWS)
    """Milestones by words."""
    gives: Meaning | None = None
    """What a condition gives."""

    @field_validator("codes", "find", mode="before")
    @classmethod
    def _rows(cls, value: Any) -> Any:  # noqa: ANN401
        return {str(code): _meaning(row) for code, row in value.items()} if isinstance(value, dict) else value

    @field_validator("gives", mode="before")
    @classmethod
    def _given(cls, value: Any) -> Any:  # noqa: ANN401
        return _meaning(value)

    @model_validator(mode="after")
    def _is_one_kind(self) -> "Rule":
        kinds = [bool(self.key and self.codes), bool(self.when and self.gives), bool(self.words and self.find)]
        if sum(kinds) != 1:
            raise ValueError("a rule is either `key` with `codes`, `when` with `gives`, or `words` with `find`")
        return self

    def stripped(self, code: str) -> str:
        """Return the code as the table knows it."""
        return code.lstrip("0") or "0" if self.strip_zeros else code

    def model_post_init(self, context: Any) -> None:  # noqa: ANN401
        """Bring codes and words into the form they are looked up by."""
        del context
        object.__setattr__(self, "codes", {self.stripped(code): row for code, row in self.codes.items()})
        object.__setattr__(self, "find", {words.casefold(): row for words, row in self.find.items()})


class Reasons(Part):
    """Reasons by a second code, for some milestones."""

    key: Expr
    """The code."""
    of: list[Milestone]
    """Milestones that have a reason."""
    codes: dict[str, str] = Field(default_factory=dict, max_length=TABLE_ROWS)
    """Reasons in our words; a code that is not here gives `unmapped:<code>`."""

    @field_validator("codes", mode="before")
    @classmethod
    def _rows(cls, value: Any) -> Any:  # noqa: ANN401
        return {str(code): reason for code, reason in value.items()} if isinstance(value, dict) else value


class Time(Part):
    """One source of a time; the first that is there and can be read counts."""

    value: Expr
    """The text or number."""
    formats: list[str] = Field(default_factory=lambda: ["iso"], min_length=1)
    """`iso`, `epoch`, or strptime formats, tried in this order."""
    zone: str | None = None
    """Zone of times without offset: an IANA name, an offset or an abbreviation."""
    zone_from: Expr | None = None
    """Where the payload says the zone; counts before `zone`."""
    zones: dict[str, str] = Field(default_factory=dict)
    """What the carrier's own zone names mean; an empty text means unknown."""

    @field_validator("zone")
    @classmethod
    def _is_zone(cls, value: str | None) -> str | None:
        from profiles.times import zone_of

        if value and zone_of(value) is None:
            raise ValueError(f"'{value}' is no zone: use an IANA name such as Europe/Berlin, or an offset")
        return value


class Proof(Part):
    """Proof of delivery: who signed, and where the document is."""

    when: Expr = ALWAYS
    """Guard, e.g. not on a return."""
    signed_by: Expr | None = None
    """Who took it."""
    document: Expr | None = None
    """Reference or address of the document or image."""
    delivery_is_proof: bool = False
    """Whether this carrier's delivered event is all the proof it gives."""


class Handshake(Part):
    """A message that asks whether we are here."""

    when: Expr
    """Which message it is."""
    answer: Expr | None = None
    """What is answered, as JSON; nothing when empty."""
    call_back: Expr | None = None
    """Address that is called with `call_body` afterwards."""
    call_body: Expr | None = None
    """What it is called with."""
    call_hosts: list[str] = Field(default_factory=list)
    """Hosts that may be called; an address elsewhere is not."""


class Limits(Part):
    """What the carrier may send."""

    body_bytes: int = Field(default=10_485_760, ge=1_024, le=26_214_400)
    """Largest body."""
    events: int = Field(default=2_000, ge=1, le=10_000)
    """Most events of a body."""


class Expected(Part):
    """A message of the profile's own tests, and what it must give."""

    file: str
    """Sample, beside the profile in `samples/`."""
    gives: list[list[str | None]] = Field(default_factory=list)
    """`[tracking number, code, milestone, reason, time]` of each event, oldest first."""
    disposition: Literal["tracking", "ignored", "handshake", "empty"] = "tracking"
    """What the message is."""


class Profile(Part):
    """How one carrier's messages are verified, read, and understood."""

    carrier: Slug
    """The carrier's code, as shipments have it."""
    title: str
    """What it is, for people."""
    decode: Decode = Field(default_factory=Decode)
    """How the body becomes plain values."""
    auth: list[Auth] = Field(default_factory=list)
    """Ways a message proves its sender; without one nothing is taken by webhook."""
    headers: list[str] = Field(default_factory=list)
    """Headers kept with the message for the expressions; never secrets."""
    accept: Expr = ALWAYS
    """Whether the message is about shipments at all; others are acknowledged and ignored."""
    handshakes: list[Handshake] = Field(default_factory=list)
    """Messages that ask whether we are here."""
    items: Expr
    """The shipments of a message: a list, or one object."""
    tracking_number: list[Expr] = Field(min_length=1)
    """The tracking number, the first that is there; none when the poll's request says it."""
    unique_id: Expr | None = None
    """The carrier's own id of the shipment, where numbers come again."""
    is_test: Expr | None = None
    """Whether it is a test message."""
    is_return: Expr | None = None
    """Whether it goes back to the sender."""
    events: list[Expr] = Field(min_length=1)
    """The events of an item; the first that gives any."""
    code: list[Expr] = Field(min_length=1)
    """The carrier's code, the first that is there."""
    text: list[Expr] = Field(default_factory=list)
    """The carrier's words."""
    place: Expr | None = None
    """Where."""
    milestones: list[Rule] = Field(min_length=1)
    """What an event means: the first rule that knows it."""
    reasons: Reasons | None = None
    """Why, by a second code."""
    times: list[Time] = Field(min_length=1)
    """When it happened."""
    eta: list[Time] = Field(default_factory=list)
    """When delivery is expected."""
    proof: Proof = Field(default_factory=Proof)
    """Proof of delivery."""
    poll: Poll | None = None
    """How to ask."""
    subscribe: Subscribe | None = None
    """How to subscribe."""
    limits: Limits = Field(default_factory=Limits)
    """What it may send."""
    tests: list[Expected] = Field(min_length=1)
    """Samples and what they must give."""

    @field_validator("tracking_number", "events", "code", "text", "times", "eta", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:  # noqa: ANN401
        return value if isinstance(value, list) else [value]

    @property
    def subscription(self) -> timedelta | None:
        """How long a subscription lasts; None when there is none."""
        return timedelta(days=self.subscribe.lasts_days) if self.subscribe else None
