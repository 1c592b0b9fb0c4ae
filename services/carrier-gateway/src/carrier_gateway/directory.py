"""The carriers' profiles and secrets, read from their folders again when a file changes."""

import hashlib
import logging
import time
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import text

from chassis import Http, Service, Temporary
from profiles import Broken, Profile, load
from profiles.auth import Secret
from profiles.check import differences

log = logging.getLogger(__name__)

AWAY_SECONDS = 5.0
FETCH_SECONDS = 60.0
LOOK_SECONDS = 1.0
"""How old what is known of a secret file may be."""
SAMPLES = "samples"
NOTE = text(
    "INSERT INTO desk_act (action, carrier_code, subject, actor, reason, before, after) "
    "VALUES (:action, :carrier, :subject, :actor, :reason, :before, :after)"
)
ACTS = text("SELECT * FROM desk_act ORDER BY id DESC LIMIT 200")


class Conflict(Exception):
    """A profile cannot take the place of the one it was made from."""


class Profiles:
    """Profiles by carrier; a broken file never replaces a working profile."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stamps: dict[Path, int] = {}
        self._profiles: dict[str, Profile] = {}
        self._digests: dict[str, str] = {}
        self.broken: dict[str, str] = {}

    def get(self, carrier: str) -> Profile | None:
        """Return a carrier's profile; None when there is none."""
        return self._profiles.get(carrier)

    def all(self) -> Sequence[Profile]:
        """Return all profiles, by carrier."""
        return [self._profiles[carrier] for carrier in sorted(self._profiles)]

    def listed(self) -> list[dict[str, str | None]]:
        """Return every carrier: title and digest of the profile in use, and the mistake of a newer file, if any."""
        return [
            {
                "carrier": carrier,
                "title": profile.title if (profile := self._profiles.get(carrier)) else None,
                "digest": self._digests.get(carrier),
                "problem": self.broken.get(carrier),
            }
            for carrier in sorted(self._known())
        ]

    def text(self, carrier: str) -> str | None:
        """Return what a carrier's file holds; None when there is no such file."""
        path = self.folder / f"{carrier}.yaml"
        return path.read_text(encoding="utf-8") if carrier in self._known() and path.is_file() else None

    def sample(self, carrier: str) -> str | None:
        """Return the first sample of a profile's own tests; None when it has none that can be shown."""
        profile = self._profiles.get(carrier)
        paths = [self.folder / SAMPLES / test.file for test in profile.tests] if profile else []
        found = [path.read_bytes() for path in paths[:1] if path.is_file()]
        return found[0].decode(errors="replace") if found else None

    def differing(self, profile: Profile) -> list[str]:
        """Return the samples of its own that a profile reads other than it says."""
        return [f"{one.file}: {one.found}" for one in differences(profile, self.folder / SAMPLES)]

    @staticmethod
    def revision(text: str) -> str:
        """Return the digest a text is known by."""
        return hashlib.sha256(text.encode()).hexdigest()

    def put(self, carrier: str, text: str, revision: str) -> None:
        """Put a text in the place of the one it was made from, and use it.

        Raises:
            Conflict: somebody changed the file meanwhile, or the folder cannot be written.
        """
        path = self.folder / f"{carrier}.yaml"
        if self.revision(path.read_text(encoding="utf-8")) != revision:
            raise Conflict("somebody changed this profile meanwhile: load it again and make the change anew")
        draft = path.with_name(f".{path.name}.draft")
        try:
            draft.write_text(text, encoding="utf-8")
            draft.replace(path)
        except OSError as error:
            raise Conflict(f"the folder of profiles cannot be written here: {error.strerror}") from error
        self.refresh()

    def _known(self) -> frozenset[str]:
        return frozenset(self._profiles.keys() | self.broken.keys())

    def refresh(self) -> None:
        """Read what changed since the last time.

        Raises:
            OSError: the folder cannot be read.
        """
        stamps = {path: path.stat().st_mtime_ns for path in sorted(self.folder.glob("*.yaml"))}
        changed = [path for path, stamp in stamps.items() if self._stamps.get(path) != stamp]
        for path in self._stamps.keys() - stamps.keys():
            self._profiles.pop(path.stem, None)
            self._digests.pop(path.stem, None)
            self.broken.pop(path.stem, None)
            log.info("profile_gone", extra={"carrier": path.stem})
        self._stamps = stamps
        for path in changed:
            self._read(path)

    def _read(self, path: Path) -> None:
        try:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            self._profiles[path.stem], self._digests[path.stem] = load(path), digest
        except (Broken, OSError, UnicodeDecodeError) as error:
            self.broken[path.stem] = str(error)
            fields = {"carrier": path.stem, "error": str(error)[:1000], "kept_working": path.stem in self._profiles}
            log.error("profile_broken", extra=fields)  # noqa: TRY400  the error says it all
            return
        self.broken.pop(path.stem, None)
        log.info("profile_loaded", extra={"carrier": path.stem})


