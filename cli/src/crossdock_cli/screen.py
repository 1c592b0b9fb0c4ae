"""What people see: data on standard output, everything else on standard error; plain lines when it is no terminal."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console


def out() -> Console:
    """Return the console of results."""
    return Console(file=sys.stdout, highlight=False)


def err() -> Console:
    """Return the console of progress and errors."""
    return Console(file=sys.stderr, highlight=False)


def print_json(value: Any) -> None:  # noqa: ANN401  any JSON value
    """Print one JSON value on standard output, indented on a terminal."""
    indent = 2 if sys.stdout.isatty() else None
    sys.stdout.write(json.dumps(value, indent=indent, default=str) + "\n")
    sys.stdout.flush()


def milliseconds(value: float | None) -> str:
    """Return a duration for people: ms below a second, seconds above."""
    if value is None:
        return "-"
    return f"{value:.0f} ms" if value < 1000 else f"{value / 1000:.1f} s"


def plain(text: str) -> str:
    """Return text that is printed as it is, brackets and all."""
    from rich.markup import escape

    return escape(text)


def table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under titles on standard output."""
    from rich import box
    from rich.table import Table

    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        shown.add_column(title, overflow="fold")
    for row in rows:
        shown.add_row(*(plain(str(cell)) for cell in row))
    out().print(shown)
