"""`crossdock edge` on the command line: it says what waits, and renews only a buffer nobody works on."""

from pathlib import Path

from typer.testing import CliRunner

from crossdock_cli.failures import CliError, Exit
from crossdock_cli.main import app
from edge.buffer import Adjustment, Buffer

SITE = "STORE-12"
run = CliRunner().invoke


def test_no_edge_is_said_so() -> None:
    done = run(app, ["edge", "status", "--url", "http://127.0.0.1:9"])
    assert isinstance(done.exception, CliError)
    assert done.exception.code is Exit.NOT_RUNNING


def test_a_wrong_site_is_a_usage_error(tmp_path: Path) -> None:
    done = run(app, ["edge", "start", "--site", "store twelve", "--folder", str(tmp_path)])
    assert isinstance(done.exception, CliError)
    assert done.exception.code is Exit.USAGE


def test_a_buffer_in_use_is_not_renewed(tmp_path: Path) -> None:
    buffer = Buffer(tmp_path, SITE)
    buffer.add(Adjustment(adjustment_id="T-1", sku="A", delta=-1, reason="sold"))
    asked = ["edge", "renew", "--site", SITE, "--folder", str(tmp_path)]
    refused = run(app, asked)
    assert isinstance(refused.exception, CliError)
    buffer.close()
    assert "1 adjustments go on" in run(app, asked).output
