"""Jobs on a timer: messages are mapped, quiet shipments asked about, subscriptions renewed, old messages dropped."""

import asyncio
import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from prometheus_client import Counter, Gauge

from chassis import Handler, Http, Permanent, Rejected, Service, Temporary, new_id
from profiles import Profile, Undecodable, Unreadable, read
from profiles.auth import Secret
from profiles.calls import Call

from carrier_gateway import handlers
from carrier_gateway.directory import Profiles, SecretFiles
from carrier_gateway.domain import Shipment
from carrier_gateway.domain.reports import Asked, Mapped, MappedBatch, RawMessage, mapped
from carrier_gateway.store import DROP, CarrierDesk, RawMessages

log = logging.getLogger(__name__)

BATCH = 200
WAIT_SECONDS = 0.5
LOOKED_AT = 500
RENEW_SHARE = 0.2
"""A subscription is renewed when this share of its time is left."""


class Mapper:
    """Finds out what kept messages say."""

    def __init__(self, service: Service, profiles: Profiles) -> None:
        self._service, self._profiles = service, profiles
        self._wake = asyncio.Event()
        registry = service.metrics.registry
        self._unmapped = Counter(
            "crossdock_scan_codes_unmapped", "Events whose code is not mapped", ["carrier"], registry=registry
        )
        self._waiting = Gauge("crossdock_raw_messages_waiting", "Messages not mapped yet", registry=registry)
        self.backlog = 0

    def wake(self) -> None:
        """Say that messages were kept."""
        self._wake.set()

    async def map_waiting(self) -> None:
        """Map all messages that wait, oldest first; then wait until there are more.

        Raises:
            Temporary: the database is away; the next run goes on where this one stopped.
        """
        self._wake.clear()
        while messages := await self._next():
            await self._commit(messages, [self._read(message) for message in messages])
        try:
            await asyncio.wait_for(self._wake.wait(), WAIT_SECONDS)
        except TimeoutError:
            return

    async def _next(self) -> list[RawMessage]:
        async with self._service.store(RawMessages) as raws:
            found = await raws.waiting(BATCH)
            self.backlog = await raws.count_waiting() if len(found) == BATCH else len(found)
        self._waiting.set(self.backlog)
        return found

    def _read(self, message: RawMessage) -> Mapped:
        profile = self._profiles.get(message.carrier_code)
        try:
            if profile is None:
                raise Unreadable(f"carrier {message.carrier_code} has no profile any more")
            return mapped(message, read(profile, message.body, headers=message.headers, request=message.request))
        except (Undecodable, Unreadable) as error:
            return _dead(message, str(error))
        except Exception as error:
            # a fault of ours is kept with the message, and costs the others nothing
            log.exception("mapping_failed", extra={"carrier": message.carrier_code, "seq": message.seq})
            return _dead(message, repr(error))

    async def _commit(self, messages: Sequence[RawMessage], found: Sequence[Mapped]) -> None:
        for message, result in zip(messages, found, strict=True):
            if result.problem:
                await self._bury(message, Permanent(result.problem, remedy="mend-profile-and-replay"))
            if result.unmapped:
                self._unmapped.labels(message.carrier_code).inc(result.unmapped)
        try:
            await self._note(found)
        except Temporary:
            raise
        except Exception as error:
            if len(messages) > 1:
                for message, result in zip(messages, found, strict=True):
                    await self._commit([message], [result.model_copy(update={"problem": None, "unmapped": 0})])
                return
            log.exception("message_failed", extra={"carrier": messages[0].carrier_code, "seq": messages[0].seq})
            await self._bury(messages[0], error)
            await self._note([_dead(messages[0], repr(error))])

    async def map_again(self, seq: str, body: bytes) -> None:
        """Map a message that was dead with the present profile; its body may have been corrected.

        Raises:
            Permanent: it still says nothing we can read, or is kept no more.
        """
        async with self._service.store(RawMessages) as raws:
            message = await raws.one(int(seq))
        if message is None:
            raise Permanent("the carrier's message is kept no more", remedy="mend-profile-and-replay")
        result = self._read(message.model_copy(update={"body": body}))
        if result.problem:
            raise Permanent(result.problem, remedy="mend-profile-and-replay")
        await self._note([result], handlers.note_messages_again)

    async def _note(self, found: Sequence[Mapped], handler: Handler = handlers.note_messages) -> None:
        batch = MappedBatch(messages=tuple(found))
        service = self._service
        await service.accept(
            "mapping",
            new_id(),
            batch,
            handler,
            desk=CarrierDesk,
            raws=RawMessages,
            clock=service.clock,
        )

    async def _bury(self, message: RawMessage, error: Exception) -> None:
        await self._service.bury(f"{message.channel}-{message.carrier_code}", str(message.seq), message.body, error)


def _dead(message: RawMessage, problem: str) -> Mapped:
    return Mapped(seq=message.seq, carrier_code=message.carrier_code, outcome="dead", problem=problem)


