"""The book of figures: every fault test writes one line, from which the table of docs/reliability.md is made."""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

FULL = os.environ.get("CROSSDOCK_FAULTS") == "full"
T = TypeVar("T")


def size(ci: T, full: T) -> T:
    """Return the size of a run: small in every CI run, full with `make faults`."""
    return full if FULL else ci


@dataclass(frozen=True, slots=True)
class Figure:
    """What one fault test saw; `counts` is what the oracle counted: lost, doubled, kills in flight and so on."""

    target: str
    title: str
    seed: int
    figure: str
    counts: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    full: bool = FULL
    day: str = ""


class Report:
    """Collects figures; they go to the file named by CROSSDOCK_FAULTS_RESULTS, one JSON object per line."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def note(self, target: str, title: str, *, seed: int, figure: str, **counts: float) -> None:
        """Keep what a test saw; `figure` is the sentence the table shows."""
        line = Figure(
            target,
            title,
            seed,
            figure,
            counts,
            round(time.monotonic() - self._started, 1),
            day=datetime.now(UTC).date().isoformat(),
        )
        print(f"\n{target} {title}: {figure}")
        if path := os.environ.get("CROSSDOCK_FAULTS_RESULTS"):
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(line)) + "\n")
