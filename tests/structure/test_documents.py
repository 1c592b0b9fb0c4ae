"""What a service says about itself is what its code does."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from workspace import SERVICES

import documents

DOCUMENTS = [service.folder / "docs" / name for service in SERVICES for name in ("openapi.json", "asyncapi.json")]


def test_documents_are_current() -> None:
    assert [str(path.relative_to(documents.ROOT)) for path in documents.stale()] == [], "run `make schemas`"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_every_reference_leads_somewhere(path: Any) -> None:
    document = json.loads(path.read_text())
    targets = set(references(document))
    assert targets
    for target in targets:
        found: Any = document
        for step in target.removeprefix("#/").split("/"):
            found = found[step]


def references(value: Any) -> Iterable[str]:
    if isinstance(value, Mapping):
        if isinstance(target := value.get("$ref"), str):
            yield target
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)
