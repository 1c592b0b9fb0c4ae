"""The armour of the HTTP interface: how large a body may be and how long it may take to arrive."""

import asyncio
from typing import Any

from chassis.problems import problem

RECEIVE_SECONDS = 15.0


class BodyTooLarge(Exception):
    """The body is larger than allowed."""


class Limits:
    """ASGI middleware: 413 above `body_limit_bytes`, 408 when the body does not arrive in time, 415 when encoded."""

    def __init__(self, app: Any, body_limit_bytes: int) -> None:  # noqa: ANN401  an ASGI application
        self._app = app
        self._limit = body_limit_bytes

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  the ASGI signature
        """Serve one request within the limits."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        too_large = problem(413, "Body too large", f"The body may have at most {self._limit} bytes.")
        length = headers.get(b"content-length", b"0")
        if b"content-encoding" in headers:
            await problem(415, "Encoded body", "Send the body without Content-Encoding.")(scope, receive, send)
        elif not length.isdigit() or int(length) > self._limit:
            await too_large(scope, receive, send)
        else:
            try:
                body = await self._read(receive)
            except BodyTooLarge:
                await too_large(scope, receive, send)
            except TimeoutError:
                slow = problem(408, "Body too slow", f"The body must arrive within {RECEIVE_SECONDS:.0f} s.")
                await slow(scope, receive, send)
            else:
                await self._app(scope, _replay(body, receive), send)

    async def _read(self, receive: Any) -> bytes:  # noqa: ANN401  the ASGI receive callable
        chunks: list[bytes] = []
        size, more = 0, True
        async with asyncio.timeout(RECEIVE_SECONDS):
            while more:
                message = await receive()
                if message["type"] != "http.request":
                    break
                chunk = message.get("body", b"")
                size += len(chunk)
                if size > self._limit:
                    raise BodyTooLarge
                chunks.append(chunk)
                more = message.get("more_body", False)
        return b"".join(chunks)


def _replay(body: bytes, receive: Any) -> Any:  # noqa: ANN401  ASGI callables
    sent = False

    async def replay() -> Any:  # noqa: ANN401
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
