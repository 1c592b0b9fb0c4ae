"""What an act on dead letters covers, and what is asked for."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from chassis.clock import new_id

Action = Literal["retry", "discard", "assign", "redirect"]
ActState = Literal["running", "done", "halted", "stopped"]
OPEN = "('waiting', 'dead', 'queued', 'retrying')"


class Selection(BaseModel):
    """Which letters: by id, by group (fingerprint), or every open one, narrowed by the other fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ids: tuple[int, ...] | None = None
    group: str | None = None
    source: str | None = None
    kind: str | None = None
    remedy: str | None = None
    correlation_id: str | None = None
    assignee: str | None = None
    state: str | None = None

    def where(self, alias: str = "letter") -> tuple[str, dict[str, Any]]:
        """Return the SQL condition and its parameters."""
        columns = {"group": "fingerprint"}
        parts, values = [], {}
        for name, value in self.model_dump(exclude={"ids"}, exclude_none=True).items():
            parts.append(f"{alias}.{columns.get(name, name)} = :{name}")
            values[name] = value
        if self.ids is not None:
            parts.append(f"{alias}.id = ANY(:ids)")
            values["ids"] = list(self.ids)
        return " AND ".join(parts) or "true", values


class Wish(BaseModel):
    """An act a person wants done: to which letters, who wants it and why.

    `id` makes the same wish sent twice one act. `target` is the new assignee, or the service a letter is redirected to.
    A retry goes on in growing waves; it halts after a wave in which a letter died again, unless it is to `keep_going`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(default_factory=new_id, min_length=1, max_length=64)
    action: Action
    selection: Selection
    actor: str = Field(min_length=1, max_length=128)
    reason: str = Field(default="", max_length=2000)
    target: str | None = Field(default=None, max_length=128)
    keep_going: bool = False

    @model_validator(mode="after")
    def _is_whole(self) -> "Wish":
        if self.action == "discard" and not self.reason.strip():
            raise ValueError("a discard needs a reason")
        if self.action in ("assign", "redirect") and not self.target:
            raise ValueError(f"to {self.action} needs a target")
        return self


class Edit(BaseModel):
    """A corrected body; `digest` is the SHA-256 of the body it replaces, as the letter shows it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    body: str
    digest: str
    actor: str = Field(min_length=1, max_length=128)
    reason: str = Field(default="", max_length=2000)
    retry: bool = False


class Act(BaseModel):
    """An act and how far it is: `covered` letters are the ones it was about when it began, and no others."""

    id: str
    action: Action
    actor: str
    reason: str
    target: str | None
    selection: dict[str, Any]
    covered: int
    wave: int
    keep_going: bool
    state: ActState
    note: str
    created_at: datetime
    ended_at: datetime | None
    counts: dict[str, int] = Field(default_factory=dict)
    orders: tuple[str, ...] = ()
    """Orders, or other business transactions, of its letters while no later act is about them; a thousand at most."""