class Asker:
    """Asks carriers about what they have not told."""

    def __init__(
        self, service: Service, profiles: Profiles, carriers: Mapping[str, Http], secrets: SecretFiles
    ) -> None:
        self._service, self._profiles, self._carriers, self._secrets = service, profiles, carriers, secrets

    async def ask(self) -> None:
        """Poll every carrier's quiet shipments and renew subscriptions; a carrier that is away costs others nothing."""
        for profile in self._profiles.all():
            http = self._carriers.get(profile.carrier)
            if http is None:
                continue
            try:
                await self._poll(profile, http)
                await self._subscribe(profile, http)
            except (Temporary, Rejected) as error:
                log.warning("carrier_not_asked", extra={"carrier": profile.carrier, "error": str(error)[:500]})

    async def _poll(self, profile: Profile, http: Http) -> None:
        poll, now = profile.poll, self._service.clock.now()
        if poll is None:
            return
        before, oldest = now - timedelta(minutes=poll.quiet_minutes), now - timedelta(days=poll.give_up_days)
        async with self._service.store(CarrierDesk) as desk:
            quiet = await desk.quiet(profile.carrier, oldest, before, LOOKED_AT)
        for shipments in _batches(quiet, poll.batch):
            for numbers in _numbers(shipments, poll.batch):
                body = await self._call(profile, http, poll.call, numbers)
                await self._keep(profile, body, numbers)
                await asyncio.sleep(60.0 / poll.per_minute)
            await self._note(Asked(shipment_ids=tuple(shipment.shipment_id for shipment in shipments)))

    async def _subscribe(self, profile: Profile, http: Http) -> None:
        subscribe, lasts = profile.subscribe, profile.subscription
        if subscribe is None or lasts is None:
            return
        now = self._service.clock.now()
        async with self._service.store(CarrierDesk) as desk:
            found = await desk.unsubscribed(profile.carrier, now + lasts * RENEW_SHARE, LOOKED_AT)
        for shipments in _batches(found, subscribe.batch):
            for numbers in _numbers(shipments, subscribe.batch):
                await self._call(profile, http, subscribe.call, numbers)
            asked = tuple(shipment.shipment_id for shipment in shipments)
            await self._note(Asked(shipment_ids=asked, subscribed_until=now + lasts))

    async def _call(self, profile: Profile, http: Http, call: Call, numbers: Sequence[str]) -> bytes:
        words = {
            "number": numbers[0],
            "comma": ",".join(numbers),
            "carrier": profile.carrier,
            "secret": self._api_secret(profile.carrier),
        }
        answer = await http.request(
            call.method,
            filled(call.path, words),
            json=filled_body(call.body, words, numbers),
            headers={name: filled(value, words) for name, value in call.headers.items()},
        )
        return answer.content

    def _api_secret(self, carrier: str) -> str:
        live = self._secrets.live(Secret(file=f"{carrier}-api.secret"))
        return live[0].decode() if live else ""

    async def _keep(self, profile: Profile, body: bytes, numbers: Sequence[str]) -> None:
        request = {"number": numbers[0]} if len(numbers) == 1 else {}
        digest = hashlib.sha256(body + ",".join(numbers).encode()).hexdigest()
        message = RawMessage(
            carrier_code=profile.carrier,
            channel="poll",
            digest=digest,
            body=body,
            request=request,
            received_at=self._service.clock.now(),
        )
        await self._service.accept(f"poll-{profile.carrier}", digest, message, handlers.keep_message, raws=RawMessages)

    async def _note(self, asked: Asked) -> None:
        await self._service.accept("asked", new_id(), asked, handlers.note_asked, desk=CarrierDesk)


async def drop_old(service: Service, days: int) -> None:
    """Delete messages received longer ago than that."""
    before = service.clock.now() - timedelta(days=days)
    async with service.engine.begin() as connection:
        dropped = (await connection.execute(DROP, {"before": before})).rowcount
    if dropped:
        log.info("raw_messages_dropped", extra={"count": dropped})


def filled(text: str, words: Mapping[str, str]) -> str:
    """Return a template with its words in place; what it does not name stays."""
    for name, value in words.items():
        text = text.replace("{" + name + "}", value)
    return text


def filled_body(body: Any, words: Mapping[str, str], numbers: Sequence[str]) -> Any:  # noqa: ANN401  any JSON value
    """Return a body with its words in place; a list of one element that names `{each}` has it for each number."""
    if isinstance(body, str):
        return list(numbers) if body == "{numbers}" else filled(body, words)
    if isinstance(body, list):
        if len(body) == 1 and "{each}" in str(body[0]):
            return [filled_body(body[0], {**words, "each": number}, numbers) for number in numbers]
        return [filled_body(part, words, numbers) for part in body]
    if isinstance(body, dict):
        return {name: filled_body(part, words, numbers) for name, part in body.items()}
    return body


def _open_numbers(shipment: Shipment) -> list[str]:
    return [number for number, state in shipment.states().items() if state.document_ref is None]


def _numbers(shipments: Sequence[Shipment], size: int) -> Iterator[list[str]]:
    numbers = [number for shipment in shipments for number in _open_numbers(shipment)]
    for start in range(0, len(numbers), size):
        yield numbers[start : start + size]


def _batches(shipments: Sequence[Shipment], size: int) -> Iterator[list[Shipment]]:
    """Yield shipments so that their open parcels together are at most `size`, one shipment at least."""
    batch: list[Shipment] = []
    count = 0
    for shipment in shipments:
        parcels = len(_open_numbers(shipment))
        if batch and count + parcels > size:
            yield batch
            batch, count = [], 0
        batch.append(shipment)
        count += parcels
    if batch:
        yield batch
