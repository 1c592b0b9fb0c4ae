"""What an analyst does with a carrier's profile: begin one, try it, put it to work, and look at what it does."""

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from profiles import Broken, Profile, Reading, Undecodable, Unreadable, load, read
from profiles.auth import Auth
from profiles.check import Difference, differences, rows
from profiles.signing import Proof, Unsigned, prove

from crossdock_cli import web
from crossdock_cli.failures import CliError, Exit
from crossdock_cli.layout import write_atomically
from crossdock_cli.mesh import Mesh

WAIT_SECONDS = 15.0
SAMPLES = "samples"
SCAFFOLD = """\
carrier: {name}
title: {name} (push)

# Who may send: see docs/howto/onboard-a-carrier.md for the other ways.
auth:
  - scheme: hmac
    header: x-signature
    encoding: hex
    secrets: [{{file: {name}.secret}}]

# Where the shipments are in the body, and in each of them its number and its events.
items: root
tracking_number: item.trackingNumber
events: item.events
code: event.code
text: event.description
place: "list(', ', event.city, event.country)"

# What each code means; `crossdock carrier test` lists the codes no rule knows.
milestones:
  - key: event.code
    codes:
      PU: picked-up
      IT: in-transit
      OD: out-for-delivery
      DL: delivered

# When it happened; a time without offset needs `zone`, or stays the carrier's own clock.
times:
  - value: event.time

# Whether the delivered event is all the proof this carrier gives.
proof: {{delivery_is_proof: true}}

# Samples and what they must give: number, code, milestone, reason, time.
tests:
  - file: {name}-1.json
    gives:
      - ["T-1", PU, picked-up, null, "2026-03-02T08:00:00+00:00"]
      - ["T-1", DL, delivered, null, "2026-03-03T10:30:00+00:00"]
"""
SAMPLE = """\
{"trackingNumber": "T-1", "events": [
  {"code": "PU", "description": "Picked up", "time": "2026-03-02T09:00:00+01:00", "city": "Berlin", "country": "DE"},
  {"code": "DL", "description": "Delivered", "time": "2026-03-03T11:30:00+01:00", "city": "Lyon", "country": "FR"}]}
"""


@dataclass(frozen=True, slots=True)
class Trial:
    """What a profile made of a sample."""

    sample: Path
    reading: Reading


def begin(name: str, folder: Path) -> list[Path]:
    """Write a profile to begin with, and its first sample; returns the files.

    Raises:
        CliError: there is one already, or the name cannot be a carrier's.
    """
    profile, sample = folder / f"{name}.yaml", folder / SAMPLES / f"{name}-1.json"
    if profile.exists():
        raise CliError(f"{profile} exists already: change it, or choose another name.", Exit.USAGE)
    write_atomically(profile, SCAFFOLD.format(name=name))
    try:
        load(profile)
    except Broken as error:
        profile.unlink()
        raise CliError(f"'{name}' cannot be a carrier's name: {error}", Exit.USAGE) from error
    write_atomically(sample, SAMPLE)
    return [profile, sample]


def opened(path: Path) -> Profile:
    """Return the profile of a file.

    Raises:
        CliError: it is broken; every mistake is named with its line.
    """
    try:
        return load(path)
    except Broken as error:
        raise CliError(str(error), Exit.UNCLEAN) from error
    except OSError as error:
        raise CliError(f"{path} cannot be read: {error.strerror}.", Exit.USAGE) from error


def check(path: Path) -> list[Difference]:
    """Return where the profile's own samples give other than it says."""
    return differences(opened(path), path.parent / SAMPLES)


def attempt(path: Path, sample: Path) -> Trial:
    """Read a sample by a profile, changing nothing.

    Raises:
        CliError: the sample cannot be read.
    """
    try:
        return Trial(sample, read(opened(path), sample.read_bytes(), request={"number": "the-number-asked-for"}))
    except (Undecodable, Unreadable) as error:
        raise CliError(f"{sample}: {error}", Exit.UNCLEAN) from error
    except OSError as error:
        raise CliError(f"{sample} cannot be read: {error.strerror}.", Exit.USAGE) from error


def as_json(trial: Trial) -> dict[str, Any]:
    """Return a trial with where each value came from."""
    reading = trial.reading
    return {
        "sample": str(trial.sample),
        "disposition": reading.disposition,
        "gives": rows(reading),
        "events": [
            {
                "tracking_number": item.tracking_number,
                "code": event.code,
                "milestone": event.milestone,
                "reason": event.reason,
                "time": event.moment.at if event.moment else None,
                "basis": event.moment.basis if event.moment else None,
                "place": event.place,
                "text": event.text,
                "is_proof": event.is_proof,
                "from": dict(event.trace),
            }
            for item in reading.items
            for event in item.events
        ],
        "unmapped": sorted({str(event.code) for event in reading.unmapped}),
    }


