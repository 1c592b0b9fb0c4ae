"""What `make check` says to wrong changes planted in a copy of the tree: each is refused, consumers are named."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("libs/canonical/src", "libs/canonical/registered", "libs/canonical/examples")
ORDERS = Path("libs/canonical/src/canonical/orders.py")
INVENTORY = Path("libs/canonical/src/canonical/inventory.py")
VALUES = Path("libs/canonical/src/canonical/values.py")
GIT = ["git", "-c", "user.name=test", "-c", "user.email=test@example.com"]


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that holds the contract of the mesh and the services' contracts."""
    folder = tmp_path_factory.mktemp("committed")
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for contract in ROOT.glob("services/*/contract.yaml"):
        target = folder / contract.relative_to(ROOT)
        target.parent.mkdir(parents=True)
        shutil.copy(contract, target)
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "as it was"]):
        subprocess.run([*GIT, *command], cwd=folder, check=True)
    return folder


@pytest.fixture
def tree(committed: Path, tmp_path: Path) -> Path:
    """A clone to change."""
    subprocess.run([*GIT, "clone", "-q", str(committed), str(tmp_path / "tree")], check=True)
    return tmp_path / "tree"


def crossdock(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Call the command with the tree's own canonical, as `make check` does in it."""
    source = str(tree / "libs/canonical/src")
    command = [sys.executable, "-m", "crossdock_cli", "schema", *arguments]
    return subprocess.run(
        command, cwd=tree, env={"PYTHONPATH": source, "COLUMNS": "200"}, capture_output=True, text=True, check=False
    )


def check(tree: Path) -> tuple[int, dict[str, Any]]:
    done = crossdock(tree, "check", "--json")
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def plant(tree: Path, file: Path, before: str, after: str) -> None:
    """Change a text of the contract that stands there once."""
    text = (tree / file).read_text()
    assert text.count(before) == 1
    (tree / file).write_text(text.replace(before, after))


PROMISED = """    service_level: ServiceLevel
    \"\"\"How fast it was promised.\"\"\"
    promised_at: AwareDatetime
"""
MAYBE = "    promised_at: AwareDatetime | None = None\n"
OUTCOME = '    outcome: Literal["delivered", "partially-delivered", "cancelled"]\n'
REASON = '    reason: Literal["out-of-stock", "unknown-sku"]\n'
STOCK, MAILS, RELEASE = ["control-tower", "inventory-sync"], ["control-tower", "notification"], "order-release"


def instead(of: str, line: str) -> str:
    """Return the text with its last line made anew."""
    return "".join(of.splitlines(keepends=True)[:-1]) + line


CASES: dict[str, tuple[Path, str, str, str, str, list[str]]] = {
    "removed": (ORDERS, PROMISED, instead(PROMISED, ""), "$.promised_at", "FORWARD", STOCK),
    "renamed": (ORDERS, PROMISED, instead(PROMISED, "    due_at: AwareDatetime\n"), "$.promised_at", "FORWARD", STOCK),
    "renamed to what nobody knows": (
        ORDERS,
        PROMISED,
        instead(PROMISED, "    due_at: AwareDatetime\n"),
        "$.due_at",
        "BACKWARD",
        ["control-tower"],
    ),
    "made optional": (ORDERS, PROMISED, instead(PROMISED, MAYBE), "$.promised_at", "FORWARD", STOCK),
    "made required": (ORDERS, MAYBE, "    promised_at: AwareDatetime\n", "$.promised_at", "BACKWARD", STOCK),
    "type widened": (ORDERS, PROMISED, instead(PROMISED, "    promised_at: str\n"), "$.promised_at", "FORWARD", STOCK),
    "type changed": (ORDERS, PROMISED, instead(PROMISED, "    promised_at: int\n"), "$.promised_at", "BACKWARD", STOCK),
    "enum value removed": (ORDERS, OUTCOME, OUTCOME.replace(', "cancelled"', ""), "$.outcome", "BACKWARD", MAILS),
    "enum value added": (ORDERS, OUTCOME, OUTCOME.replace("]", ', "lost"]'), "$.outcome", "FORWARD", MAILS),
    "enum value renamed": (
        INVENTORY,
        REASON,
        REASON.replace("unknown-sku", "no-such-sku"),
        "$.reason",
        "BACKWARD",
        [*MAILS, RELEASE],
    ),
    "limit tightened within a list": (
        VALUES,
        "Field(gt=0, le=100_000)]",
        "Field(gt=0, le=1_000)]",
        "$.lines[*].quantity",
        "BACKWARD",
        STOCK,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_break_is_refused_with_field_direction_and_consumers(tree: Path, case: str) -> None:
    file, before, after, path, direction, consumers = CASES[case]
    plant(tree, file, before, after)
    code, told = check(tree)
    assert code == 1
    found = [one for one in told["findings"] if (one["path"], one["direction"]) == (path, direction)]
    assert consumers in [one["breaks"] for one in found]


def test_people_are_told_what_breaks_whom_and_what_to_do(tree: Path) -> None:
    plant(tree, ORDERS, PROMISED, instead(PROMISED, ""))
    done = crossdock(tree, "check")
    assert done.returncode == 1
    assert "order.released.v1 $.promised_at  FORWARD with revision 1" in done.stdout
    assert "new data has no such field, the earlier schema requires it" in done.stdout
    assert "breaks control-tower, inventory-sync" in done.stdout
    assert "new version" in done.stdout


def test_an_optional_field_that_is_read_may_not_vanish_though_every_schema_could_do_without(tree: Path) -> None:
    plant(tree, ORDERS, MAYBE, "")
    code, told = check(tree)
    assert (code, told["findings"]) == (1, [])
    assert [(one["service"], one["event"], one["path"]) for one in told["unmet"]] == [
        ("inventory-sync", "order.changed.v1", "$.promised_at")
    ]


def test_an_addition_passes_and_becomes_the_next_revision(tree: Path) -> None:
    plant(tree, ORDERS, MAYBE, MAYBE + "    channel: str | None = None\n")
    code, told = check(tree)
    assert (code, told["unregistered"]) == (0, ["order.changed.v1"])
    done = crossdock(tree, "register", "--json")
    assert json.loads(done.stdout)["registered"] == ["libs/canonical/registered/order.changed.v1/2.schema.json"]
    assert check(tree)[1]["unregistered"] == []
    plant(tree, ORDERS, "    channel: str | None = None\n", "    channel: int | None = None\n")
    code, told = check(tree)
    assert code == 1
    assert {tuple(one["revisions"]) for one in told["findings"]} == {(2,)}


def test_a_break_is_not_registered(tree: Path) -> None:
    plant(tree, ORDERS, PROMISED, instead(PROMISED, ""))
    done = crossdock(tree, "register")
    assert done.returncode == 1
    assert "new version of the event" in done.stderr
    assert not (tree / "libs/canonical/registered/order.released.v1/2.schema.json").exists()


@pytest.mark.parametrize("is_committed", [False, True])
def test_a_revision_may_not_be_rewritten_to_fit_the_change(tree: Path, *, is_committed: bool) -> None:
    plant(tree, ORDERS, PROMISED, instead(PROMISED, ""))
    file = tree / "libs/canonical/registered/order.released.v1/1.schema.json"
    schema = json.loads(file.read_text())
    schema["required"].remove("promised_at")
    file.write_text(json.dumps(schema))
    if is_committed:
        subprocess.run([*GIT, "commit", "-qam", "as it suits me"], cwd=tree, check=True)
    code, told = check(tree)
    assert (code, told["rewritten"]) == (1, ["libs/canonical/registered/order.released.v1/1.schema.json"])


def test_an_event_that_is_heard_may_not_be_taken_away(tree: Path) -> None:
    plant(tree, ORDERS, 'type: ClassVar[str] = "order.cancelled.v1"', 'type: ClassVar[str] = "order.cancelled.v2"')
    code, told = check(tree)
    gone = [one for one in told["findings"] if one["event"] == "order.cancelled.v1"]
    assert code == 1
    assert gone[0]["breaks"] == ["inventory-sync", "warehouse-adapter"]
