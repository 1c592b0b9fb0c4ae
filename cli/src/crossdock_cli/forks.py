"""Python processes of ours, forked from one that has the large libraries loaded: a start takes tenths of a second."""

import multiprocessing
import os
import runpy
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerProcess

LOADED = ["chassis", "chassis.host", "alembic.ddl.postgresql", "httpx", "uvicorn.protocols.http.httptools_impl"]
"""What is loaded once for all; nothing of one service, since each has tables of its own."""

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(LOADED)


def fork(
    module: str, args: tuple[str, ...], env: Mapping[str, str], log: Path, python: str | None = None
) -> "ForkServerProcess":
    """Start `python -m module args` in a session of its own, its output going to a log file.

    `python` is that of another virtual environment; None means this one, and is quicker.
    """
    process = _context.Process(target=_run, args=(module, args, dict(env), str(log), python))
    process.start()
    return process


def _run(module: str, args: tuple[str, ...], env: Mapping[str, str], log: str, python: str | None) -> None:
    """Be that process: this is where it begins."""
    os.setsid()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    if python:
        os.execve(python, [python, "-m", module, *args], dict(env))  # noqa: S606  no shell is wanted
    os.environ.clear()
    os.environ.update(env)
    sys.argv = [module, *args]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
