"""What people should do about a failure: data by remedy, kept in `playbooks.toml`."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter

BUG = "fix-service"


class Playbook(BaseModel):
    """How failures of one kind are ended: by whom, by which act, in which steps."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    team: str
    act: Literal["retry", "edit", "discard", "redirect", "none"]
    steps: str


@cache
def load() -> Mapping[str, Playbook]:
    """Return every playbook by remedy."""
    text = files("chassis.failures").joinpath("playbooks.toml").read_text(encoding="utf-8")
    return TypeAdapter(dict[str, Playbook]).validate_python(tomllib.loads(text))


def of(remedy: str) -> Playbook:
    """Return a remedy's playbook; that of a fault of the service when the remedy has none."""
    return load().get(remedy, load()[BUG])
