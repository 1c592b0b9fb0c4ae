"""A model never changes without its golden schema and its example."""

import json
from pathlib import Path

import pytest

from canonical import EVENTS, decode

import schemas

EXAMPLES = sorted((schemas.CANONICAL / "examples").glob("*.json"))


def test_golden_files_are_what_the_models_say() -> None:
    assert [path.name for path in schemas.stale()] == [], "run `make schemas` and commit what it writes"


def test_every_event_has_its_golden_files() -> None:
    for folder in ("schemas", "examples"):
        assert {path.stem for path in (schemas.CANONICAL / folder).glob("*.json")} == set(EVENTS)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_an_event_as_it_travels(path: Path) -> None:
    envelope, event = decode(path.read_bytes())
    assert type(event) is EVENTS[path.stem]
    assert envelope.data == json.loads(event.model_dump_json(exclude_none=True))
    assert envelope.subject == envelope.partitionkey == event.key


def test_a_changed_model_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(schemas.SAMPLES, "order_id", "SO-2002")
    assert "order.released.v1.json" in [path.name for path in schemas.stale()]


@pytest.mark.parametrize("event", EVENTS.values(), ids=lambda event: event.type)
def test_every_event_and_field_says_what_it_means(event: type) -> None:
    schema = event.model_json_schema()  # type: ignore[attr-defined]
    assert schema["description"].endswith((".", "!"))
    models = [schema, *schema.get("$defs", {}).values()]
    silent = [name for model in models for name, field in model.get("properties", {}).items() if not _said(field)]
    assert silent == []


def _said(field: dict[str, object]) -> bool:
    return bool(field.get("description"))
