"""Outgoing HTTP: one client per outside system, and answers turned into the two failures.

httpx's requests over aiohttp's wire, without cookies and redirects, which no system call wants: a call costs a fifth
of the processor time of httpx's own client.
"""

import asyncio
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import timedelta
from functools import lru_cache
from typing import Any

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from chassis.dependency import Dependency
from chassis.errors import Rejected, Temporary, Throttled
from chassis.work import traceparent

TOO_MANY_REQUESTS = 429
RETRYABLE = frozenset({408, 425, 429, 500, 502, 503, 504})
BODY_SHOWN = 2_000
USER_AGENT = "crossdock/0.1"


@lru_cache(maxsize=4096)
def parsed(url: str) -> httpx.URL:
    """Return a URL; those of the outside systems are few and come again."""
    return httpx.URL(url)


def retry_after(response: httpx.Response) -> timedelta | None:
    """Return what `Retry-After` asks for, in seconds; None when absent or not a number."""
    value = response.headers.get("retry-after", "")
    try:
        return timedelta(seconds=min(float(value), 3600.0))
    except ValueError:
        return None


class Http:
    """Calls to one outside system, through its gate if it has one."""

    def __init__(
        self,
        *,
        base_url: str,
        system: str,
        timeout_seconds: float = 10.0,
        connections: int = 16,
        gate: Dependency | None = None,
    ) -> None:
        self.system = system
        self._gate = gate
        self._base_url = base_url.rstrip("/")
        self._timeout_seconds = timeout_seconds
        self._extensions = {"timeout": httpx.Timeout(timeout_seconds).as_dict()}
        self._transport = AiohttpTransport(
            client=lambda: aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=connections), cookie_jar=aiohttp.DummyCookieJar()
            )
        )

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,  # noqa: ANN401  any JSON value
        content: bytes | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> httpx.Response:
        """Make a call and return its 2xx answer.

        Raises:
            NotAttempted: the system is to be left alone for now.
            Throttled: it takes no more calls for now (429).
            Temporary: no answer, or a status that asks to come back (408, 425, 5xx).
            Rejected: any other status; trying again cannot help.
        """
        sent = {"user-agent": USER_AGENT, **(headers or {})}
        if trace := traceparent():
            sent["traceparent"] = trace
        if idempotency_key:
            sent["idempotency-key"] = idempotency_key
        url = parsed(self._base_url + path)
        made = httpx.Request(method, url, params=params, headers=sent, json=json, content=content)
        made.extensions = self._extensions
        async with self._gate.call() if self._gate else nullcontext():
            return self._judged(await self._send(made))

    def _judged(self, response: httpx.Response) -> httpx.Response:
        if response.is_success:
            return response
        if response.status_code in RETRYABLE:
            failure = Throttled if response.status_code == TOO_MANY_REQUESTS else Temporary
            raise failure(f"{self.system} answers {response.status_code}", retry_in=retry_after(response))
        body = response.text[:BODY_SHOWN]
        raise Rejected(
            f"{self.system} refused with {response.status_code}: {body}", status=response.status_code, body=body
        )

    async def _send(self, request: httpx.Request) -> httpx.Response:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                response = await self._transport.handle_async_request(request)
                await response.aread()
        except (httpx.TransportError, TimeoutError) as error:
            raise Temporary(f"{self.system} does not answer: {type(error).__name__} {error}") from error
        return response

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.aclose()
