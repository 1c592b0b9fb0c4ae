"""RFC 9457 answers: every error of the HTTP interface is problem+json and names the field it is about."""

import logging
from typing import Any

import orjson
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import ValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException

from chassis.errors import OverQuota, Permanent, Temporary

log = logging.getLogger(__name__)

MEDIA = "application/problem+json"


def problem(status: int, title: str, detail: str, **more: Any) -> Response:  # noqa: ANN401  extension members are free
    """Return a problem+json answer."""
    headers = {"retry-after": str(more.pop("retry_after"))} if "retry_after" in more else None
    body = {"type": "about:blank", "status": status, "title": title, "detail": detail, **more}
    return Response(orjson.dumps(body), status_code=status, media_type=MEDIA, headers=headers)


def _fields(errors: Any) -> list[dict[str, str]]:  # noqa: ANN401  pydantic's error list
    return [
        {"field": ".".join(str(part) for part in error["loc"] if part != "body"), "message": str(error["msg"])}
        for error in errors
    ]


def invalid(errors: Any) -> Response:  # noqa: ANN401  pydantic's error list
    """Return 422 naming every field at fault; a body that is no JSON is 400."""
    listed = list(errors)
    if any(error["type"] in {"json_invalid", "json_type"} for error in listed):
        return problem(400, "Malformed JSON", str(listed[0]["msg"]))
    fields = _fields(listed)
    detail = "; ".join(f"{f['field']}: {f['message']}" for f in fields[:5])
    return problem(422, "Invalid request", detail, errors=fields[:50])


def status_of(error: Temporary) -> int:
    """Return the status that says why to come again: the sender sends too much, or we have too much to do."""
    return 429 if isinstance(error, OverQuota) else 503


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem+json answer."""

    @app.exception_handler(RequestValidationError)
    async def _request(_: Request, error: RequestValidationError) -> Response:
        return invalid(error.errors())

    @app.exception_handler(ValidationError)
    async def _validation(_: Request, error: ValidationError) -> Response:
        return invalid(error.errors())

    @app.exception_handler(StarletteHTTPException)
    async def _http(_: Request, error: HTTPException) -> Response:
        return problem(error.status_code, "Request refused", str(error.detail))

    @app.exception_handler(Temporary)
    async def _temporary(_: Request, error: Temporary) -> Response:
        seconds = max(1, round(error.retry_in.total_seconds())) if error.retry_in else 1
        return problem(status_of(error), "Try again", str(error), retry_after=seconds)

    @app.exception_handler(Permanent)
    async def _permanent(_: Request, error: Permanent) -> Response:
        return problem(422, "Not possible", str(error), remedy=error.remedy)

    @app.exception_handler(Exception)
    async def _bug(request: Request, error: Exception) -> Response:
        log.error("request_failed", exc_info=error, extra={"path": request.url.path})
        return problem(500, "Internal error", "The request failed by a fault of ours; it was logged.")
