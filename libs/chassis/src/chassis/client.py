"""Outgoing HTTP: one client per outside system, and answers turned into the two failures.

httpx's interface over aiohttp's wire: a call costs a third of the processor time.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
from httpx_aiohttp import HttpxAiohttpClient

from chassis.errors import Rejected, Temporary

RETRYABLE = frozenset({408, 425, 429, 500, 502, 503, 504})
BODY_SHOWN = 2_000


def retry_after(response: httpx.Response) -> timedelta | None:
    """Return what `Retry-After` asks for, in seconds; None when absent or not a number."""
    value = response.headers.get("retry-after", "")
    try:
        return timedelta(seconds=min(float(value), 3600.0))
    except ValueError:
        return None


class Http:
    """Calls to one outside system."""

    def __init__(self, *, base_url: str, system: str, timeout_seconds: float = 10.0, connections: int = 16) -> None:
        self.system = system
        self._client = HttpxAiohttpClient(
            base_url=base_url,
            timeout=timeout_seconds,
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            headers={"user-agent": "crossdock/0.1"},
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
            Temporary: no answer, or a status that asks to come back (408, 425, 429, 5xx).
            Rejected: any other status; trying again cannot help.
        """
        sent = dict(headers or {})
        if idempotency_key:
            sent["idempotency-key"] = idempotency_key
        try:
            response = await self._client.request(method, path, json=json, content=content, params=params, headers=sent)
        except httpx.TransportError as error:
            raise Temporary(f"{self.system} does not answer: {type(error).__name__} {error}") from error
        if response.is_success:
            return response
        if response.status_code in RETRYABLE:
            raise Temporary(f"{self.system} answers {response.status_code}", retry_in=retry_after(response))
        body = response.text[:BODY_SHOWN]
        raise Rejected(
            f"{self.system} refused with {response.status_code}: {body}", status=response.status_code, body=body
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()
