"""What a profile says of proofs: how a message shows who sent it."""

import re
from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, Field, model_validator

from profiles.expressions import Expr
from profiles.part import Part


class Secret(Part):
    """A live secret: a file, and when it counts."""

    file: str = Field(min_length=1)
    """Name of a file in the gateway's secrets folder; a line each where several count."""
    not_before: AwareDatetime | None = None
    """From when."""
    not_after: AwareDatetime | None = None
    """Until when."""

    def counts(self, now: datetime) -> bool:
        """Say whether it counts at this moment."""
        return not (self.not_before and now < self.not_before) and not (self.not_after and now > self.not_after)


class Auth(Part):
    """One way a message proves who sent it; a profile takes any of its ways."""

    scheme: Literal["hmac", "rsa", "header", "token", "basic", "bearer"]
    """`hmac` and `rsa` sign the message; the others carry a shared secret."""
    header: str | None = None
    """Header of the signature or secret; for `token` the query parameter's name."""
    field: Expr | None = None
    """Where the body carries the signature, instead of a header."""
    encoding: Literal["hex", "base64"] = "hex"
    """How the signature is written."""
    prefix: str = ""
    """What stands before it."""
    parts: str | None = None
    """Name of the signature in a header like `t=1,v1=abc`; several of that name may be there."""
    text: str = "{body}"
    """What is signed: `{body}`, `{timestamp}`, and `{name}` of `fields`."""
    fields: dict[str, Expr] = Field(default_factory=dict)
    """Values of the decoded body that the signed text has."""
    timestamp_header: str | None = None
    """Header of the time."""
    timestamp_part: str | None = None
    """Name of the time in the signature header."""
    timestamp_field: Expr | None = None
    """Where the body says the time."""
    window_seconds: int = Field(default=300, ge=1, le=86_400)
    """Furthest the time may be from ours, where there is one."""
    secret_form: Literal["utf8", "nfkd", "hex", "base64"] = "utf8"  # noqa: S105  a form
    """How the secret's text becomes the key."""
    secrets: list[Secret] = Field(min_length=1)
    """Live secrets; for `rsa` files of the JWKS."""
    key_id_header: str | None = None
    """Header that names the RSA key."""
    jwks_url: str | None = None
    """Where the carrier publishes its RSA keys; asked when a message is not proven by those at hand."""
    user: str | None = None
    """User of `basic`."""

    @model_validator(mode="after")
    def _is_whole(self) -> "Auth":
        if self.scheme in {"hmac", "rsa"} and not (self.header or self.field):
            raise ValueError("a signature needs `header` or `field`")
        if self.scheme in {"header", "token"} and not self.header:
            raise ValueError(f"scheme {self.scheme} needs `header`")
        if self.scheme == "rsa" and not self.key_id_header:
            raise ValueError("scheme rsa needs `key_id_header`")
        if self.jwks_url and not self.jwks_url.startswith(("https://", "http://127.0.0.1:")):
            raise ValueError("`jwks_url` must be https")
        names = set(re.findall(r"\{(\w+)\}", self.text)) - {"body", "timestamp"}
        if missing := names - set(self.fields):
            raise ValueError(f"the signed text names {', '.join(sorted(missing))}: say where in `fields`")
        return self

    @property
    def needs_body(self) -> bool:
        """Whether the body must be decoded before it is verified."""
        return bool(self.field or self.fields or self.timestamp_field)
