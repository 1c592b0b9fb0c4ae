"""A mesh's addresses follow from its base port, and what was asked for is found again."""

from pathlib import Path

import pytest

from crossdock_cli.failures import CliError, Exit
from crossdock_cli.layout import Layout
from crossdock_cli.parts import sandbox, secret_file, service_env


def test_ports_move_with_the_base(tmp_path: Path) -> None:
    layout = Layout(state_dir=str(tmp_path), base_port=9300)
    assert layout.service_port("order-release") == 9301
    assert layout.broker_url() == "nats://127.0.0.1:9322"
    assert layout.database("order-release") == "postgresql+asyncpg://crossdock@127.0.0.1:9332/order-release"


def test_outside_servers_replace_ours(tmp_path: Path) -> None:
    layout = Layout(
        state_dir=str(tmp_path), nats_url="nats://broker:4222", database_url="postgresql://me:pw@db:5432/any"
    )
    assert layout.broker_url() == "nats://broker:4222"
    assert layout.monitor_url() is None
    assert layout.database("notification") == "postgresql+asyncpg://me:pw@db:5432/notification"


def test_saved_layout_is_read_back_and_private(tmp_path: Path) -> None:
    layout = Layout(state_dir=str(tmp_path), only=("notification",), settings={"LOG_LEVEL": "DEBUG"})
    layout.save()
    assert Layout.read(tmp_path) == layout
    assert (tmp_path / "mesh.json").stat().st_mode & 0o077 == 0


def test_unknown_service_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="order-relase") as caught:
        Layout(state_dir=str(tmp_path), only=("order-relase",)).services()
    assert caught.value.code is Exit.USAGE


def test_service_gets_only_the_secrets_it_needs(tmp_path: Path) -> None:
    layout = Layout(state_dir=str(tmp_path))
    assert [name for name in service_env(layout, "order-release") if "SECRET" in name] == []
    env = service_env(layout, "carrier-gateway")
    assert env["CROSSDOCK_SECRETS_DIR"] == str(secret_file(layout, "swiftparcel").parent)
    assert (Path(env["CROSSDOCK_CARRIERS_DIR"]) / "swiftparcel.yaml").is_file()
    assert "CROSSDOCK_PORTAL_SECRET_FILE" not in env


def test_service_uses_its_own_broker_user_and_database(tmp_path: Path) -> None:
    layout = Layout(state_dir=str(tmp_path), settings={"LOG_LEVEL": "DEBUG"})
    layout.broker_secrets.mkdir(parents=True)
    (layout.broker_secrets / "nats-notification.password").write_text("pw")
    env = service_env(layout, "notification")
    assert env["CROSSDOCK_NATS_USER"] == "notification"
    assert env["CROSSDOCK_DATABASE_URL"].endswith("/notification")
    assert env["CROSSDOCK_LOG_LEVEL"] == "DEBUG"


def test_settings_of_the_shell_do_not_reach_a_mesh_with_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSDOCK_ERP_POLL_SECONDS", "9")
    layout = Layout(state_dir=str(tmp_path))
    assert "CROSSDOCK_ERP_POLL_SECONDS" not in service_env(layout, "order-release")
    alone = Layout(state_dir=str(tmp_path), with_sandbox=False)
    assert service_env(alone, "order-release")["CROSSDOCK_ERP_POLL_SECONDS"] == "9"


def test_sandbox_is_told_the_base_port_and_the_secrets(tmp_path: Path) -> None:
    args = sandbox(Layout(state_dir=str(tmp_path), base_port=9300)).args
    assert args[args.index("--base-port") + 1] == "9300"
    assert args[args.index("--secrets-dir") + 1] == str(tmp_path / "secrets")
