"""One look at one process: does it answer, how large is it, how far behind."""

import asyncio
from dataclasses import dataclass
from typing import Any

import psutil

from crossdock_cli.layout import Layout
from crossdock_cli.state import PartState
from crossdock_cli.web import NoAnswer, call

PROBE_SECONDS = 2.0
MIB = 1 << 20


@dataclass(slots=True)
class Reading:
    """What a look at a process gave."""

    name: str
    pid: int
    ready: bool
    why: str = ""
    restarts: int = 0
    rss_mib: float | None = None
    lag: int | None = None
    outbox_age_seconds: float | None = None


def read_part(layout: Layout, part: PartState) -> Reading:
    """Probe a process: whether the database takes a connection, what the others say of their own health."""
    process = part.identity.process()
    if process is None:
        return Reading(part.name, 0, False, part.note or "not running", part.restarts)
    reading = Reading(part.name, process.pid, False, "", part.restarts, _memory(process))
    if part.name == "postgres":
        reading.why = asyncio.run(_database(layout.database("postgres")))
        reading.ready = not reading.why
        return reading
    if part.name == "nats-server":
        _health(reading, f"{layout.monitor_url()}/healthz")
        return reading
    url = layout.sandbox_url() if part.name == "sandbox" else layout.service_url(part.name)
    _health(reading, f"{url}/health/ready")
    return reading


def _memory(process: psutil.Process) -> float | None:
    try:
        return round(float(process.memory_info().rss) / MIB, 1)
    except psutil.Error:
        return None


async def _database(url: str) -> str:
    """Return why the database server takes no connection; empty when it does."""
    import asyncpg

    try:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""), timeout=PROBE_SECONDS)
    except (OSError, asyncpg.PostgresError) as error:
        return str(error) or "does not answer"
    await connection.close()
    return ""


def _health(reading: Reading, url: str) -> None:
    try:
        answer = call("GET", url, timeout=PROBE_SECONDS)
    except NoAnswer:
        reading.why = "does not answer yet"
        return
    fields = answer.fields()
    reading.ready = answer.ok
    reading.why = "; ".join(str(reason) for reason in fields.get("reasons", ())) or str(fields.get("error", ""))
    age = fields.get("outbox_age_seconds")
    reading.outbox_age_seconds = float(age) if isinstance(age, int | float) else None


def lag_by_service(monitor_url: str | None) -> dict[str, int]:
    """Return, per service, the messages its durables have yet to take or to acknowledge; empty when unknown."""
    if monitor_url is None:
        return {}
    try:
        return sum_lag(call("GET", f"{monitor_url}/jsz?consumers=1", timeout=PROBE_SECONDS).fields())
    except NoAnswer:
        return {}


def sum_lag(jsz: dict[str, Any]) -> dict[str, int]:
    """Add up the lag of every durable `<service>--<domain>--pNN` in the monitor's answer."""
    lag: dict[str, int] = {}
    for account in jsz.get("account_details") or []:
        for stream in account.get("stream_detail") or []:
            for consumer in stream.get("consumer_detail") or []:
                service, mark, _ = str(consumer.get("name", "")).partition("--")
                if mark:
                    behind = int(consumer.get("num_pending", 0)) + int(consumer.get("num_ack_pending", 0))
                    lag[service] = lag.get(service, 0) + behind
    return lag
