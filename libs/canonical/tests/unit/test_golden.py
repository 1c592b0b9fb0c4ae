"""A model never changes without its golden schema and its example."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from canonical import EVENTS, decode

import schemas

EXAMPLES = sorted((schemas.CANONICAL / "examples").glob("*.json"))
each_example = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)


@pytest.fixture
def copy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty place for the golden files."""
    monkeypatch.setattr(schemas, "CANONICAL", tmp_path)
    return tmp_path


def kept(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.glob("*/*.json")}


def test_golden_files_are_what_the_models_say() -> None:
    assert [path.name for path in schemas.stale()] == [], "run `make schemas` and commit what it writes"


def test_every_event_has_its_golden_files() -> None:
    for folder, suffix in schemas.SUFFIXES.items():
        names = {path.name for path in (schemas.CANONICAL / folder).iterdir()}
        assert names == {f"{event_type}{suffix}" for event_type in EVENTS}


@each_example
def test_an_example_is_an_event_as_it_travels(path: Path) -> None:
    envelope, event = decode(path.read_bytes())
    assert type(event) is EVENTS[path.stem]
    assert envelope.subject == envelope.partitionkey == event.key
    assert envelope.source == f"/eu/{event.owner}"
    again = {
        **envelope.model_dump(mode="json", exclude_none=True),
        "data": event.model_dump(mode="json", exclude_none=True),
    }
    assert schemas.text(again).encode() == path.read_bytes()


@each_example
def test_an_example_fills_every_field(path: Path) -> None:
    event = EVENTS[path.stem]
    assert set(json.loads(path.read_text(encoding="utf-8"))["data"]) == set(event.model_fields)


@each_example
def test_an_example_holds_nothing_of_anybody(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert set(re.findall(r"@([^\s\"]+)", text)) <= {"example.com"}
    personal = set(private(decode(path.read_bytes())[1]))
    fictional = {value for value in (*schemas.SAMPLES.values(), *schemas.WAREHOUSE.values()) if isinstance(value, str)}
    assert personal <= fictional


def private(model: BaseModel) -> Iterator[str]:
    """Yield every value of a model and its parts that is marked as personal data."""
    for name, field in type(model).model_fields.items():
        value: Any = getattr(model, name)
        extra = field.json_schema_extra
        if isinstance(extra, dict) and extra.get("classification") == "pii":
            yield str(value)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, BaseModel):
                yield from private(part)


def test_every_override_is_of_a_known_event_and_field() -> None:
    unknown = [
        (event_type, name)
        for event_type, values in schemas.OVERRIDES.items()
        for name in values
        if event_type not in EVENTS or name not in EVENTS[event_type].model_fields
    ]
    assert unknown == []


def test_a_changed_model_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = schemas.schema_of

    def with_one_field_more(event: type) -> dict[str, Any]:
        made = real(event)  # type: ignore[arg-type]
        if made["title"] == "OrderReleased":
            made["properties"]["gift_wrap"] = {"type": "boolean"}
        return made

    monkeypatch.setattr(schemas, "schema_of", with_one_field_more)
    assert [path.name for path in schemas.stale()] == ["order.released.v1.schema.json"]


def test_writing_twice_writes_the_same(copy: Path) -> None:
    assert schemas.main([]) == 0
    first = kept(copy)
    assert len(first) == 2 * len(EVENTS)
    assert all(content.endswith(b"}\n") for content in first.values())
    assert schemas.write() == []
    assert kept(copy) == first


def test_check_names_what_is_stale_and_changes_nothing(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schemas.write()
    right = kept(copy)
    assert schemas.main(["--check"]) == 0
    (copy / "schemas" / "order.released.v1.schema.json").write_text("{}")
    (copy / "examples" / "order.cancelled.v1.json").unlink()
    (copy / "examples" / "order.vanished.v1.json").write_text("{}")
    before = kept(copy)
    capsys.readouterr()
    assert schemas.main(["--check"]) == 1
    said = capsys.readouterr()
    assert sorted(said.out.splitlines()) == [
        "stale examples/order.cancelled.v1.json",
        "stale examples/order.vanished.v1.json",
        "stale schemas/order.released.v1.schema.json",
    ]
    assert "run `make schemas`" in said.err
    assert kept(copy) == before
    assert schemas.main([]) == 0
    assert kept(copy) == right


def test_a_field_of_a_type_without_sample_is_refused_by_name() -> None:
    class Odd(BaseModel):
        blob: bytes

    with pytest.raises(TypeError, match="blob"):
        schemas.filled(Odd)
