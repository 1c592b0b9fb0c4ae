"""A TCP proxy on loopback whose link can be slowed, cut in the middle of a frame, frozen, or refused."""

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Literal

HOST = "127.0.0.1"
CHUNK = 16 * 1024
SWITCH_SECONDS = 5.0
RESET = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class Link:
    """How the link is now; both directions alike."""

    state: Literal["up", "frozen", "refused"] = "up"
    delay_seconds: float = 0.0
    jitter_seconds: float = 0.0
    bytes_per_second: float = 0.0
    cut_after_bytes: int | None = None


class Proxy:
    """Forwards connections from a port of its own to another; runs in a thread, its switches may be called anywhere."""

    def __init__(self, target_port: int, *, seed: int = 0) -> None:
        self._target_port = target_port
        self._chance = random.Random(seed)
        self._link = Link()
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._changed = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._run, name=f"proxy-{self.port}", daemon=True)
        self.connections = 0

    def __enter__(self) -> "Proxy":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    # --- switches -------------------------------------------------------------------------------------------------

    def slow(self, *, delay_seconds: float = 0.0, jitter_seconds: float = 0.0, bytes_per_second: float = 0.0) -> None:
        """Delay every chunk by the delay plus up to the jitter, and let no more bytes through than the rate."""
        self._switch(
            Link(delay_seconds=delay_seconds, jitter_seconds=jitter_seconds, bytes_per_second=bytes_per_second)
        )

    def cut_after(self, count: int) -> None:
        """Let this many more bytes through, then end the connection they went over: in the middle of a frame."""
        self._switch(Link(cut_after_bytes=count))

    def freeze(self) -> None:
        """Go half-open: connections stay and are accepted, and nothing moves."""
        self._switch(Link("frozen"))

    def refuse(self) -> None:
        """Reset every connection, and every new one at once."""
        self._switch(Link("refused"), self._reset_all)

    def heal(self) -> None:
        """Forward again, what was held back first."""
        self._switch(Link())

    def _switch(self, link: Link, then: Callable[[], None] | None = None) -> None:
        done = threading.Event()

        def change() -> None:
            self._link = link
            self._changed.set()
            self._changed = asyncio.Event()
            if then:
                then()
            done.set()

        self._loop.call_soon_threadsafe(change)
        if not done.wait(SWITCH_SECONDS):
            raise TimeoutError("the proxy does not answer its switch")

    # --- life -----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, sock=self._listener))
        self._loop.run_forever()
        server.close()
        self._reset_all()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self._link.state == "refused":
            _reset(writer)
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(HOST, self._target_port)
        except OSError:
            _reset(writer)
            return
        pair = (writer, far_writer)
        self._writers.update(pair)
        ways = [
            asyncio.create_task(self._forward(reader, far_writer)),
            asyncio.create_task(self._forward(far_reader, writer)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for end in pair:
            end.close()
        for way in ways:
            way.cancel()
        self._writers.difference_update(pair)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one way until an end closes or the link is cut."""
        try:
            while data := await reader.read(CHUNK):
                await self._wait(len(data))
                if not self._pass(data, writer):
                    return
                await writer.drain()
        except OSError:
            return

    async def _wait(self, count: int) -> None:
        while self._link.state == "frozen":
            await self._changed.wait()
        link = self._link
        seconds = link.delay_seconds + self._chance.uniform(0, link.jitter_seconds)
        if link.bytes_per_second:
            seconds += count / link.bytes_per_second
        if seconds:
            await asyncio.sleep(seconds)

    def _pass(self, data: bytes, writer: asyncio.StreamWriter) -> bool:
        """Write a chunk, or the part of it that the cut lets through; says whether the connection goes on."""
        left = self._link.cut_after_bytes
        if left is None or len(data) <= left:
            if left is not None:
                self._link.cut_after_bytes = left - len(data)
            writer.write(data)
            return True
        writer.write(data[:left])
        self._link = Link()
        return False

    def _reset_all(self) -> None:
        for writer in list(self._writers):
            _reset(writer)


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST, as a host does that knows nothing of it."""
    raw = writer.get_extra_info("socket")
    if raw and raw.fileno() >= 0:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
