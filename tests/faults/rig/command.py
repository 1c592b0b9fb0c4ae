"""The command line, run in this process: what it printed and how it ended."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from crossdock_cli.failures import CliError
from crossdock_cli.main import app


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
    """Run a command on the mesh of a state folder.

    Raises:
        Exception: what the command did not foresee.
    """
    done = CliRunner().invoke(app, [*args, "--state-dir", str(folder)])
    if isinstance(done.exception, CliError):
        return Ran(done.exception.code, done.stdout, str(done.exception))
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Ran(done.exit_code, done.stdout, done.stderr)
