"""What people see: data on standard output, everything else on standard error; plain lines when it is no terminal."""

import json
import sys
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
