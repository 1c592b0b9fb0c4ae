"""Business flows as data: what follows what, who owns each step, and how long it may take."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from canonical.catalogue import EVENTS


class Step(BaseModel):
    """One event of a flow."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    event: str
    """Type of the event."""
    owner: str
    """Service that publishes it."""
    what: str
    """What has happened then, in plain words."""
    after: tuple[str, ...] = ()
    """Events of the flow it may follow; none where the flow begins."""
    within_seconds: float | None = Field(default=None, gt=0)
    """How long after the latest of those it may take at most; open where nobody promised anything."""


class Flow(BaseModel):
    """A business flow."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    title: str
    """What it is, in one sentence."""
    steps: tuple[Step, ...] = Field(min_length=1)
    """Its events."""

    @model_validator(mode="after")
    def _hangs_together(self) -> "Flow":
        names = [step.event for step in self.steps]
        if unknown := sorted(set(names) - EVENTS.keys()):
            raise ValueError(f"not in the catalogue: {', '.join(unknown)}")
        if len(set(names)) < len(names):
            raise ValueError("an event stands in the flow twice")
        for step in self.steps:
            if strangers := sorted(set(step.after) - set(names)):
                raise ValueError(f"{step.event} follows what is not in the flow: {', '.join(strangers)}")
        return self


@cache
def load() -> Mapping[str, Flow]:
    """Return every shipped flow by name.

    Raises:
        pydantic.ValidationError: a flow names an event that is not in the catalogue, or does not hang together.
    """
    folder = files("canonical") / "flows"
    found = {path.name.removesuffix(".yaml"): path for path in folder.iterdir() if path.name.endswith(".yaml")}
    return MappingProxyType(
        {name: Flow.model_validate(yaml.safe_load(found[name].read_text())) for name in sorted(found)}
    )
