"""Jobs on a timer: the ERP's change feed is read; bad rows are set aside, the position is kept after the good ones."""

import asyncio
import logging
from datetime import timedelta
from typing import Any

import orjson
from pydantic import ValidationError

from chassis import Permanent, Service, Temporary

from order_release.connectors.erp import mapping
from order_release.connectors.erp.client import ErpClient
from order_release.connectors.erp.wire import Change
from order_release.handlers import authorize_return, change_order, release_order, request_cancellation
from order_release.store import Cursor, FeedStore, OrderStore

FEED = "erp-feed"

log = logging.getLogger(__name__)


async def take_row(service: Service, row: dict[str, Any]) -> None:
    """Take in one row of the feed; one that was taken in before changes nothing.

    Raises:
        Permanent: it cannot be used.
        Temporary: the database is away.
    """
    sequence = str(row.get("ChangeSequence"))
    try:
        change = Change.model_validate(row)
        match change.ChangeType:
            case "RELEASE":
                event = mapping.released(change.SalesOrder, change.ChangedAt)
                await service.accept("erp-release", event.order_id, event, release_order, orders=OrderStore)
            case "CANCEL":
                wish = mapping.cancelled(change)
                await service.accept(FEED, sequence, wish, request_cancellation, orders=OrderStore)
            case "RETURN":
                back = mapping.return_requested(change)
                message_id = f"{back.order_id}:{back.return_id}"
                await service.accept("return", message_id, back, authorize_return, orders=OrderStore)
            case "CHANGE":
                news = mapping.changed(change)
                await service.accept(FEED, sequence, news, change_order, orders=OrderStore)
    except ValidationError as error:
        raise Permanent(f"the row breaks the feed's schema: {error}", remedy="fix-at-sender") from error


async def take_again(service: Service, _: str, body: bytes) -> None:
    """Take in a row that was buried."""
    await take_row(service, orjson.loads(body))


async def read_feed(service: Service, erp: ErpClient) -> None:
    """Read the ERP's change feed to its end; the position is kept after the rows are durable.

    Raises:
        Temporary: the ERP or the database is away; the next run goes on where this one stopped.
    """
    while True:
        async with service.store(FeedStore) as feed:
            cursor = await feed.read(FeedStore.NAME) or Cursor()
        rows = await erp.changes(cursor.sequence)
        if not rows:
            return
        for start in range(0, len(rows), 200):
            await _accept_rows(service, rows[start : start + 200])
        end = Cursor(sequence=last_sequence(rows))
        await service.accept("erp-cursor", str(end.sequence), end, _keep_cursor, feed=FeedStore)


async def _accept_rows(service: Service, rows: list[dict[str, Any]]) -> None:
    """Accept rows together; rows of one order keep their order."""
    lanes: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        order = row.get("SalesOrder")
        lanes.setdefault(str(order.get("SalesOrder")) if isinstance(order, dict) else "", []).append(row)

    async def one_lane(lane: list[dict[str, Any]]) -> None:
        for row in lane:
            (result,) = await asyncio.gather(take_row(service, row), return_exceptions=True)
            if isinstance(result, Exception):
                await _bury_or_wait(service, row, result)

    results = await asyncio.gather(*(one_lane(lane) for lane in lanes.values()), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result


async def _bury_or_wait(service: Service, row: dict[str, Any], error: Exception) -> None:
    """Stop the page for a failure that passes; a row that cannot be used, or meets a bug of ours, is buried."""
    if isinstance(error, Temporary):
        raise error
    if not isinstance(error, Permanent):
        log.error("feed_row_failed", exc_info=error, extra={"sequence": row.get("ChangeSequence")})
    await service.bury(FEED, str(row.get("ChangeSequence")), row, error)


def last_sequence(rows: list[dict[str, Any]]) -> int:
    """Return how far a page reaches; rows without a usable number do not count.

    Raises:
        Temporary: no row has one, so reading on is not possible.
    """
    numbers: list[int] = [row["ChangeSequence"] for row in rows if isinstance(row.get("ChangeSequence"), int)]
    if not numbers:
        raise Temporary("the ERP's feed has rows but no change sequence", retry_in=timedelta(seconds=10))
    return max(numbers)


async def _keep_cursor(cursor: Cursor, *, feed: FeedStore) -> list[Any]:
    feed.put(FeedStore.NAME, cursor)
    return []
