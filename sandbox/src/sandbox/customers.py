"""Customers and customer service: mailbox, portal, CRM."""

import base64
import hashlib
import hmac
from collections import deque
from email import message_from_bytes
from typing import Any

import orjson
from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.calls import Answer, Desk, reply
from sandbox.ledger import Outcome  # noqa: TC001
from sandbox.world import World

MAILS_KEPT = 1_000


class Mailbox:
    """All mails; like Cyrus and Exchange it keeps one of those that carry the same Message-ID, and notes the repeat."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._seen: set[str] = set()
        self._kept: deque[dict[str, str]] = deque(maxlen=MAILS_KEPT)

    def routes(self) -> list[Route]:
        """Return the HTTP interface."""
        return [Route("/_sandbox/mails", self._mails)]

    async def _mails(self, request: Request) -> Response:
        return reply([mail for mail in self._kept if mail["order_id"] == request.query_params["order"]])

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  its hook
        """Take a mail (aiosmtpd's hook)."""
        del server, session
        content = envelope.original_content or b""
        mail = message_from_bytes(content)
        order_id, template = str(mail["X-Crossdock-Order"] or ""), str(mail["X-Crossdock-Template"] or "")
        key = f"{template}/{mail['X-Crossdock-Notification']}"
        identity = str(mail["Message-ID"] or key)
        outcome: Outcome = "replayed" if identity in self._seen else "applied"
        self._seen.add(identity)
        self.world.ledger.note("mailbox", "mail", key, order_id, outcome)
        if outcome == "applied":
            payload = mail.get_payload(decode=True)
            text = payload.decode() if isinstance(payload, bytes) else ""
            kept = {"order_id": order_id, "template": template, "to": str(mail["To"]), "text": text}
            self._kept.append(kept)
        return "250 OK"


class Portal:
    """The customers' endpoint for webhooks."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.desk = Desk(world, "portal")
        self._seen: set[str] = set()

    def routes(self) -> list[Route]:
        """Return the HTTP interface."""
        return [Route("/portal/hooks", self._hook, methods=["POST"])]

    async def _hook(self, request: Request) -> Response:
        if away := await self.desk.faulted():
            return away
        raw = await request.body()
        headers = request.headers
        signed = f"{headers.get('webhook-id')}.{headers.get('webhook-timestamp')}.".encode() + raw
        digest = base64.b64encode(hmac.digest(self.world.secrets["portal"], signed, hashlib.sha256)).decode()
        if not hmac.compare_digest(headers.get("webhook-signature", ""), f"v1,{digest}"):
            return reply({"error": "signature"}, 401)
        body = orjson.loads(raw)
        key = str(headers["webhook-id"])
        outcome = "replayed" if key in self._seen else "applied"
        self._seen.add(key)
        what = f"{body['type']}/{body['data']['shipment_id']}"
        self.world.ledger.note("portal", "webhook", what, body["order_id"], outcome)  # type: ignore[arg-type]
        return reply({"ok": True})


class Crm:
    """Cases of customer service."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.desk = Desk(world, "crm")
        self.cases: dict[str, dict[str, Any]] = {}

    def routes(self) -> list[Route]:
        """Return the HTTP interface."""
        return [
            Route("/crm/cases", self._open, methods=["POST"]),
            Route("/crm/cases/{id}/close", self._close, methods=["POST"]),
        ]

    async def _open(self, request: Request) -> Response:
        return await self.desk.take(request, self._opened)

    def _opened(self, body: dict[str, Any]) -> Answer:
        case_id = f"CASE-{len(self.cases) + 1:06d}"
        self.cases[case_id] = body
        return Answer({"caseId": case_id}, "case", str(body["shipmentId"]), str(body["orderId"]), 201)

    async def _close(self, request: Request) -> Response:
        case_id = request.path_params["id"]

        def rule(body: dict[str, Any]) -> Answer:
            del body
            case = self.cases.get(case_id)
            if case is None:
                return Answer({"error": "unknown"}, "close", case_id, "", 404, is_refused=True)
            return Answer({"ok": True}, "close", case_id, str(case["orderId"]))

        return await self.desk.take(request, rule)
