"""The HTTP interface of a store's edge."""

from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from edge.buffer import Adjustment, Buffer, Conflict, Full
from edge.drain import Drain

COME_AGAIN_SECONDS = 30
MEDIA = "application/problem+json"


class Taken(BaseModel):
    """An adjustment that is on disk."""

    number: int
    adjustment_id: str
    duplicate: bool


class State(BaseModel):
    """How the edge does."""

    site: str
    edge: str
    last: int
    taken: int
    waiting: int
    waits_since: str | None
    why: str
    """Why what waits is not drained; empty while it is."""


def make_app(site: str, buffer: Buffer, drain: Drain, most_waiting: int) -> FastAPI:
    """Return the application."""
    app = FastAPI(title="edge")

    @app.post("/adjustments", status_code=202)
    def adjust(adjustment: Adjustment) -> Taken:
        """Take an adjustment; it is on disk when this is answered."""
        kept = buffer.add(adjustment)
        drain.wake()
        return Taken(number=kept.number, adjustment_id=adjustment.adjustment_id, duplicate=not kept.is_new)

    @app.get("/status")
    def status() -> State:
        """Return what waits and why."""
        depth = buffer.depth()
        return State(
            site=site,
            edge=buffer.edge,
            last=depth.last,
            taken=depth.taken,
            waiting=depth.waiting,
            waits_since=depth.waits_since,
            why=drain.why,
        )

    @app.get("/health/live", include_in_schema=False)
    def live() -> dict[str, str]:
        return {"status": "live"}

    @app.get("/health/ready", include_in_schema=False)
    def ready() -> Response:
        is_full = buffer.depth().waiting >= most_waiting
        return JSONResponse({"status": "full" if is_full else "ready"}, status_code=503 if is_full else 200)

    _say_why_not(app)
    return app


def _say_why_not(app: FastAPI) -> None:
    @app.exception_handler(Full)
    async def full(_: Any, error: Full) -> Response:  # noqa: ANN401  a request nobody looks at
        return _problem(503, "Try again", str(error), {"retry-after": str(COME_AGAIN_SECONDS)})

    @app.exception_handler(Conflict)
    async def conflict(_: Any, error: Conflict) -> Response:  # noqa: ANN401  a request nobody looks at
        return _problem(409, "Conflict", str(error))


def _problem(status: int, title: str, detail: str, headers: dict[str, str] | None = None) -> Response:
    body = {"type": "about:blank", "status": status, "title": title, "detail": detail}
    return JSONResponse(body, status_code=status, media_type=MEDIA, headers=headers)
