"""Write the OpenAPI and the AsyncAPI document of every service; `--check` only says which are stale."""

import argparse
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from canonical.topology import load
from chassis import Settings
from chassis.asyncapi import document
from chassis.host import make_app

ROOT = Path(__file__).parent.parent
REGION = "eu"


def files() -> Iterator[tuple[Path, str]]:
    """Yield every document's path and what it should hold."""
    topology = load()
    for name in topology.services:
        folder = ROOT / "services" / name / "docs"
        app = make_app(built(name))
        yield folder / "openapi.json", text(app.openapi())
        yield folder / "asyncapi.json", text(document(name, app.version, topology, REGION))


def built(name: str) -> Any:  # noqa: ANN401  a service of a package named by the topology
    """Return a service with its default settings; nothing is connected to."""
    package = name.replace("-", "_")
    settings = importlib.import_module(f"{package}.settings")
    kinds = [
        kind
        for kind in vars(settings).values()
        if isinstance(kind, type) and issubclass(kind, Settings) and kind is not Settings
    ]
    return importlib.import_module(f"{package}.app").build(kinds[0]())


def text(value: dict[str, Any]) -> str:
    """Return JSON the way it is kept."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def stale() -> list[Path]:
    """Return the documents that are not as the code wants them."""
    return [path for path, content in files() if not path.is_file() or path.read_text() != content]


def main() -> int:
    """Write, or only check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when a document is stale")
    check = parser.parse_args().check
    wanted, changed = dict(files()), stale()
    for path in changed:
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(wanted[path])
        sys.stdout.write(f"{'stale' if check else 'wrote'} {path.relative_to(ROOT)}\n")
    if check and changed:
        sys.stderr.write("run `make schemas` and commit what it writes\n")
    return 1 if check and changed else 0


if __name__ == "__main__":
    raise SystemExit(main())
