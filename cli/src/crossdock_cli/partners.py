"""The partner directory of a control tower: read, changed, told."""

import getpass
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crossdock_cli import tower
from crossdock_cli.failures import CliError, Exit

PARTNERS = "/metadata/partner"


class Directory:
    """The partners at one tower."""

    def __init__(self, address: str) -> None:
        self._address = address

    def all(self) -> list[dict[str, Any]]:
        """Return every partner as it is."""
        return list(tower.ask(self._address, "GET", PARTNERS))

    def one(self, name: str) -> dict[str, Any]:
        """Return a partner as it is.

        Raises:
            CliError: there is none.
        """
        return dict(tower.ask(self._address, "GET", f"{PARTNERS}/{name}"))

    def history(self, name: str) -> list[dict[str, Any]]:
        """Return every revision of a partner.

        Raises:
            CliError: there never was one.
        """
        self.one(name)
        return list(tower.ask(self._address, "GET", f"{PARTNERS}/{name}/history"))

    def change(
        self, name: str, values: Sequence[str], *, actor: str | None, reason: str, revision: int | None
    ) -> dict[str, Any]:
        """Make a partner or its next revision.

        Raises:
            CliError: a value is none, the tower refuses, or somebody else was faster.
        """
        known = next((one for one in self.all() if one["name"] == name), None)
        body = merged(known["body"] if known else {}, values)
        expected = revision if revision is not None else known["revision"] if known else None
        headers = {"if-match": str(expected)} if expected is not None else {}
        wish = {"body": body, "actor": actor or getpass.getuser(), "reason": reason}
        return dict(tower.ask(self._address, "PUT", f"{PARTNERS}/{name}", wish, headers))


def merged(body: Mapping[str, Any], values: Sequence[str]) -> dict[str, Any]:
    """Return a body with `field=value` and `field.part=value` set; an empty value takes it away.

    Raises:
        CliError: one of them is not of that form.
    """
    made: dict[str, Any] = {key: dict(value) if isinstance(value, Mapping) else value for key, value in body.items()}
    for given in values:
        path, sign, value = given.partition("=")
        field, _, part = path.partition(".")
        if not sign or not field:
            raise CliError(f"{given!r} is not FIELD=VALUE.", Exit.USAGE)
        inner = made.setdefault(field, {}) if part else made
        if value:
            inner[part or field] = _typed(value)
        else:
            inner.pop(part or field, None)
    return made


def _typed(value: str) -> Any:  # noqa: ANN401  text or a truth
    return {"true": True, "false": False}.get(value, value)


def flat(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body's values by path."""
    return dict(_paths(body, ""))


def _paths(body: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    for key, value in body.items():
        if isinstance(value, Mapping):
            yield from _paths(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def differing(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> str:
    """Say which fields a revision changed."""
    if after["body"] is None:
        return "withdrawn"
    was, now = flat((before or {}).get("body") or {}), flat(after["body"])
    paths = [path for path in {**was, **now} if was.get(path) != now.get(path)]
    return ", ".join(f"{path}={now.get(path, '')}" for path in paths) or "nothing"
