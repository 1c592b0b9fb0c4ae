"""Checks of how carriers' messages are proven, and the defects they must see."""

import ast
import inspect
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from profiles import signatures
from profiles.auth import Auth, Secret
from profiles.signatures import Message, is_genuine
from profiles.signing import prove

NOW = datetime(2026, 3, 4, 18, 0, 30, tzinfo=UTC)
BODY = b'{"tracking": "T-1",  "event": "delivered", "weight": 1.50}'
LIVE = {"old": b"the-old-secret", "new": b"the-new-secret"}
SECRET_NAMES = {"live", "forms", "expected", "proofs", "secrets"}


def _way(*secrets: Secret) -> Auth:
    return Auth(scheme="hmac", header="x-signature", encoding="base64", secrets=list(secrets))


def _is_taken(way: Auth, signed: bytes, sent: bytes, secret: str, at: datetime = NOW) -> bool:
    headers = prove(way, signed, LIVE[secret], at).headers
    return is_genuine([way], Message(sent, headers), secrets=lambda one: (LIVE[one.file],), now=at)


def raw_bytes_are_signed() -> list[str]:
    """Return what is wrong with signatures over bodies that another writer of JSON would have written otherwise."""
    way = _way(Secret(file="new"))
    findings = []
    if not _is_taken(way, BODY, BODY, "new"):
        findings.append("a genuine body was refused")
    if _is_taken(way, BODY, BODY.replace(b",  ", b","), "new"):
        findings.append("a changed body was taken")
    return findings


def old_secrets_end() -> list[str]:
    """Return what is wrong with a rotation: both secrets count while they overlap, each alone before and after."""
    end = NOW + timedelta(hours=1)
    way = _way(Secret(file="old", not_after=end), Secret(file="new", not_before=NOW))
    expected = {
        ("old", NOW - timedelta(hours=1)): True,
        ("new", NOW - timedelta(hours=1)): False,
        ("old", NOW + timedelta(minutes=30)): True,
        ("new", NOW + timedelta(minutes=30)): True,
        ("old", end + timedelta(seconds=60)): False,
        ("new", end + timedelta(seconds=60)): True,
    }
    return [
        f"the {secret} secret {'is refused' if counts else 'counts'} at {at}"
        for (secret, at), counts in expected.items()
        if _is_taken(way, BODY, BODY, secret, at) != counts
    ]


def secrets_are_compared_in_constant_time() -> list[str]:
    """Return the comparisons of secrets that take longer the more of a guess is right.

    Time is no witness on a busy machine, so the code is read instead: what stems from a secret or a proof may only be
    compared by `hmac.compare_digest`.
    """
    tree = ast.parse(inspect.getsource(signatures))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "compare_digest"]
    findings = [f"{function.name}: {found}" for function in functions for found in _plain_comparisons(function)]
    return findings + ([] if len(calls) >= 3 else [f"compare_digest is called {len(calls)} times only"])


def _plain_comparisons(function: ast.FunctionDef) -> Iterator[str]:
    loops = [node for node in ast.walk(function) if isinstance(node, ast.comprehension)]
    secret = SECRET_NAMES | {
        name.id
        for loop in loops
        if isinstance(loop.iter, ast.Name) and loop.iter.id in SECRET_NAMES
        for name in ast.walk(loop.target)
        if isinstance(name, ast.Name)
    }
    for node in ast.walk(function):
        names = {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}
        if isinstance(node, ast.Compare) and secret & names and isinstance(node.ops[0], ast.Eq | ast.NotEq | ast.In):
            yield ast.unparse(node)


class PlainCompare(ast.NodeTransformer):
    """Writes `==` for every `hmac.compare_digest`."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "compare_digest":
            return ast.Compare(node.args[0], [ast.Eq()], [node.args[1]])
        return node


def sign_parsed_json(patch: pytest.MonkeyPatch) -> None:
    """The signature is taken over the body as we would write it."""
    signed = signatures._signed

    def signed_again(way: Auth, body: bytes, timestamp: str | None, scope: object) -> bytes | None:
        return signed(way, orjson.dumps(orjson.loads(body)), timestamp, scope)  # type: ignore[arg-type]

    patch.setattr(signatures, "_signed", signed_again)


def count_every_secret(patch: pytest.MonkeyPatch) -> None:
    """A secret that has ended still counts."""
    patch.setattr(Secret, "counts", lambda self, now: True)


def compare_plainly(patch: pytest.MonkeyPatch) -> None:
    """Secrets are compared with `==`."""
    source = ast.unparse(ast.fix_missing_locations(PlainCompare().visit(ast.parse(inspect.getsource(signatures)))))
    patch.setattr(inspect, "getsource", lambda _: source)
