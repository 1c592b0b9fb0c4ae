"""Flows name known events by who publishes them, hang together, and are what services can keep."""

from importlib.resources import files
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from canonical import EVENTS, flows, topology
from canonical.subjects import domain_of

SHIPPED = flows.load()
# Where no event causes the step: the carrier or the warehouse reports it when it happens.
REPORTED = {
    ("ship-to-deliver", "carrier.picked-up.v1"),
    ("returns", "warehouse.return-received.v1"),
}
each_flow = pytest.mark.parametrize("flow", SHIPPED.values(), ids=lambda flow: flow.name)


def text(*changed: dict[str, Any], **attributes: Any) -> str:
    """Return a flow of two steps as YAML, each step changed as told."""
    steps = [
        {"event": "order.released.v1", "publisher": "order-release", "what": "released"},
        {
            "event": "inventory.allocated.v1",
            "publisher": "inventory-sync",
            "what": "allocated",
            "after": ["order.released.v1"],
            "within_seconds": 5,
        },
    ]
    for step, change in zip(steps, changed, strict=False):
        step.update(change)
    return yaml.safe_dump({"name": "short", "title": "A short flow.", "steps": steps} | attributes)


def test_every_flow_of_the_mesh_is_shipped() -> None:
    assert set(SHIPPED) == {"order-to-ship", "ship-to-deliver", "returns", "inbound", "stock-sync"}
    assert all(flow.name == name for name, flow in SHIPPED.items())


def test_flows_are_read_from_the_package() -> None:
    folder = files("canonical") / "flows"
    assert {path.name for path in folder.iterdir()} == {f"{name}.yaml" for name in SHIPPED}


@each_flow
def test_a_step_is_published_by_the_service_of_its_domain(flow: flows.Flow) -> None:
    services = topology.load().services
    for step in flow.steps:
        assert step.event in EVENTS
        assert services[step.publisher].domain == domain_of(step.event)


@each_flow
def test_a_publisher_hears_what_its_step_follows(flow: flows.Flow) -> None:
    services = topology.load().services
    deaf = {
        (flow.name, step.event)
        for step in flow.steps
        if step.after
        and not set(step.after) & set(services[step.publisher].consumes)
        and not any(EVENTS[event].owner == step.publisher for event in step.after)
    }
    assert deaf == {known for known in REPORTED if known[0] == flow.name}


@each_flow
def test_a_flow_never_changes(flow: flows.Flow) -> None:
    with pytest.raises(ValidationError):
        flow.title = "other"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        flow.steps[0].event = "other"  # type: ignore[misc]


def test_flows_cannot_be_added_at_run_time() -> None:
    with pytest.raises(TypeError):
        SHIPPED["mine"] = next(iter(SHIPPED.values()))  # type: ignore[index]


def test_a_right_flow_is_read() -> None:
    flow = flows.parse("short", text())
    assert [step.event for step in flow.steps] == ["order.released.v1", "inventory.allocated.v1"]
    assert flow.steps[1].after == ("order.released.v1",)
    assert (flow.steps[0].within_seconds, flow.steps[1].within_seconds) == (None, 5)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (text({"event": "order.vanished.v1"}), r"order\.vanished\.v1 is not in the catalogue"),
        (
            text({}, {"after": ["order.completed.v1"]}),
            r"allocated\.v1 follows what is not in the flow: order\.completed",
        ),
        (text({"publisher": "inventory-sync"}), "is published by order-release, not by inventory-sync"),
        (text({}, {"after": ["inventory.allocated.v1"]}), r"no beginning leads to inventory\.allocated\.v1"),
        (text({}, {"after": []}), "has a time limit and follows nothing"),
        (text({}, {"within_seconds": 0}), "within_seconds"),
        (text({}, {"within_seconds": float("inf")}), "within_seconds"),
        (text({}, {"within_secs": 5}), "within_secs"),
        (text({"what": ""}), "what"),
        (text({}, {"event": "order.released.v1", "publisher": "order-release"}), "twice"),
        (text(steps=[]), "steps"),
        (text(title=""), "title"),
        (text(name="long"), "the file calls it 'long'"),
        ("", "flow short"),
        ("[]", "flow short"),
        ("steps: [", "flow short"),
        ("!!python/object/apply:os.getcwd []", "flow short"),
    ],
)
def test_a_flow_that_does_not_hang_together_is_refused(wrong: str, reason: str) -> None:
    with pytest.raises(flows.InvalidFlow, match=reason) as refused:
        flows.parse("short", wrong)
    assert str(refused.value).startswith("flow short: ")