class Desk:
    """What people did to carriers' profiles and messages, for the audit."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def note(
        self,
        action: str,
        carrier: str,
        subject: str,
        *,
        actor: str,
        reason: str,
        texts: tuple[str | None, str | None] = (None, None),
    ) -> None:
        """Keep who did what, and why; `texts` are what it was before and after."""
        row = {"action": action, "carrier": carrier, "subject": subject, "actor": actor, "reason": reason}
        async with self._service.engine.begin() as connection:
            await connection.execute(NOTE, {**row, "before": texts[0], "after": texts[1]})


class SecretFiles:
    """Live secrets by file; one can be added before another is taken away."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._known: dict[str, tuple[float, tuple[bytes, ...]]] = {}
        self._fetched: dict[str, bytes] = {}

    def keep(self, name: str, content: bytes) -> None:
        """Keep what a carrier published, beside its file."""
        self._fetched[name] = content

    def live(self, secret: Secret) -> tuple[bytes, ...]:
        """Return the secrets a file holds, one a line, or the whole of a JWKS; none when there is no such file.

        Raises:
            OSError: the file cannot be read.
        """
        now = time.monotonic()
        read_at, values = self._known.get(secret.file, (-LOOK_SECONDS, ()))
        if now - read_at >= LOOK_SECONDS:
            values = self._read(secret.file)
            self._known[secret.file] = (now, values)
        fetched = self._fetched.get(secret.file)
        return values if fetched is None else (*values, fetched)

    def _read(self, name: str) -> tuple[bytes, ...]:
        if self._folder is None or Path(name).name != name or not (path := self._folder / name).is_file():
            return ()
        content = path.read_bytes()
        if path.suffix == ".jwks":
            return (content,)
        return tuple(line.strip() for line in content.splitlines() if line.strip())


class PublishedKeys:
    """RSA keys that carriers publish: fetched when a message is not proven by those at hand, at most once a minute."""

    def __init__(self, http: Http, secrets: SecretFiles) -> None:
        self._http, self._secrets = http, secrets
        self._fresh_until: dict[str, float] = {}
        self._away_until: dict[str, float] = {}

    async def fetch(self, profile: Profile) -> bool:
        """Fetch a carrier's keys; says whether there may be new ones.

        Raises:
            Temporary: they cannot be fetched now, so nothing can be said of the message.
        """
        ways, now = [way for way in profile.auth if way.jwks_url], time.monotonic()
        if not ways or now < self._fresh_until.get(profile.carrier, 0.0):
            return False
        if now < self._away_until.get(profile.carrier, 0.0):
            raise Temporary(f"the keys of {profile.carrier} cannot be fetched")
        self._away_until[profile.carrier] = now + AWAY_SECONDS
        for way in ways:
            answer = await self._http.request("GET", way.jwks_url or "")
            self._secrets.keep(way.secrets[0].file, answer.content)
        self._fresh_until[profile.carrier], self._away_until[profile.carrier] = now + FETCH_SECONDS, 0.0
        log.info("keys_fetched", extra={"carrier": profile.carrier})
        return True
