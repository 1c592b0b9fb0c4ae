"""The command line as a person runs it, and what it printed."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended."""

    code: int
    said: str
    error: str

    @property
    def json(self) -> Any:
        """What it printed, decoded."""
        return json.loads(self.said)


def crossdock(*args: str, folder: Path) -> Ran:
    """Run the command on the mesh of a state folder."""
    command = [sys.executable, "-m", "crossdock_cli", *args, "--state-dir", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    return Ran(done.returncode, done.stdout, done.stderr)
