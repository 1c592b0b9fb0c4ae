"""Business flows as data (`flows/*.yaml`): what follows what, who publishes it, and how long it may take."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from canonical import calendars
from canonical.catalogue import EVENTS
from canonical.documents import read


class InvalidFlow(Exception):
    """The text is no flow, names an event that is not in the catalogue, or does not hang together."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


ClockTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class ClockLimit(_Model):
    """A time limit by the clock of a calendar, on the day of what the step follows."""

    clock: ClockTime
    """Until when."""
    if_before: ClockTime | None = None
    """What comes later than this has until the next working day; the limit itself where it is not said."""

    @model_validator(mode="after")
    def _comes_first(self) -> Self:
        if self.if_before is not None and self.if_before > self.clock:
            raise ValueError(f"if_before {self.if_before} is later than {self.clock}")
        return self


class Step(_Model):
    """One event of a flow."""

    event: str
    """Type of the event."""
    publisher: str
    """Service that publishes it."""
    what: str = Field(min_length=1)
    """What has happened then, in plain words."""
    after: tuple[str, ...] = ()
    """Events of the flow it may follow; none where the flow begins."""
    within_seconds: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """How long after the latest of those it may take at most; open where nobody promised anything."""
    by: ClockLimit | None = None
    """The time of day by which it must have come instead."""
    calendar: str | None = None
    """The calendar whose working time counts; all time where there is none."""

    @model_validator(mode="after")
    def _agrees_with_the_catalogue(self) -> Self:
        if self.event not in EVENTS:
            raise ValueError(f"{self.event} is not in the catalogue")
        if self.publisher != (owner := EVENTS[self.event].owner):
            raise ValueError(f"{self.event} is published by {owner}, not by {self.publisher}")
        return self

    @model_validator(mode="after")
    def _limit_makes_sense(self) -> Self:
        if self.has_limit and not self.after:
            raise ValueError(f"{self.event} has a time limit and follows nothing")
        if self.within_seconds is not None and self.by is not None:
            raise ValueError(f"{self.event} has two time limits: within_seconds and by")
        if self.by is not None and self.calendar is None:
            raise ValueError(f"{self.event} has a time of day, and no calendar that says whose")
        if self.calendar is not None and (not self.has_limit or self.calendar not in calendars.load()):
            raise ValueError(f"{self.event} has no time limit, or there is no calendar {self.calendar}")
        return self

    @property
    def has_limit(self) -> bool:
        """Whether somebody promised a time."""
        return self.within_seconds is not None or self.by is not None


class Flow(_Model):
    """A business flow."""

    name: str
    """Its name, that of its file."""
    title: str = Field(min_length=1)
    """What it is, in one sentence."""
    steps: tuple[Step, ...] = Field(min_length=1)
    """Its events."""
    pauses: tuple[str, ...] = ()
    """Events from which on its time limits stand still."""
    resumes: tuple[str, ...] = ()
    """Events with which they go on."""

    @model_validator(mode="after")
    def _holds_end(self) -> Self:
        if unknown := sorted({*self.pauses, *self.resumes} - EVENTS.keys()):
            raise ValueError(f"{', '.join(unknown)} is not in the catalogue")
        if bool(self.pauses) != bool(self.resumes) or set(self.pauses) & set(self.resumes):
            raise ValueError("what pauses a flow needs other events that resume it")
        return self

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        events = [step.event for step in self.steps]
        if len(set(events)) < len(events):
            raise ValueError("an event stands in the flow twice")
        for before in self.steps:
            kinds = {step.by for step in self.steps if step.has_limit and before.event in step.after}
            if len(kinds) > 1:
                raise ValueError(f"what follows {before.event} has limits that cannot be compared")
        for step in self.steps:
            if strangers := sorted(set(step.after) - set(events)):
                raise ValueError(f"{step.event} follows what is not in the flow: {', '.join(strangers)}")
        if unreachable := sorted(set(events) - self._reached()):
            raise ValueError(f"no beginning leads to {', '.join(unreachable)}")
        return self

    def _reached(self) -> set[str]:
        reached = {step.event for step in self.steps if not step.after}
        while more := {step.event for step in self.steps if reached & set(step.after)} - reached:
            reached |= more
        return reached


def parse(name: str, text: str) -> Flow:
    """Read the flow of a file from YAML.

    Raises:
        InvalidFlow: the text is no flow of that name; the message says which and why.
    """
    flow = read(Flow, text, f"flow {name}", InvalidFlow)
    if flow.name != name:
        raise InvalidFlow(f"flow {name}: the file calls it {flow.name!r}")
    return flow


@cache
def load() -> Mapping[str, Flow]:
    """Return every shipped flow by name.

    Raises:
        InvalidFlow: one of them is none.
    """
    folder = files("canonical") / "flows"
    found = {path.name.removesuffix(".yaml"): path for path in folder.iterdir() if path.name.endswith(".yaml")}
    return MappingProxyType({name: parse(name, found[name].read_text(encoding="utf-8")) for name in sorted(found)})
