"""Services of two releases work together: one of them with the next minor of the events, and all the others with it."""

import asyncio
import shutil
import sys
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rig.meshes import drained, running

import canonical
from canonical import topology

from crossdock_cli import journal
from crossdock_cli.world import Wish

from .conftest import SETTINGS

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

GATEWAY = "carrier-gateway"
OTHERS = tuple(name for name, service in topology.load().services.items() if service.consumes and name != GATEWAY)
BASE = "    type: ClassVar[str]\n    owner: ClassVar[str]\n"
ADDED = '\n    told_at_dock: str | None = "D7"\n    """A field the next minor has more."""\n'


@pytest.fixture
def next_release(tmp_path: Path) -> str:
    """An interpreter whose events have one optional field more, each of them."""
    source = tmp_path / "next" / "canonical"
    shutil.copytree(Path(canonical.__file__).parent, source)
    event = source / "event.py"
    text = event.read_text()
    assert BASE in text
    event.write_text(text.replace(BASE, BASE + ADDED))
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{source.parent}" exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return str(python)


@pytest.mark.parametrize("newer", [(GATEWAY,), OTHERS], ids=["one-is-newer", "one-is-older"])
def test_two_releases_deliver_together(next_release: str, tmp_path: Path, newer: Collection[str]) -> None:
    with running(tmp_path / "mesh", pythons=dict.fromkeys(newer, next_release), **SETTINGS) as mesh:
        drained(mesh, Wish(orders=30, seed=21, scenario="mixed"), seconds=90).assert_clean()
        facts = asyncio.run(
            journal.read_types(mesh.layout, sorted(canonical.EVENTS), datetime.now(UTC) - timedelta(hours=1))
        )
    assert {fact.service for fact in facts if "told_at_dock" in fact.data} == set(newer)
    assert {fact.service for fact in facts} == {GATEWAY, *OTHERS}
