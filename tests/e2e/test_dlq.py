"""Dead letters as a person ends them: found, understood, assigned, corrected, discarded; and every act is kept."""

import asyncio
import getpass
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from rig.streams import connected, password_of

from canonical import publish_subject, seal
from chassis.testing.orders import NOON, released

from crossdock_cli.mesh import Mesh

from .test_commands import CROSSDOCK

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SENDER, USAGE, UNCLEAN = "order-release", 2, 1
WITHIN_SECONDS = 30.0


def dlq(mesh: Mesh, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [str(CROSSDOCK), "dlq", *arguments, "--state-dir", mesh.layout.state_dir]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)


def answered(mesh: Mesh, *arguments: str) -> Any:
    done = dlq(mesh, *arguments, "--json")
    assert done.returncode == 0, done
    return json.loads(done.stdout)


async def publish(mesh: Mesh, subject: str, body: bytes) -> None:
    password = password_of(mesh.layout, SENDER)
    async with connected(mesh.layout.broker_url(), SENDER, password) as client:
        await client.jetstream().publish(subject, body)


def send_broken(mesh: Mesh, order_id: str, sku: str = "SKU-1") -> str:
    """Publish the release of an order of minus one piece; returns what it should have been."""
    plain = released(order_id)
    event = plain.model_copy(update={"lines": (plain.lines[0].model_copy(update={"sku": sku}),)})
    envelope = seal(
        event, event_id=f"order.released.v1:{order_id}", source="/eu/order-release", correlation_id=order_id,
        causation_id=None, region="eu", recorded_at=NOON,
    )  # fmt: skip
    whole = envelope.model_dump_json(exclude_none=True)
    broken = whole.replace('"quantity":1,', '"quantity":-1,')
    assert broken != whole
    asyncio.run(publish(mesh, publish_subject(event, "eu"), broken.encode()))
    return whole


