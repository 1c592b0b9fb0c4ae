"""The registry in the repository: registered revisions, contracts, and whether the events still keep them."""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from canonical import EVENTS
from canonical.catalogue import schema_of
from canonical.compatibility import DEFAULT_MODE, Break, Mode, check, substance
from canonical.contracts import Contract, InvalidContract, Violation, hearing, parse, touched, violations
from canonical.fields import Schema

from crossdock_cli.failures import CliError, Exit

REGISTERED = Path("libs/canonical/registered")
EXAMPLES = Path("libs/canonical/examples")
SUFFIX = ".schema.json"


@dataclass(frozen=True, slots=True)
class Finding:
    """One break: of which event, what changed where, and who reads the field, or at least hears the event."""

    event: str
    path: str
    what: str
    direction: str
    revisions: tuple[int, ...]
    breaks: list[str]
    hears: list[str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found: breaks, needs that are not met, revisions that were rewritten, what is not registered yet."""

    events: int
    findings: list[Finding]
    unmet: list[Violation]
    rewritten: list[str]
    unregistered: list[str]

    @property
    def is_clean(self) -> bool:
        """Whether nothing is broken."""
        return not (self.findings or self.unmet or self.rewritten)

    def as_json(self) -> dict[str, Any]:
        """Return it for scripts."""
        return {"clean": self.is_clean, **asdict(self)}


@dataclass(frozen=True, slots=True)
class Tree:
    """A checkout of the repository."""

    root: Path

    @classmethod
    def find(cls, root: Path | None) -> "Tree":
        """Return the checkout at a folder, or the one the command is called in.

        Raises:
            CliError: there is none.
        """
        here = Path.cwd()
        for folder in [root] if root else [here, *here.parents]:
            if (folder / REGISTERED).is_dir():
                return cls(folder.resolve())
        raise CliError(
            "No registered schemas here: call it in a checkout of the repository, or say --root.", Exit.USAGE
        )

    def types(self) -> list[str]:
        """Return the event types that have a registered revision."""
        return sorted(folder.name for folder in (self.root / REGISTERED).iterdir() if folder.is_dir())

    def revisions(self, event_type: str) -> dict[int, Schema]:
        """Return an event's registered revisions by number."""
        files = (self.root / REGISTERED / event_type).glob(f"*{SUFFIX}")
        found = {int(file.name.removesuffix(SUFFIX)): json.loads(file.read_text(encoding="utf-8")) for file in files}
        return dict(sorted(found.items()))

    def add(self, event_type: str, schema: Schema) -> Path:
        """Write the next revision of an event."""
        number = max(self.revisions(event_type), default=0) + 1
        file = self.root / REGISTERED / event_type / f"{number}{SUFFIX}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return file

    def contracts(self) -> list[Contract]:
        """Return what every service states that it reads.

        Raises:
            CliError: a contract is broken.
        """
        found = []
        for file in sorted((self.root / "services").glob("*/contract.yaml")):
            try:
                found.append(parse(file.read_text(encoding="utf-8")))
            except InvalidContract as error:
                raise CliError(f"{file.relative_to(self.root)}: {error}", Exit.UNCLEAN) from error
        return found

    def examples(self) -> dict[str, Any]:
        """Return the data of every event's golden example."""
        files = (self.root / EXAMPLES).glob("*.json")
        return {file.name.removesuffix(".json"): json.loads(file.read_text(encoding="utf-8"))["data"] for file in files}

    def rewritten(self) -> list[str]:
        """Return the registered revisions that were changed or removed after they were committed, as git knows it."""
        told: set[str] = set()
        for command in (["log", "--format="], ["diff", "HEAD"]):
            options = ["--name-only", "--no-renames", "--diff-filter=MD", "--", str(REGISTERED)]
            done = subprocess.run(
                ["git", *command, *options], cwd=self.root, capture_output=True, text=True, check=False
            )
            told |= set(done.stdout.split()) if done.returncode == 0 else set()
        return sorted(told)


def models() -> dict[str, Schema]:
    """Return the schema of every event as its model has it now."""
    return {event_type: schema_of(event) for event_type, event in EVENTS.items()}


def judge(
    tree: Tree, registered: Mapping[str, Mapping[int, Schema]], only: Sequence[str] = (), mode: Mode = DEFAULT_MODE
) -> Verdict:
    """Hold the models against registered revisions and against every contract.

    Raises:
        CliError: a named event is not known, or a contract is broken.
    """
    schemas, contracts = models(), tree.contracts()
    if unknown := sorted(set(only) - set(schemas) - set(registered)):
        raise CliError(f"There is no event {', '.join(unknown)}: see `crossdock schema list`.", Exit.USAGE)
    chosen = sorted(only or {*schemas, *registered})
    findings = [
        finding
        for event_type in chosen
        for finding in _findings(event_type, registered.get(event_type, {}), schemas.get(event_type), contracts, mode)
    ]
    examples = tree.examples()
    unmet = [one for contract in contracts for one in violations(contract, schemas, examples)]
    return Verdict(
        events=len(chosen),
        findings=findings,
        unmet=[one for one in unmet if one.event in chosen],
        rewritten=tree.rewritten(),
        unregistered=[name for name in chosen if name in schemas and is_new(schemas[name], registered.get(name, {}))],
    )


def _findings(
    event_type: str,
    revisions: Mapping[int, Schema],
    schema: Schema | None,
    contracts: Sequence[Contract],
    mode: Mode,
) -> Iterator[Finding]:
    hears = hearing(contracts, event_type)
    if schema is None:
        if named := [contract.service for contract in contracts if event_type in contract.reads]:
            what = "the event is gone, and services still hear it"
            yield Finding(event_type, "$", what, "FORWARD", tuple(revisions), named, hears)
        return
    for found in check(revisions, schema, mode):
        yield _named(event_type, found, contracts, hears)


def _named(event_type: str, found: Break, contracts: Sequence[Contract], hears: list[str]) -> Finding:
    readers = touched(contracts, event_type, found.path)
    return Finding(event_type, found.path, found.what, found.direction, found.revisions, readers, hears)


def is_new(schema: Schema, revisions: Mapping[int, Schema]) -> bool:
    """Say whether the latest registered revision is of another substance, or there is none."""
    return not revisions or substance(revisions[max(revisions)]) != substance(schema)
