"""Release one package: its next version, its notes, its tags in compose and charts, one commit and one git tag.

It is refused where an event it hears or publishes is not compatible with what runs, as the registry there has it.
"""

import argparse
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from canonical import EVENTS, topology

ROOT = Path(__file__).resolve().parents[1]
COMPOSE = Path("docker-compose.yml")
CHARTS = (Path("deploy/helm/region/values.yaml"), Path("deploy/helm/hub/values.yaml"))
PLACES = ("services/{}", "libs/{}", "{}")
UNRELEASED = re.compile(r"^## Unreleased\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
VERSION = re.compile(r'^version = "(\d+)\.(\d+)\.(\d+)"$', re.MULTILINE)
HERE = "checkout"
"""Instead of an address: compare with the registered revisions of this checkout."""


class RefusedError(Exception):
    """The package cannot be released; the text says why and what to do."""


@dataclass(frozen=True)
class Release:
    """What is to be released."""

    name: str
    folder: Path
    version: str
    notes: str

    @property
    def tag(self) -> str:
        """The git tag."""
        return f"{self.name}/{self.version}"


def main(arguments: list[str] | None = None) -> int:
    """Release, and say what comes next; 2 means that nothing was changed."""
    parser = argparse.ArgumentParser(prog="make release", description=__doc__)
    parser.add_argument("name", help="the package, as its folder: carrier-gateway, canonical, cli")
    parser.add_argument("--bump", choices=("patch", "minor", "major"), default="patch", help="which number grows")
    parser.add_argument("--against", default="", help=f"URL of the control tower where it will run, or `{HERE}`")
    parser.add_argument("--dry-run", action="store_true", help="check everything, change nothing")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    try:
        release = plan(given.root, given.name, given.bump)
        gate(given.root, given.name, given.against)
        if not given.dry_run:
            for path, text in changed(given.root, release).items():
                (given.root / path).write_text(text)
            commit(given.root, release)
    except RefusedError as refusal:
        print(f"release: {refusal}", file=sys.stderr)
        return 2
    print(f"{release.name} {release.version}{' would be' if given.dry_run else ' is'} released:\n{release.notes}")
    if not given.dry_run and release.folder.parts[0] == "services":
        print(f"Next   git push --follow-tags; tools/images.sh {release.name}; push the image")
        print(f"       helm upgrade ... --reuse-values --set services.{release.name}.tag={release.version}")
    return 0


def plan(root: Path, name: str, bump: str) -> Release:
    """Return the next release of a package.

    Raises:
        RefusedError: there is no such package, nothing to tell of it, or work that is not committed.
    """
    folders = [Path(place.format(name)) for place in PLACES]
    folder = next((one for one in folders if name and (root / one / "pyproject.toml").is_file()), None)
    if folder is None:
        raise RefusedError(f"there is no package {name!r}: name a folder of services/ or libs/, as S=carrier-gateway")
    if _git(root, "status", "--porcelain"):
        raise RefusedError("there is work that is not committed: commit or stash it")
    notes = UNRELEASED.search((root / folder / "CHANGELOG.md").read_text())
    if notes is None or not notes[1].strip():
        raise RefusedError(f"{folder}/CHANGELOG.md tells nothing under `## Unreleased`: say what changes for its users")
    version = tomllib.loads((root / folder / "pyproject.toml").read_text())["project"]["version"]
    release = Release(name, folder, next_version(version, bump), notes[1].strip())
    if _git(root, "tag", "--list", release.tag):
        raise RefusedError(f"the tag {release.tag} exists already: fetch what was released since")
    return release


def next_version(version: str, bump: str) -> str:
    """Return the version after this one."""
    numbers = [int(number) for number in version.split(".")]
    place = ("major", "minor", "patch").index(bump)
    return ".".join(str(number) for number in [*numbers[:place], numbers[place] + 1, *[0] * (2 - place)])


def touched(name: str) -> list[str]:
    """Return the events a service hears or publishes; every event for anything else, since all may rest on it."""
    service = topology.load().services.get(name)
    if service is None:
        return sorted(EVENTS)
    published = {event_type for event_type, event in EVENTS.items() if event.owner == name}
    return sorted({*service.consumes, *published} & set(EVENTS))


def gate(root: Path, name: str, against: str) -> None:
    """Hold the events of a package against what runs.

    Raises:
        RefusedError: one is not compatible, or nobody said what runs.
    """
    if not against:
        raise RefusedError(f"say what runs: AGAINST=https://tower.example.com, or AGAINST={HERE} to ask nobody")
    check = [sys.executable, "-m", "crossdock_cli", "schema", "check", *touched(name), "--root", str(root)]
    check += [] if against == HERE else ["--against", against]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RefusedError(f"it is not compatible with what runs at {against}\n{done.stdout}{done.stderr}")


def changed(root: Path, release: Release) -> Mapping[Path, str]:
    """Return the files that change, with their new text."""
    project, log = release.folder / "pyproject.toml", release.folder / "CHANGELOG.md"
    heading = f"## {release.version} ({datetime.now(UTC):%Y-%m-%d})\n"
    found = {
        project: VERSION.sub(f'version = "{release.version}"', (root / project).read_text(), count=1),
        log: (root / log).read_text().replace("## Unreleased\n", heading, 1),
        COMPOSE: with_default((root / COMPOSE).read_text(), release),
    }
    found |= {chart: with_tag((root / chart).read_text(), release) for chart in CHARTS}
    return found


def with_default(compose: str, release: Release) -> str:
    """Return the compose file with the version as the service's tag, where nobody asks for another."""
    image = "provisioner" if release.name == "chassis" else release.name
    variable = f"{image.upper().replace('-', '_')}_TAG"
    return re.sub(rf"\$\{{{variable}:-[^}}]*\}}", f"${{{variable}:-{release.version}}}", compose)


def with_tag(values: str, release: Release) -> str:
    """Return a chart's values with the version in the service's block."""
    block = rf"^  {re.escape(release.name)}: \{{(?:tag: [^,}}]+, )?"
    return re.sub(block, f"  {release.name}: {{tag: {release.version}, ", values, flags=re.MULTILINE)


def commit(root: Path, release: Release) -> None:
    """Commit and tag it."""
    _git(root, "commit", "--quiet", "--all", "--message", f"{release.name} {release.version}\n\n{release.notes}")
    _git(root, "tag", "--annotate", release.tag, "--message", release.notes)


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RefusedError(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