def letters_about(mesh: Mesh, order_id: str) -> dict[str, dict[str, Any]]:
    """Wait for the letters whose body names an order; returns them by service."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while time.monotonic() < deadline:
        listed = answered(mesh, "list", "--letters", "--remedy", "fix-at-sender")["letters"]
        shown = [answered(mesh, "show", f"{one['service']}/{one['id']}", "--reveal") for one in listed]
        found = {one["service"]: one for one in shown if order_id in one["body"] and one["state"] == "dead"}
        if {"inventory-sync", "notification"} <= set(found):
            return found
        time.sleep(0.2)
    raise AssertionError(f"no dead letters about {order_id}")


def test_a_broken_event_is_found_assigned_corrected_and_takes_effect(own_mesh: Mesh, tmp_path: Path) -> None:
    whole = send_broken(own_mesh, "SO-CORRECTED")
    letter = letters_about(own_mesh, "SO-CORRECTED")["inventory-sync"]
    name = f"inventory-sync/{letter['id']}"
    assert "quantity" in letter["error"]
    assert (letter["stream"], letter["playbook"]["team"], letter["assignee"]) == (
        "ORDER",
        "partner-onboarding",
        "partner-onboarding",
    )
    assert "ada@example.com" not in dlq(own_mesh, "show", name, "--json").stdout
    answered(own_mesh, "assign", name, "--to", "grace")
    corrected = tmp_path / "corrected.json"
    corrected.write_text(whole.replace('"quantity":1,', '"quantity":0,'))
    refused = dlq(own_mesh, "edit", name, "--file", str(corrected), "--retry")
    assert refused.returncode != 0
    assert "quantity" in refused.stderr
    corrected.write_text(whole)
    answered(own_mesh, "edit", name, "--file", str(corrected), "--reason", "one piece, says the shop", "--retry")
    deadline = time.monotonic() + WITHIN_SECONDS
    while (found := answered(own_mesh, "show", name))["state"] != "resolved":
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    assert found["assignee"] == "grace"
    assert [(one["action"], one["actor"]) for one in found["history"]] == [
        (action, getpass.getuser()) for action in ("assign", "edit", "retry")
    ]
    nothing_left = dlq(own_mesh, "retry", name)
    assert nothing_left.returncode == UNCLEAN
    assert "no such letter" in nothing_left.stderr


def test_a_group_is_retried_in_vain_and_discarded_with_a_reason(own_mesh: Mesh) -> None:
    send_broken(own_mesh, "SO-HOPELESS")
    letter = letters_about(own_mesh, "SO-HOPELESS")["notification"]
    group = ("--group", letter["fingerprint"], "--service", "notification")
    in_vain = dlq(own_mesh, "retry", *group, "--yes", "--json")
    assert in_vain.returncode == UNCLEAN, in_vain
    (act,) = json.loads(in_vain.stdout)["acts"]
    assert act["counts"]["dead again"] >= 1
    without_reason = dlq(own_mesh, "discard", *group)
    assert (without_reason.returncode, "--reason" in without_reason.stderr) == (USAGE, True)
    (done,) = answered(own_mesh, "discard", *group, "--reason", "sent again by the shop", "--yes")["acts"]
    assert (done["state"], done["covered"] >= 1) == ("done", True)
    shown = answered(own_mesh, "show", f"notification/{letter['id']}")
    assert (shown["state"], shown["outcome"]) == ("discarded", "sent again by the shop")
    listed = answered(own_mesh, "acts")["acts"]
    assert {"retry", "discard"} <= {one["action"] for one in listed if one["service"] == "notification"}


def test_a_redirected_letter_reaches_the_other_service_and_the_streams_stay_whole(own_mesh: Mesh) -> None:
    send_broken(own_mesh, "SO-ELSEWHERE")
    letter = letters_about(own_mesh, "SO-ELSEWHERE")["inventory-sync"]
    name = f"inventory-sync/{letter['id']}"
    refused = dlq(own_mesh, "redirect", name, "--to", "nowhere")
    assert (refused.returncode != 0, "nowhere" in refused.stderr) == (True, True)
    answered(own_mesh, "redirect", name, "--to", "notification", "--reason", "it wants to hear of it too")
    assert answered(own_mesh, "show", name)["state"] == "redirected"
    command = [str(CROSSDOCK), "streams", "check", "--state-dir", own_mesh.layout.state_dir]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked


def on_hand(mesh: Mesh, sku: str) -> int:
    """Return how many of an item there are."""
    found = httpx.get(f"{mesh.url('inventory-sync')}/inventory", params={"sku": sku}).json()["items"]
    return sum(one["on_hand"] for one in found)


def test_a_report_the_adapter_refused_is_corrected_and_taken_in_once(own_mesh: Mesh, tmp_path: Path) -> None:
    report = {
        "eventId": "GR-DLQ", "type": "GOODS_RECEIVED", "at": "2026-03-02T12:00:00Z", "receiptId": "GR-DLQ",
        "sku": "DLQ-1", "site": "DC-BER", "qty": 7,
    }  # fmt: skip
    batch = {"events": [report | {"qty": -7}]}
    answer = httpx.post(f"{own_mesh.url('warehouse-adapter')}/wms/events", json=batch).json()
    assert "qty" in answer["rejected"][0]["reason"]
    listed = answered(own_mesh, "list", "--letters", "--remedy", "fix-at-sender")["letters"]
    (letter,) = (one for one in listed if one["service"] == "warehouse-adapter")
    corrected = tmp_path / "report.json"
    corrected.write_text(json.dumps(report))
    name = f"warehouse-adapter/{letter['id']}"
    answered(own_mesh, "edit", name, "--file", str(corrected), "--retry")
    deadline = time.monotonic() + WITHIN_SECONDS
    while on_hand(own_mesh, "DLQ-1") != 7:
        assert time.monotonic() < deadline, answered(own_mesh, "show", name)
        time.sleep(0.2)
    again = httpx.post(f"{own_mesh.url('warehouse-adapter')}/wms/events", json={"events": [report]}).json()
    assert (again["duplicates"], answered(own_mesh, "show", name)["state"]) == (1, "resolved")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("retry",), "Say which"),
        (("show", "12"), "SERVICE/NUMBER"),
        (("show", "nowhere/1"), "nowhere"),
        (("resume", "no-such-act"), "0 acts"),
    ],
)
def test_a_mistake_is_told(own_mesh: Mesh, arguments: tuple[str, ...], says: str) -> None:
    done = dlq(own_mesh, *arguments)
    assert done.returncode in {UNCLEAN, USAGE}
    assert says in done.stderr
    assert "Traceback" not in done.stderr
