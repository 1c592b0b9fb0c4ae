"""Make a service with the whole anatomy: its folder, topology entry, import contracts, owner line, and deployment."""

import argparse
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path
from string import Template

from canonical import EVENTS, CanonicalEvent

from deployed import CHART, COMPOSE, PROMETHEUS, in_chart, in_compose, in_prometheus

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = Path(__file__).parent / "templates" / "service"
TOPOLOGY = Path("libs/canonical/src/canonical/topology.toml")
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+|[a-z][a-z0-9]{3,}")
OWNER = re.compile(r"@[\w-]+(/[\w.-]+)?")


class RefusedError(Exception):
    """The service cannot be made; the text says why and what to do."""


@dataclass(frozen=True)
class Plan:
    """What is to be made."""

    name: str
    owner: str
    event: type[CanonicalEvent]
    domain: str
    port: int

    @property
    def package(self) -> str:
        return self.name.replace("-", "_")

    @property
    def words(self) -> Mapping[str, str]:
        """The words of the templates."""
        return {
            "name": self.name,
            "package": self.package,
            "owner": self.owner,
            "port": str(self.port),
            "event": self.event.__name__,
            "module": self.event.__module__,
            "type": self.event.type,
            "key_field": self.event.key_field,
            "handler": "note_" + self.event.type.split(".")[1].replace("-", "_"),
            "today": date.today().isoformat(),  # noqa: DTZ011  # the date on the author's calendar
        }


def main(arguments: list[str] | None = None) -> int:
    """Make the service and say what comes next; 2 means that nothing was changed."""
    parser = argparse.ArgumentParser(prog="make new-service", description=__doc__)
    parser.add_argument("name", help="kebab-case, for example yard-control")
    parser.add_argument("owner", help="who reviews it, for example @crossdock/yard")
    parser.add_argument("listens", nargs="?", default="order.released.v1", help="the first event it listens to")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    try:
        plan = make_plan(given.root, given.name, given.owner, given.listens or "order.released.v1")
    except RefusedError as refusal:
        print(f"new-service: {refusal}", file=sys.stderr)
        return 2
    write_folder(given.root, plan)
    register(given.root, plan)
    print(f"services/{plan.name} is made; next: docs/howto/add-a-service.md, step 2")
    return 0


def make_plan(root: Path, name: str, owner: str, listens: str) -> Plan:
    """Check what was asked for.

    Raises:
        RefusedError: a name is unusable or taken.
    """
    if not NAME.fullmatch(name):
        raise RefusedError(f"{name!r} is no service name: use kebab-case, as in NAME=yard-control")
    if not OWNER.fullmatch(owner):
        raise RefusedError(f"{owner!r} is no owner: name a person or a team, as in OWNER=@crossdock/yard")
    if listens not in EVENTS:
        raise RefusedError(f"no event of type {listens!r}: the catalogue is in libs/canonical")
    topology = tomllib.loads((root / TOPOLOGY).read_text())
    if name in topology["services"] or (root / "services" / name).exists():
        raise RefusedError(f"the service {name} exists already")
    others = topology["services"].values()
    word = name.split("-")[0]
    domain = word if word not in {service["domain"] for service in others} else name
    return Plan(name, owner, EVENTS[listens], domain, max(service["port"] for service in others) + 1)


def write_folder(root: Path, plan: Plan) -> None:
    """Fill in the templates."""
    folder = root / "services" / plan.name
    for template in sorted(TEMPLATE.rglob("*")):
        target = folder / str(template.relative_to(TEMPLATE)).replace("package", plan.package).removesuffix(".in")
        if template.suffix != ".in":
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(Template(template.read_text()).substitute(plan.words))


def register(root: Path, plan: Plan) -> None:
    """Add the service to the topology, the import contracts, the owners, and to what is deployed."""
    topology = root / TOPOLOGY
    entry = "\n".join(
        [
            f"[streams.{plan.domain.upper()}]",
            f'domain = "{plan.domain}"',
            "max_age_days = 14\n",
            f"[services.{plan.name}]",
            f'domain = "{plan.domain}"',
            f"port = {plan.port}",
            f'consumes = ["{plan.event.type}"]\n',
        ]
    )
    topology.write_text(topology.read_text().rstrip("\n") + "\n\n" + entry)
    pyproject = root / "pyproject.toml"
    pyproject.write_text(with_package(pyproject.read_text(), plan.package))
    owners = root / "CODEOWNERS"
    owners.write_text(with_owner(owners.read_text(), f"{f'/services/{plan.name}/':<30} {plan.owner}"))
    for path, text in deployed(root, plan).items():
        (root / path).write_text(text)


def deployed(root: Path, plan: Plan) -> Mapping[Path, str]:
    """Return compose, chart and Prometheus' configuration with the service."""
    compose, chart, prometheus = ((root / path).read_text() for path in (COMPOSE, CHART, PROMETHEUS))
    return {
        COMPOSE: in_compose(compose, plan.name, plan.port),
        CHART: in_chart(chart, plan.name, plan.port, f"Domain {plan.domain}"),
        PROMETHEUS: in_prometheus(prometheus, plan.name, plan.port),
    }


def with_package(text: str, package: str) -> str:
    """Return the workspace's pyproject with the package in every list of all services, and in the layers."""
    layer = str(tomllib.loads(text)["tool"]["importlinter"]["contracts"][0]["layers"][0])
    services = layer.split(" | ")
    quoted = {f'  "{service}",' for service in services}
    lines: list[str] = []
    for is_service, run in groupby(text.split("\n"), key=quoted.__contains__):
        block = list(run)
        lines += sorted([*block, f'  "{package}",']) if is_service else block
    return "\n".join(lines).replace(f'  "{layer}",', f'  "{" | ".join(sorted([*services, package]))}",')


def with_owner(text: str, line: str) -> str:
    """Return CODEOWNERS with the line in its place among the services."""
    lines = text.rstrip("\n").split("\n")
    first = next((index for index, known in enumerate(lines) if known.startswith("/services/")), len(lines))
    owned = [known for known in lines if known.startswith("/services/")]
    rest = [known for known in lines[first:] if not known.startswith("/services/")]
    return "\n".join([*lines[:first], *sorted([*owned, line]), *rest]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
