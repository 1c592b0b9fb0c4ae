"""Small JSON calls to loopback, without the start-up cost of a full client."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


class NoAnswer(Exception):
    """Nothing answered, or it was no HTTP."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and decoded body of an answer; the body is None when it is no JSON."""

    status: int
    body: Any
    media_type: str = ""
    text: str = ""

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def fields(self) -> dict[str, Any]:
        """Return the body if it is an object, else nothing."""
        return self.body if isinstance(self.body, dict) else {}


def call(
    method: str,
    url: str,
    body: Any = None,  # noqa: ANN401  any JSON value
    *,
    headers: Mapping[str, str] | None = None,
    timeout: float = 5.0,
) -> Answer:
    """Make a call; `body` is sent as JSON, bytes as they are.

    Raises:
        NoAnswer: nothing answered in time.
    """
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    sent = ({"content-type": "application/json"} if raw is not None else {}) | dict(headers or {})
    try:
        connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), raw, sent)
        response = connection.getresponse()
        text = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(f"{parts.netloc} does not answer: {str(error) or type(error).__name__}") from error
    finally:
        connection.close()
    said = text.decode(errors="replace")
    return Answer(response.status, _decode(text), response.headers.get_content_type(), said)


def _decode(text: bytes) -> Any:  # noqa: ANN401  any JSON value
    try:
        return json.loads(text)
    except ValueError:
        return None
