"""A customer's mail goes out under the brand that central metadata names, over a real broker and a real mail server."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope as Mail

from canonical import seal
from canonical.metadata import Document
from canonical.subjects import publish_subject
from chassis.local.ports import free_port
from chassis.metadata import Bucket
from chassis.testing import LocalMesh, eventually
from chassis.testing.orders import released

from notification.app import build
from notification.settings import ServiceSettings

CUSTOMER = "C-OF-NORDHANDEL"


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[LocalMesh]:
    """Servers of this test's own: notification hears what other tests break on purpose, and would stop at it."""
    local = LocalMesh(tmp_path)
    local.start()
    yield local
    local.stop()


class Mailbox:
    """What a mail server took."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Mail) -> str:  # noqa: N802  aiosmtpd's name
        """Take a mail (aiosmtpd's hook)."""
        del server, session
        self.mails.append(envelope)
        return "250 taken"


async def write_brand(mesh: LocalMesh, body: dict[str, Any]) -> None:
    tower = await mesh.connect("control-tower")
    about = {"actor": "ada", "reason": "the shop opens", "changed_at": datetime.now(UTC)}
    await Bucket(lambda: tower).put(Document(kind="brand", name="nordhandel", revision=1, body=body, **about))
    await tower.close()


async def release(mesh: LocalMesh, order_id: str) -> None:
    """Publish an order as its owner does."""
    order = released(order_id).model_copy(update={"customer_id": CUSTOMER})
    now = datetime.now(UTC)
    envelope = seal(
        order,
        event_id=f"{order_id}/released",
        source="/eu/order-release",
        correlation_id=order_id,
        causation_id=None,
        region="eu",
        recorded_at=now,
    )
    client = await mesh.connect("order-release")
    await client.jetstream().publish(publish_subject(order, "eu"), envelope.model_dump_json().encode())
    await client.close()


async def test_a_mail_is_sent_under_the_brand_of_its_customer(mesh: LocalMesh) -> None:
    await write_brand(mesh, {"title": "Nordhandel", "customers": [CUSTOMER], "mail_from": "hello@nord.example"})
    box, port = Mailbox(), free_port()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    common = await mesh.settings("notification")
    service = build(ServiceSettings(**common.model_dump(exclude={"port"}), port=common.port, smtp_port=port))
    await service.start()
    try:
        await release(mesh, "SO-BRAND-1")

        def of_the_brand() -> list[tuple[str | None, str]]:
            read = [(mail.mail_from, message_from_bytes(mail.content or b"")) for mail in box.mails]
            return [(sender, shown["From"]) for sender, shown in read if shown["X-Crossdock-Order"] == "SO-BRAND-1"]

        async def has_come() -> bool:
            return bool(of_the_brand())

        await eventually(has_come)
        assert of_the_brand() == [("hello@nord.example", "Nordhandel <hello@nord.example>")]
    finally:
        await service.stop()
        server.stop()
