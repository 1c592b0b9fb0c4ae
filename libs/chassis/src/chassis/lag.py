"""How far a service is behind, told by the broker's consumer leaders; what scales and warns reads it.

Every replica tells of all the service's durables, so that the end of one replica hides nothing. A durable that is
missing or does not answer has no lag, rather than a lag of nought.
"""

import asyncio
import logging
from collections.abc import Callable

import orjson
from nats.aio.client import Client
from nats.errors import Error as NatsError

from canonical import topology
from canonical.topology import Durable
from chassis.telemetry import Metrics

log = logging.getLogger(__name__)

LAG_SECONDS = 5.0
INFO_SECONDS = 5.0
NOT_FOUND = 404


class Lag:
    """The gauge of one service's durables."""

    def __init__(self, service: str, region: str, client: Callable[[], Client], metrics: Metrics) -> None:
        self._service, self._region = service, region
        self._client, self._metrics = client, metrics

    async def measure(self) -> None:
        """Ask the leader of every durable."""
        durables = topology.load().every_durable(self._service, self._region)
        missing = await asyncio.gather(*(self._one(durable) for durable in durables))
        self._metrics.durables_missing.set(sum(missing))

    async def _one(self, durable: Durable) -> bool:
        """Set or clear one durable's lag; returns whether the broker says that there is no such durable."""
        subject = f"$JS.API.CONSUMER.INFO.{durable.stream}.{durable.name}"
        try:
            reply = orjson.loads((await self._client().request(subject, timeout=INFO_SECONDS)).data)
        except NatsError as error:
            log.warning("lag_unknown", extra={"durable": durable.name, "error": repr(error)})
            self._metrics.lag.remove(durable.name)
            return False
        if refused := reply.get("error"):
            self._metrics.lag.remove(durable.name)
            return bool(refused.get("code") == NOT_FOUND)
        self._metrics.lag.labels(durable.name).set(reply["num_pending"] + reply["num_ack_pending"])
        return False
