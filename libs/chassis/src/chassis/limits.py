"""The armour of the HTTP interface: how large bodies may be, one and all together, and how long one may take."""

import asyncio
from typing import Any

from starlette.responses import Response

from chassis.problems import problem

RECEIVE_SECONDS = 15.0
COME_AGAIN_SECONDS = 1


class Limits:
    """ASGI middleware: 413 above `body_limit_bytes`, 408 when the body does not arrive in time, 415 when encoded.

    All bodies in memory together have at most `held_limit_bytes`; who comes beyond is asked to come again (503).
    """

    def __init__(self, app: Any, body_limit_bytes: int, held_limit_bytes: int) -> None:  # noqa: ANN401  an ASGI app
        self._app = app
        self._limit, self._held_limit = body_limit_bytes, held_limit_bytes
        self.held_bytes = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  the ASGI signature
        """Serve one request within the limits."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        chunks: list[bytes] = []
        try:
            refusal = self._refused_unread(dict(scope["headers"])) or await self._read(receive, chunks)
            if refusal:
                await refusal(scope, receive, send)
            else:
                await self._app(scope, _replay(b"".join(chunks), receive), send)
        finally:
            self.held_bytes -= sum(map(len, chunks))

    def _refused_unread(self, headers: dict[bytes, bytes]) -> Response | None:
        length = headers.get(b"content-length", b"0")
        if b"content-encoding" in headers:
            return problem(415, "Encoded body", "Send the body without Content-Encoding.")
        if not length.isdigit() or int(length) > self._limit:
            return self._too_large()
        return self._full() if int(length) and self.held_bytes + int(length) > self._held_limit else None

    async def _read(self, receive: Any, chunks: list[bytes]) -> Response | None:  # noqa: ANN401  ASGI's receive
        """Read the body into `chunks`; returns the answer when it may not be read to its end."""
        size, more = 0, True
        try:
            async with asyncio.timeout(RECEIVE_SECONDS):
                while more:
                    message = await receive()
                    if message["type"] != "http.request":
                        break
                    chunk = message.get("body", b"")
                    size += len(chunk)
                    if size > self._limit:
                        return self._too_large()
                    if chunk and self.held_bytes + len(chunk) > self._held_limit:
                        return self._full()
                    chunks.append(chunk)
                    self.held_bytes += len(chunk)
                    more = message.get("more_body", False)
        except TimeoutError:
            return problem(408, "Body too slow", f"The body must arrive within {RECEIVE_SECONDS:.0f} s.")
        return None

    def _too_large(self) -> Response:
        return problem(413, "Body too large", f"The body may have at most {self._limit} bytes.")

    @staticmethod
    def _full() -> Response:
        return problem(503, "Try again", "More bodies wait than may be in memory.", retry_after=COME_AGAIN_SECONDS)


def _replay(body: bytes, receive: Any) -> Any:  # noqa: ANN401  ASGI callables
    sent = False

    async def replay() -> Any:  # noqa: ANN401
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
