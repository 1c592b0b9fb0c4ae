"""Container engines of this machine; a test that needs one which is missing is skipped, and says so loudly."""

import os
import shutil
import subprocess
import time
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
IMAGES = os.environ.get("IMAGES", "crossdock")
READY_SECONDS = 420.0


def output(*command: str, **env: str) -> str:
    """Return what a command prints; empty when it fails or is not there."""
    if shutil.which(command[0]) is None:
        return ""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **env})
    return done.stdout if done.returncode == 0 else ""


def skip(reason: str) -> None:
    """Skip, and put the reason among the warnings of the whole run."""
    warnings.warn(f"NOT TESTED: {reason}", stacklevel=2)
    pytest.skip(reason)


def require_images(engine: str, names: Iterable[str]) -> None:
    """Skip unless an engine runs and has these images."""
    if not output(engine, "info"):
        skip(f"no {engine} engine answers")
    if missing := [name for name in names if not output(engine, "image", "inspect", name)]:
        skip(f"{engine} has no image {', '.join(missing)}: run make images or tools/offline_images.sh")


def wait_ready(urls: Mapping[str, str]) -> None:
    """Wait until every address answers well.

    Raises:
        TimeoutError: one does not.
    """
    deadline = time.monotonic() + READY_SECONDS
    waiting: dict[str, str] = {}
    while time.monotonic() < deadline:
        waiting = {name: why for name, url in urls.items() if (why := _why_not(url))}
        if not waiting:
            return
        time.sleep(1.0)
    raise TimeoutError(f"not ready: {waiting}")


def _why_not(url: str) -> str:
    try:
        answer = httpx.get(url, timeout=3.0)
    except httpx.HTTPError as error:
        return repr(error)
    return "" if answer.is_success else answer.text
