"""Exports of the archive: made by a process of control-tower's own package, beside the service."""

import getpass
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossdock_cli.failures import CliError, Exit
from crossdock_cli.mesh import Mesh
from crossdock_cli.parts import service_env

STOPPED = 130
COMMAND = (sys.executable, "-m", "control_tower.lake")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for."""

    to: Path
    follow: bool
    every: float
    most: int
    with_personal_data: bool
    reason: str

    def arguments(self) -> list[str]:
        """Return what the exporting process is told."""
        said = ["--to", str(self.to.absolute()), "--every", str(self.every), "--most", str(self.most)]
        said += ["--actor", getpass.getuser(), "--reason", self.reason]
        said += ["--follow"] if self.follow else []
        return said + (["--with-personal-data"] if self.with_personal_data else [])


def run(mesh: Mesh, wish: Wish) -> Iterator[dict[str, Any]]:
    """Export, and yield each range when it is done.

    Raises:
        CliError: personal data without a reason, or the exporting process gave up; the text is its own.
    """
    if wish.with_personal_data and not wish.reason.strip():
        raise CliError("Personal data are exported only for a reason: add --reason.", Exit.USAGE)
    env = service_env(mesh.layout, "control-tower")
    with subprocess.Popen(
        [*COMMAND, "run", *wish.arguments()], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        if process.stdout is None or process.stderr is None:
            raise TypeError("the process has no pipes")
        for line in process.stdout:
            yield json.loads(line)
        why = process.stderr.read().strip().splitlines()
    if process.returncode == STOPPED:
        raise KeyboardInterrupt
    if process.returncode:
        raise CliError(why[-1] if why else f"The export ended with {process.returncode}.", Exit.UNCLEAN)


def views(folder: Path) -> str:
    """Return the SQL of the views on an export."""
    command = [*COMMAND, "views", "--of", str(folder.absolute())]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
