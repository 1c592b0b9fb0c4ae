"""Metadata changes one known revision at a time; a schema is registered when it keeps what was registered."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from canonical.contracts import Contract
from canonical.metadata import Consumer, Document, SchemaEntry
from canonical.ops import MetadataChanged, PartnerProfileChanged, SchemaRegistered
from chassis import FixedClock
from chassis.testing import FakeBook

from control_tower.domain.metadata import Change, Superseded, consumers_of, entry_of
from control_tower.handlers import change

NOW = datetime(2026, 11, 1, tzinfo=UTC)
AUTHOR = {"actor": "ada", "reason": "new"}
PARTNER = {"title": "Nordhandel", "role": "customer"}


def wish(**changed: Any) -> Change:
    given = {"kind": "partner", "name": "nordhandel", "body": PARTNER, "expected": None} | AUTHOR
    return Change(**(given | changed))


async def make(book: FakeBook[Document], **changed: Any) -> Any:
    return (await change(wish(**changed), metadata=book, clock=FixedClock(NOW)))[0]


async def test_each_change_is_a_revision_and_a_fact() -> None:
    book: FakeBook[Document] = FakeBook()
    first = await make(book)
    second = await make(book, expected=1, body={**PARTNER, "title": "Nordhandel AG"}, reason="renamed")
    assert isinstance(first, PartnerProfileChanged)
    assert (second.partner, second.revision, second.actor, second.reason) == ("nordhandel", 2, "ada", "renamed")
    now = await book.get("partner/nordhandel")
    assert now is not None
    assert (now.revision, now.body) == (2, {**PARTNER, "title": "Nordhandel AG"})


async def test_who_knows_an_old_revision_is_told_who_was_faster() -> None:
    book: FakeBook[Document] = FakeBook()
    await make(book)
    await make(book, expected=1, actor="bo", reason="endpoint moved")
    with pytest.raises(Superseded, match=r"revision 2, changed by bo at .*: endpoint moved"):
        await make(book, expected=1)
    with pytest.raises(Superseded, match="revision 2, changed by bo"):
        await make(book)
    with pytest.raises(Superseded, match="not there"):
        await make(book, name="nobody", expected=3)


async def test_what_is_withdrawn_says_nothing_and_can_come_back() -> None:
    book: FakeBook[Document] = FakeBook()
    await make(book)
    gone = await make(book, expected=1, body=None, reason="left us")
    back = await make(book, expected=2, reason="came back")
    assert isinstance(gone, MetadataChanged)
    assert (gone.kind, gone.is_valid) == ("partner", False)
    assert back.revision == 3


@pytest.mark.parametrize("empty", ["actor", "reason"])
def test_nothing_changes_without_somebody_and_a_reason(empty: str) -> None:
    with pytest.raises(ValueError, match=empty):
        wish(**{empty: ""})


def test_the_same_change_sent_again_has_the_same_number() -> None:
    assert wish().number == wish().number
    assert len({wish().number, wish(reason="other").number, wish(expected=1).number}) == 3


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [name for name in properties if name != "note"]}


TEXT, NUMBER = {"type": "string"}, {"type": "integer"}


def entry(past: list[SchemaEntry], **properties: Any) -> Any:
    return entry_of("order.released.v1", schema(**properties), "order-release", past, ())


def test_a_schema_that_keeps_the_promise_is_the_next_revision() -> None:
    first = entry([], order_id=TEXT)
    second = entry([first], order_id=TEXT, note=TEXT)
    assert (first.revision, second.revision) == (1, 2)
    assert first.digest != second.digest


def test_a_schema_that_breaks_it_is_refused_with_field_and_direction() -> None:
    first = entry([], order_id=TEXT, note=TEXT)
    assert entry([first], order_id=NUMBER).startswith("order.released.v1 $.order_id: ")
    second = entry([first], order_id=TEXT)
    assert "(BACKWARD)" in entry([first, second], order_id=TEXT, note=NUMBER), "a field that comes back otherwise"


def test_an_older_release_registers_nothing() -> None:
    first = entry([], order_id=TEXT)
    second = entry([first], order_id=TEXT, note=TEXT)
    assert entry([first, second], order_id=TEXT) == second


async def test_a_new_schema_is_told_and_a_new_reader_too() -> None:
    book: FakeBook[Document] = FakeBook()
    first = entry([], order_id=TEXT)
    name = {"kind": "schema", "name": "order.released.v1"}
    told = await make(book, **name, body=first.model_dump(mode="json"))
    read = first.model_copy(update={"consumers": (Consumer(service="yard", since=NOW, reads={"order_id": "string"}),)})
    again = await make(book, **name, body=read.model_dump(mode="json"), expected=1)
    assert told == SchemaRegistered(occurred_at=NOW, event_type="order.released.v1", digest=first.digest)
    assert isinstance(again, MetadataChanged)


def test_a_reader_is_known_since_it_was_first_seen() -> None:
    contracts = {"yard": Contract(service="yard", reads={"order.released.v1": {"order_id": "string"}})}
    first = consumers_of("order.released.v1", ["yard"], contracts, (), NOW)
    later = consumers_of("order.released.v1", ["yard", "gate"], contracts, first, NOW + timedelta(days=1))
    assert [(one.service, one.since, one.reads) for one in later] == [
        ("gate", NOW + timedelta(days=1), "everything"),
        ("yard", NOW, {"order_id": "string"}),
    ]
