"""What keeps the mesh from starting is said in one sentence, before anything is started."""

import shutil
import socket
from collections import namedtuple
from pathlib import Path

import pytest

from crossdock_cli import preflight
from crossdock_cli.failures import CliError, Exit
from crossdock_cli.layout import Layout

Usage = namedtuple("Usage", "total used free")


def refused(layout: Layout) -> str:
    with pytest.raises(CliError) as caught:
        preflight.check(layout)
    assert caught.value.code is Exit.PREFLIGHT
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_taken_port_names_the_port_the_part_and_the_way_out(tmp_path: Path, base_port: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", base_port + 22))
        taken.listen()
        text = refused(Layout(state_dir=str(tmp_path), base_port=base_port, with_sandbox=False))
    assert f"Port {base_port + 22} for nats-server is taken" in text
    assert "--base-port" in text


def test_full_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1 << 40, 1 << 40, 5 << 20))
    assert "Only 5 MiB are free" in refused(Layout(state_dir=str(tmp_path)))


def test_base_port_without_room_is_refused(tmp_path: Path) -> None:
    assert "65500" in refused(Layout(state_dir=str(tmp_path), base_port=65500))


def test_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "--state-dir" in refused(Layout(state_dir=str(tmp_path / "file" / "state")))


def test_ports_of_outside_servers_are_not_asked_for(tmp_path: Path) -> None:
    layout = Layout(state_dir=str(tmp_path), nats_url="nats://x", database_url="postgresql://x/y", with_sandbox=False)
    assert {what for _, what in preflight.ports(layout)} == set(layout.services())


def test_an_outside_server_that_does_not_answer_is_named_without_its_password(tmp_path: Path, base_port: int) -> None:
    url = f"postgresql://tower:secret@127.0.0.1:{base_port + 90}/crossdock"
    text = refused(Layout(state_dir=str(tmp_path), base_port=base_port, database_url=url))
    assert text == f"No database server answers at 127.0.0.1:{base_port + 90}: start it, or check --database-url."


def test_one_broker_of_several_that_answers_is_enough(tmp_path: Path, base_port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as broker:
        port = broker.getsockname()[1]
        urls = f"nats://127.0.0.1:{base_port + 90},nats://127.0.0.1:{port}"
        text = refused(Layout(state_dir=str(tmp_path), base_port=port - 1, nats_url=urls))
    assert text.startswith("Port"), "what is refused is that order-release would have the broker's port"
