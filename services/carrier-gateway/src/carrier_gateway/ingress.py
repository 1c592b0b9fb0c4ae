"""The carriers' way in: a message is verified, kept durably as it came, and answered."""

import hashlib
import logging
import time
from collections.abc import Awaitable, Callable

import orjson
from fastapi import HTTPException, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from chassis import OverQuota, Quotas, Service, Temporary
from profiles import Profile, Undecodable
from profiles.decode import decode
from profiles.signatures import Message, is_genuine

from carrier_gateway import handlers
from carrier_gateway.directory import Profiles, PublishedKeys, SecretFiles
from carrier_gateway.domain.reports import RawMessage
from carrier_gateway.settings import ServiceSettings
from carrier_gateway.store import RawMessages

audit = logging.getLogger("carrier_gateway.audit")

KEPT = {said: orjson.dumps({"status": said}) for said in ("accepted", "duplicate")}
NATIVE = {"content-type"}


class Bare(APIRoute):
    """A route whose endpoint reads the request itself: nothing is parsed, checked or serialised around it."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """Return the endpoint, called with the path's parameters and the request."""

        async def handle(request: Request) -> Response:
            answer: Response = await self.endpoint(**request.path_params, request=request)
            return answer

        return handle


def quotas(service: Service, settings: ServiceSettings, backlog: Callable[[], int]) -> Quotas:
    """Return what each carrier may send; the service is full when too much waits to be mapped, or it holds too much."""
    return Quotas(
        settings.partner_events_per_second,
        settings.partner_burst_seconds,
        own=settings.partner_quotas,
        replicas=settings.replicas,
        level=lambda: max(service.pressure.level, backlog() / settings.backlog_limit),
    )


class Doors:
    """The carriers' way in: verified, kept durably, answered; what a message says is found out later."""

    def __init__(
        self,
        service: Service,
        profiles: Profiles,
        secrets: SecretFiles,
        keys: PublishedKeys,
        *,
        wake: Callable[[], None],
        backlog: Callable[[], int],
        backlog_limit: int,
        quotas: Quotas,
    ) -> None:
        self._quotas = quotas
        self._service, self._profiles, self._secrets, self._keys = service, profiles, secrets, keys
        self._wake, self._backlog, self._backlog_limit = wake, backlog, backlog_limit

    async def take(self, carrier: str, request: Request) -> Response:
        """Answer a carrier's message, and leave one line about it."""
        began = time.perf_counter()
        body = await request.body()
        digest = hashlib.sha256(body).hexdigest()
        said, status = "failed", 500
        try:
            answer, said = await self._taken(carrier, request, body, digest)
            status = answer.status_code
        except HTTPException as error:
            said, status = str(error.detail), error.status_code
            raise
        except Temporary as error:
            said, status = str(error), 429 if isinstance(error, OverQuota) else 503
            raise
        else:
            return answer
        finally:
            fields = {
                "carrier": carrier[:64],
                "status": status,
                "outcome": said,
                "bytes": len(body),
                "digest": digest[:16],
                "ms": round((time.perf_counter() - began) * 1000, 1),
            }
            audit.log(logging.INFO if status < 300 else logging.WARNING, "webhook", extra=fields)

    async def _taken(self, carrier: str, request: Request, body: bytes, digest: str) -> tuple[Response, str]:
        profile = self._profiles.get(carrier)
        if profile is None:
            raise HTTPException(404, f"carrier {carrier} is not known")
        if len(body) > profile.limits.body_bytes:
            raise HTTPException(413, f"{carrier} may send at most {profile.limits.body_bytes} bytes")
        await self._verify(profile, request, body)
        self._quotas.admit(carrier)
        if self._backlog() > self._backlog_limit:
            raise Temporary("more messages wait than may")
        kept = {name: value for name in {*NATIVE, *profile.headers} if (value := request.headers.get(name))}
        message = RawMessage(
            carrier_code=carrier,
            channel="webhook",
            digest=digest,
            body=body,
            headers=kept,
            received_at=self._service.clock.now(),
        )
        done = await self._service.accept(
            f"webhook-{carrier}", digest, message, handlers.keep_message, raws=RawMessages
        )
        self._wake()
        said = "duplicate" if done is None else "accepted"
        return _answered(profile, message) or Response(KEPT[said], media_type="application/json"), said

    async def _verify(self, profile: Profile, request: Request, body: bytes) -> None:
        if not profile.auth:
            raise HTTPException(404, f"carrier {profile.carrier} sends no webhooks")
        message = Message(body, request.headers, request.query_params)
        if self._is_genuine(profile, message):
            return
        if await self._keys.fetch(profile) and self._is_genuine(profile, message):
            return
        if not any(self._secrets.live(secret) for way in profile.auth for secret in way.secrets):
            raise Temporary(f"no secret of {profile.carrier} is configured")
        raise HTTPException(401, "the message does not prove its sender")

    def _is_genuine(self, profile: Profile, message: Message) -> bool:
        return is_genuine(profile.auth, message, secrets=self._secrets.live, now=self._service.clock.now())


def _answered(profile: Profile, message: RawMessage) -> Response | None:
    """Return what a handshake wants to read; None when it is none, or nothing in particular is wanted."""
    wanted = [(handshake.when, handshake.answer) for handshake in profile.handshakes if handshake.answer]
    if not wanted:
        return None
    try:
        scope = {"root": decode(message.body, profile.decode), "headers": message.headers, "request": {}}
    except Undecodable:
        return None
    answer = next((answer for when, answer in wanted if when(scope)), None)
    return Response(orjson.dumps(answer(scope)), media_type="application/json") if answer else None
