"""What people do to dead letters: retried in waves, edited, discarded, assigned, redirected; each act is kept."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx
import orjson
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from canonical import topology
from canonical.orders import OrderReleased
from chassis import Permanent, Service
from chassis.effect import Outcome
from chassis.failures.selection import Act, Selection, Wish
from chassis.host import make_app
from chassis.testing import LocalMesh, eventually
from chassis.testing.orders import released
from chassis.testing.sample.app import NoteStore, empty, take_note

from .replaying import noted, publish, running, sealed_body, times

pytestmark = pytest.mark.integration

ACTOR = "ada"
MESH = topology.load()


class Catalog:
    """The SKUs a service knows; a person adds what is missing."""

    def __init__(self) -> None:
        self.has_item = False
        self.refuses: set[str] = set()

    async def handle(self, event: Any, *, notes: NoteStore) -> Outcome:
        if not self.has_item or event.order_id in self.refuses:
            raise Permanent("SKU SKU-1 is unknown", remedy="add-item")
        return await take_note(event, notes=notes)


@pytest.fixture
async def erp(mesh: LocalMesh) -> AsyncIterator[Client]:
    client = await mesh.connect("order-release")
    yield client
    await client.close()


async def served(mesh: LocalMesh, catalog: Catalog) -> Service:
    service = empty(await mesh.settings("inventory-sync", failures_in_a_row=1000))
    service.on(OrderReleased, catalog.handle, notes=NoteStore)
    return service


async def counts(service: Service) -> dict[str, int]:
    groups = await service.office.book.groups(100)
    return {group["error"]: group["dead"] for group in groups}


async def dead(service: Service, orders: list[str]) -> list[dict[str, Any]]:
    """Wait until these orders' letters are dead and return them."""

    async def are_there() -> bool:
        found = await service.office.book.listed(Selection(state="dead"), 0, 1000)
        return set(orders) <= {letter["correlation_id"] for letter in found}

    await eventually(are_there)
    found = await service.office.book.listed(Selection(state="dead"), 0, 1000)
    return [letter for letter in found if letter["correlation_id"] in orders]


async def over(service: Service, act: Act) -> Act:
    async def is_over() -> bool:
        return (await service.office.acts.known(act.id)).state != "running"

    await eventually(is_over)
    return await service.office.acts.known(act.id)


def retry(letters: list[dict[str, Any]], **more: Any) -> Wish:
    selection = Selection(ids=tuple(letter["id"] for letter in letters))
    return Wish(action="retry", selection=selection, actor=ACTOR, **more)


async def test_a_group_is_retried_in_waves_and_halts_while_the_cause_stays(mesh: LocalMesh, erp: Client) -> None:
    catalog, orders = Catalog(), [f"SO-wave-{number}" for number in range(40)]
    async with running(await served(mesh, catalog)) as service:
        for order_id in orders:
            await publish(erp, released(order_id))
        letters = await dead(service, orders)
        assert len({letter["fingerprint"] for letter in letters}) == 1
        halted = await over(service, await service.office.acts.begin(retry(letters)))
        assert (halted.state, halted.covered) == ("halted", 40)
        assert halted.counts == {"dead again": 1, "not begun": 39}
        catalog.has_item = True
        last = max(letters, key=lambda letter: int(letter["id"]))
        catalog.refuses = {last["correlation_id"]}
        await service.office.acts.resume(halted.id)
        done = await over(service, halted)
        assert (done.state, done.counts) == ("done", {"dead again": 2, "resolved": 38})
        again = await over(service, await service.office.acts.begin(retry(letters)))
        assert again.covered == 2  # what took effect is not covered any more
        assert sorted(await times(service, orders)) == [0] + [1] * 39
        assert len(await mesh.dead_letters("inventory-sync")) >= 42


async def test_the_same_act_sent_twice_is_one_and_a_retry_of_what_took_effect_does_nothing(
    mesh: LocalMesh, erp: Client
) -> None:
    catalog = Catalog()
    async with running(await served(mesh, catalog)) as service:
        await publish(erp, released("SO-twice"))
        letters = await dead(service, ["SO-twice"])
        catalog.has_item = True
        await publish(erp, released("SO-twice"))  # it comes again, and takes effect
        wish = retry(letters)
        first = await service.office.acts.begin(wish)
        assert (await service.office.acts.begin(wish)).id == first.id
        assert (await over(service, first)).counts == {"resolved": 1}
        shown = await service.office.book.shown(letters[0]["id"])
        assert await times(service, ["SO-twice"]) == [1]
        assert [(one["action"], one["actor"]) for one in shown["history"]] == [("retry", ACTOR)]


