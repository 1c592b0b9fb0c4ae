"""The broker's passwords: one file per user, `nats-<user>.password`, as Kubernetes mounts a Secret's keys."""

import secrets
from collections.abc import Iterable
from pathlib import Path


def password_file(folder: Path, user: str) -> Path:
    """Return the file of a user's password."""
    return folder / f"nats-{user}.password"


def ensure_passwords(folder: Path, users: Iterable[str]) -> dict[str, Path]:
    """Make one password file per broker user where there is none yet."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {user: password_file(folder, user) for user in users}
    for path in paths.values():
        ensure_secret(path)
    return paths


def ensure_secret(path: Path) -> None:
    """Make a secret file, readable by its owner only, where there is none yet."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(24))


def read_passwords(folder: Path, users: Iterable[str]) -> dict[str, str]:
    """Return the password of every user.

    Raises:
        OSError: a file is missing or cannot be read.
    """
    return {user: password_file(folder, user).read_text().strip() for user in users}
