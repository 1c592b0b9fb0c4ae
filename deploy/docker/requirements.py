"""What an image installs: our own packages, and the pinned lines of constraints.txt that they lead to.

`requirements.py ours SERVICE` prints our folders, `theirs SERVICE` what they ask of others, and `pinned FILE` the lines
of constraints.txt, hashes included, for what uv resolved; `line NAME` is one of them.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OWN = "crossdock-"
ELSEWHERE = {"provisioner": "libs/chassis", "sandbox": "sandbox"}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def normal(name: str) -> str:
    """Return a distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirements(folder: str) -> list[str]:
    """Return what a package of ours asks for."""
    project = tomllib.loads((ROOT / folder / "pyproject.toml").read_text())["project"]
    return list(project.get("dependencies", []))


def distribution(requirement: str) -> str:
    """Return the name in a requirement."""
    found = NAME.match(requirement)
    if found is None:
        raise SystemExit(f"{requirement!r} is no requirement")
    return normal(found.group())


def ours(service: str) -> list[str]:
    """Return the folders of a service's package and of the libraries it rests on."""
    folders = [ELSEWHERE.get(service, f"services/{service}")]
    for folder in folders:
        for requirement in requirements(folder):
            name = distribution(requirement)
            library = f"libs/{name.removeprefix(OWN)}"
            if name.startswith(OWN) and library not in folders:
                folders.append(library)
    return folders


def theirs(service: str) -> list[str]:
    """Return what a service's packages ask of others."""
    asked = {asked for folder in ours(service) for asked in requirements(folder)}
    return sorted(asked for asked in asked if not distribution(asked).startswith(OWN))


def pinned(names: list[str]) -> list[str]:
    """Return the lines of constraints.txt that pin these distributions."""
    blocks = re.split(r"\n(?=\S)", (ROOT / "constraints.txt").read_text().strip())
    found = {distribution(block): block for block in blocks}
    if missing := sorted(set(names) - found.keys()):
        raise SystemExit(f"constraints.txt does not pin {', '.join(missing)}: run make constraints")
    return [found[name] for name in sorted(set(names))]


def resolved(path: Path) -> list[str]:
    """Return the names in a file of requirements."""
    return [distribution(line) for line in path.read_text().splitlines() if line.strip()]


def main(arguments: list[str]) -> int:
    """Print what was asked for."""
    match arguments:
        case ["ours", service]:
            listed = ours(service)
        case ["theirs", service]:
            listed = theirs(service)
        case ["pinned", path]:
            listed = pinned(resolved(Path(path)))
        case ["line", name]:
            listed = pinned([normal(name)])
        case _:
            raise SystemExit(__doc__)
    sys.stdout.write("\n".join(listed) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
