"""Reading what partners send: X12 segments, and carriers' messages by their profiles; in one process, nothing kept."""

import time
from collections.abc import Callable
from pathlib import Path

import orjson

from edi import segments
from profiles import load, read

CARRIERS = Path(__file__).resolve().parents[1] / "partners" / "carriers"
INTERCHANGES = 20_000
MESSAGES = 3_000


def x12() -> tuple[float, float]:
    """Return segments a second by the reader, and by splitting the text at separators known beforehand."""
    one = (CARRIERS / "samples" / "x12-214-status.edi").read_bytes().replace(b"\n", b"")
    data = one * INTERCHANGES
    count = one.count(b"~") * INTERCHANGES
    ours = _seconds(lambda: sum(1 for _ in segments(data)))
    bare = _seconds(lambda: sum(len(segment.split("*")) > 0 for segment in data.decode().split("~")))
    return count / ours, count / bare


def carrier() -> tuple[float, float]:
    """Return events a second of a FedEx snapshot by its profile, and by decoding its JSON alone."""
    profile = load(CARRIERS / "fedex.yaml")
    body = (CARRIERS / "samples" / "fedex-exception-and-return.json").read_bytes()
    events = sum(len(item.events) for item in read(profile, body).items) * MESSAGES
    ours = _seconds(lambda: [read(profile, body) for _ in range(MESSAGES)])
    bare = _seconds(lambda: [orjson.loads(body) for _ in range(MESSAGES)])
    return events / ours, events / bare


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