def put_to_work(mesh: Mesh, path: Path) -> dict[str, Any]:
    """Copy a checked profile to where the running gateway reads, and wait until it uses it.

    Raises:
        CliError: its tests fail, or the gateway does not take it.
    """
    if wrong := check(path):
        raise CliError(f"{path}: {len(wrong)} of its samples differ: crossdock carrier test {path}", Exit.UNCLEAN)
    url = mesh.url("carrier-gateway")
    folder = Path(ask("GET", f"{url}/carriers")["folder"])
    content = path.read_text(encoding="utf-8")
    if path.resolve() != (folder / path.name).resolve():
        write_atomically(folder / path.name, content)
    digest = hashlib.sha256(content.encode()).hexdigest()

    def in_use() -> bool:
        listed = ask("GET", f"{url}/carriers")["carriers"]
        return any((found["carrier"], found["digest"]) == (path.stem, digest) for found in listed)

    _until(in_use, f"The gateway did not take {path.name} within {WAIT_SECONDS:.0f} s: see its log.")
    hook = f"{url}/webhooks/{path.stem}"
    return {"carrier": path.stem, "folder": str(folder), "digest": digest, "webhook": hook}


def map_again(mesh: Mesh, since: datetime, carrier: str | None) -> dict[str, Any]:
    """Have kept messages mapped again, and wait until they are.

    Raises:
        CliError: they are not in time.
    """
    url = mesh.url("carrier-gateway")
    query = {"since": since.isoformat()} | ({"carrier": carrier} if carrier else {})
    found = ask("POST", f"{url}/raw-messages/replay?{urlencode(query)}")
    _until(
        lambda: not ask("GET", f"{url}/raw-messages/waiting")["waiting"],
        f"{found['messages']} messages were set back and are not all mapped yet.",
        seconds=WAIT_SECONDS + found["messages"] / 200,
    )
    return {**found, "mapped": True}


def send(mesh: Mesh, carrier: str, sample: Path | None) -> dict[str, Any]:
    """Send a sample to the running gateway as its carrier would, and wait until it was mapped.

    Raises:
        CliError: it cannot be signed, was not accepted, or not mapped in time.
    """
    url = mesh.url("carrier-gateway")
    folder = Path(ask("GET", f"{url}/carriers")["folder"])
    profile = opened(folder / f"{carrier}.yaml")
    path = sample or folder / SAMPLES / profile.tests[0].file
    body = path.read_bytes()
    proof = _proof(mesh, profile, body)
    query = f"?{urlencode(proof.query)}" if proof.query else ""
    answer = web.call("POST", f"{url}/webhooks/{carrier}{query}", body, headers=proof.headers)
    if not answer.ok:
        raise CliError(f"The gateway answered {answer.status}: {answer.fields().get('detail')}", Exit.UNCLEAN)
    query = urlencode({"digest": hashlib.sha256(body).hexdigest()})

    def mapped() -> Any:  # noqa: ANN401  any JSON value
        kept = ask("GET", f"{url}/raw-messages?{query}")
        return kept[0] if kept and kept[0]["mapped_at"] else None

    found = _until(mapped, "The message was kept and is not mapped yet: see the gateway's log.")
    return {"sample": str(path), "answer": answer.fields()["status"], **found}


def _until(check: Callable[[], Any], otherwise: str, *, seconds: float = WAIT_SECONDS) -> Any:  # noqa: ANN401
    """Return the check's answer as soon as it has one.

    Raises:
        CliError: it has none in time; the text is `otherwise`.
    """
    deadline = time.monotonic() + seconds
    while not (found := check()):
        if time.monotonic() > deadline:
            raise CliError(otherwise, Exit.TIMEOUT)
        time.sleep(0.3)
    return found


def _proof(mesh: Mesh, profile: Profile, body: bytes) -> Proof:
    problems: list[str] = []
    for way in profile.auth:
        try:
            return prove(way, body, _secret(mesh, way), datetime.now(UTC))
        except Unsigned as error:
            problems.append(str(error))
    raise CliError(f"{profile.carrier} cannot be imitated: {'; '.join(problems) or 'no way to send'}.", Exit.UNCLEAN)


def _secret(mesh: Mesh, way: Auth) -> bytes:
    """Return a live secret of the local mesh; one is made where there is none yet."""
    path = mesh.layout.secrets / way.secrets[0].file
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32) + "\n")
        time.sleep(1.5)
    return path.read_bytes().split()[0]


def ask(method: str, url: str) -> Any:  # noqa: ANN401  any JSON value
    """Return what the gateway answers.

    Raises:
        CliError: it does not, or not well.
    """
    try:
        answer = web.call(method, url)
    except web.NoAnswer as error:
        raise CliError(
            "carrier-gateway does not answer: start the mesh with `crossdock up`.", Exit.NOT_RUNNING
        ) from error
    if not answer.ok:
        raise CliError(f"carrier-gateway answered {answer.status}: {answer.fields().get('detail')}", Exit.UNCLEAN)
    return answer.body


def moment(text: str) -> datetime:
    """Return the moment a text means: `30m`, `2h` or `3d` ago, or a time in ISO 8601.

    Raises:
        CliError: it is neither.
    """
    units = {"m": "minutes", "h": "hours", "d": "days"}
    try:
        if text[-1:] in units:
            return datetime.now(UTC) - timedelta(**{units[text[-1]]: float(text[:-1])})
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise CliError(f"'{text}' is no time: use 30m, 2h, 3d or 2026-03-02T12:00:00Z.", Exit.USAGE) from error
    return found if found.tzinfo else found.astimezone()