async def test_an_edit_is_validated_kept_and_takes_effect(mesh: LocalMesh, erp: Client) -> None:
    catalog = Catalog()
    catalog.has_item = True
    async with running(await served(mesh, catalog)) as service:
        body = sealed_body(released("SO-edit"))
        broken = body.replace(b'"quantity":1', b'"quantity":-1')
        assert broken != body
        await publish(erp, released("SO-edit"), body=broken)

        async def is_kept() -> bool:
            return any(group["remedy"] == "fix-at-sender" for group in await service.office.book.groups(100))

        await eventually(is_kept)
        (letter,) = await service.office.book.listed(Selection(remedy="fix-at-sender"), 0, 10)
        shown = await service.office.book.shown(letter["id"])
        assert shown["body"].encode() == broken
        api = httpx.AsyncClient(transport=httpx.ASGITransport(make_app(service)), base_url="http://service")
        edit = {"body": broken.decode(), "digest": shown["digest"], "actor": ACTOR, "retry": True}
        await _is_read_whole_with_a_reason(api, letter["id"])
        path = f"/dead-letters/{letter['id']}/edit"
        refused = await api.post(path, json=edit)
        assert refused.status_code == 422
        assert "quantity" in refused.text
        stale = await api.post(path, json=edit | {"body": body.decode(), "digest": "0" * 64})
        assert stale.status_code >= 400
        assert "changed by someone else" in stale.text
        assert (await api.post(path, json=edit | {"body": body.decode()})).status_code == 200
        await eventually(noted(service, ["SO-edit"]))
        history = (await service.office.book.shown(letter["id"]))["history"]
        assert [one["action"] for one in history] == ["read", "edit", "retry"]
        assert history[1]["before"]["body"] != history[1]["after"]["body"]
        await api.aclose()


async def _is_read_whole_with_a_reason(api: httpx.AsyncClient, number: int) -> None:
    path = f"/dead-letters/{number}"
    hidden = (await api.get(path, params={"masked": True})).json()
    assert (hidden["is_masked"], "•••" in hidden["body"], '"sku"' in hidden["body"]) == (True, True, True)
    assert (await api.post(f"{path}/read", json={"actor": ACTOR, "reason": ""})).status_code == 422
    whole = (await api.post(f"{path}/read", json={"actor": ACTOR, "reason": "to correct it"})).json()
    assert (whole["is_masked"], "•••" in whole["body"]) == (False, False)
    changes = (await api.get("/dead-letters/changes")).json()
    assert [(one["letter_id"], one["action"], one["reason"]) for one in changes] == [(number, "read", "to correct it")]


async def test_discard_and_assign_are_audited(mesh: LocalMesh, erp: Client) -> None:
    async with running(await served(mesh, Catalog())) as service:
        await publish(erp, released("SO-away"))
        letters = await dead(service, ["SO-away"])
        chosen = Selection(ids=(letters[0]["id"],))
        with pytest.raises(ValueError, match="reason"):
            Wish(action="discard", selection=chosen, actor=ACTOR)
        acts = service.office.acts
        await acts.begin(Wish(action="assign", selection=chosen, actor=ACTOR, target="grace"))
        done = await acts.begin(Wish(action="discard", selection=chosen, actor=ACTOR, reason="test order"))
        assert (done.state, done.covered) == ("done", 1)
        shown = await service.office.book.shown(letters[0]["id"])
        assert (shown["state"], shown["outcome"], shown["assignee"]) == ("discarded", "test order", "grace")
        assert [(one["before"]["assignee"], one["after"]["assignee"]) for one in shown["history"]] == [
            ("master-data", "grace"),
            ("grace", "grace"),
        ]
        assert (await acts.begin(retry(letters))).covered == 0
        assert (await counts(service)) == {}


async def test_a_letter_is_redirected_to_another_service(mesh: LocalMesh, erp: Client) -> None:
    catalog, elsewhere = Catalog(), Catalog()
    elsewhere.has_item = True
    async with running(await served(mesh, catalog)) as service:
        await publish(erp, released("SO-there"))
        letters = await dead(service, ["SO-there"])
        other = Service("notification", await mesh.settings("notification"))
        other.package = "chassis.testing.sample"
        other.on(OrderReleased, elsewhere.handle, notes=NoteStore)
        chosen = Selection(ids=(letters[0]["id"],))
        nowhere = Wish(action="redirect", selection=chosen, actor=ACTOR, target="nowhere")
        with pytest.raises(Permanent, match="nowhere"):
            await service.office.acts.begin(nowhere)
        await service.office.acts.begin(nowhere.model_copy(update={"target": "notification"}))
        async with running(other):
            await eventually(noted(other, ["SO-there"]))
        assert (await service.office.book.shown(letters[0]["id"]))["state"] == "redirected"


async def test_what_the_broker_gave_up_on_becomes_a_letter(mesh: LocalMesh, erp: Client) -> None:
    catalog, orders = Catalog(), ["SO-given-up", "SO-terminated"]
    service = await served(mesh, catalog)
    for order_id in orders:
        await publish(erp, released(order_id))
    ends = {"SO-given-up": Msg.nak, "SO-terminated": Msg.term}
    client = await mesh.connect("inventory-sync")
    deliveries: Counter[str] = Counter()
    for durable in (one for one in MESH.durables("inventory-sync", "eu") if one.domain == "order"):
        subscription = await client.jetstream().pull_subscribe_bind(durable.name, stream=durable.stream)
        with suppress(TimeoutError):
            while messages := await subscription.fetch(10, timeout=1):
                for message in messages:
                    order_id = orjson.loads(message.data)["partitionkey"]
                    deliveries[order_id] += 1
                    await ends.get(order_id, Msg.ack)(message)
    await client.close()
    assert [deliveries[order_id] for order_id in orders] == [MESH.defaults.max_deliver, 1]
    async with running(service):
        letters = await dead(service, orders)
        assert {letter["stream"] for letter in letters} == {"ORDER"}
        catalog.has_item = True
        await service.office.acts.begin(retry(letters, keep_going=True))
        await eventually(noted(service, orders))
