"""A durable request to call an outside system, and how such a call is wired."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from inspect import signature
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from canonical import CanonicalEvent
from chassis.errors import Permanent


class Effect(BaseModel):
    """A call to the outside, committed with the state that wants it and made after the commit.

    Effects of one lane are made one at a time, in the order they were committed. `replay` says what a replayed event
    does: `deduplicate` calls again under the same idempotency key, `suppress` does not call. Where calls wait, the lane
    of an `urgent` one goes before all others. Final failures `ended_by_flow` need no person; every other becomes a dead
    letter.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: ClassVar[str]
    replay: ClassVar[Literal["deduplicate", "suppress"]]
    ended_by_flow: ClassVar[tuple[type[Permanent], ...]] = ()
    urgent: ClassVar[bool] = False

    lane: str

    @property
    def is_urgent(self) -> bool:
        """Whether this call goes before others; by default as its kind says."""
        return self.urgent


Outcome = Sequence[CanonicalEvent | Effect]
Handler = Callable[..., Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class EffectRoute:
    """How effects of one kind are called and what follows.

    `failed` follows a final failure. A person's retry makes the effect again, or runs `resume` where the state has to
    want it anew.
    """

    kind: type[Effect]
    call: Callable[..., Awaitable[Any]]
    done: Handler | None
    failed: Handler | None
    concurrency: int
    batch: int | None
    deps: Mapping[str, Any] = field(default_factory=dict)
    resume: Handler | None = None

    @property
    def deps_of_call(self) -> dict[str, Any]:
        """Return the dependencies the call asks for by parameter name."""
        return self.deps_of(self.call)

    def deps_of(self, function: Callable[..., Any] | None) -> dict[str, Any]:
        """Return the dependencies a function asks for by parameter name."""
        return select(function, self.deps) if function else {}


def select(function: Callable[..., Any], deps: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of `deps` whose names are parameters of `function`."""
    wanted = parameters(function)
    return {name: value for name, value in deps.items() if name in wanted}


@cache
def parameters(function: Callable[..., Any]) -> frozenset[str]:
    """Return the names of a function's parameters."""
    return frozenset(signature(function).parameters)
