"""What revisions of an event hold, how two of them differ, and who reads what."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from canonical import EVENTS
from canonical.compatibility import compare
from canonical.contracts import hearing, touched
from canonical.fields import ROOT, Schema, fields

from crossdock_cli.failures import CliError, Exit
from crossdock_cli.registry import Tree, is_new, models


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs: `+` new, `-` gone, `~` otherwise; and whom that breaks in which directions."""

    sign: str
    path: str
    what: str
    directions: list[str] = field(default_factory=list)
    breaks: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return it for scripts."""
        return asdict(self)


def pick(tree: Tree, event_type: str, number: int | None) -> tuple[int, Schema]:
    """Return a registered revision, the latest when no number is given.

    Raises:
        CliError: there is none.
    """
    have = tree.revisions(event_type)
    chosen = number if number is not None else max(have, default=0)
    if chosen not in have:
        known = ", ".join(str(one) for one in have) or "none is registered"
        raise CliError(f"{event_type} has no revision {chosen}: {known}.", Exit.UNCLEAN)
    return chosen, have[chosen]


def changes(tree: Tree, event_type: str, before: int | None, after: int | None) -> list[Change]:
    """Return how two revisions differ, or a revision and the model as it is now.

    Raises:
        CliError: a revision, or the event, is not there.
    """
    _, old = pick(tree, event_type, before)
    if after is None and event_type not in EVENTS:
        raise CliError(f"There is no event {event_type} any more: say --to.", Exit.UNCLEAN)
    new = models()[event_type] if after is None else pick(tree, event_type, after)[1]
    contracts, told = tree.contracts(), _differing(old, new)
    for found in compare(old, new):
        change = told.setdefault(found.path, Change("~", found.path, found.what))
        change.directions.append(found.direction)
        change.breaks[:] = touched(contracts, event_type, found.path)
    return sorted(told.values(), key=lambda change: change.path)


def _differing(old: Schema, new: Schema) -> dict[str, Change]:
    was, now = fields(old), fields(new)
    told: dict[str, Change] = {}
    for path in [*was, *(path for path in now if path not in was)]:
        if path not in now:
            told[path] = Change("-", path, was[path].kind)
        elif path not in was:
            told[path] = Change("+", path, now[path].kind)
        elif was[path].kind != now[path].kind:
            told[path] = Change("~", path, f"{was[path].kind} → {now[path].kind}")
    return told


def overview(tree: Tree) -> list[dict[str, Any]]:
    """Return every event with its number of revisions, owner, listeners, and whether it is registered as it is."""
    schemas, contracts = models(), tree.contracts()
    return [
        {
            "event": name,
            "revisions": len(tree.revisions(name)),
            "owner": EVENTS[name].owner if name in EVENTS else "-",
            "hears": hearing(contracts, name),
            "state": _state(schemas.get(name), tree.revisions(name)),
        }
        for name in sorted({*schemas, *tree.types()})
    ]


def _state(schema: Schema | None, revisions: Mapping[int, Schema]) -> str:
    if schema is None:
        return "retired"
    return "changed" if is_new(schema, revisions) else "registered"


def read_fields(tree: Tree, event_type: str, schema: Schema) -> list[tuple[str, str, str]]:
    """Return path, kind and readers of every field."""
    contracts = tree.contracts()
    return [
        (path.removeprefix(f"{ROOT}."), one.kind, ", ".join(touched(contracts, event_type, path)) or "-")
        for path, one in fields(schema).items()
    ]
