"""What the structure tests look at: the members, the services and the files of this repository."""

import ast
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SKIPPED_FOLDERS = {".git", ".venv", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".crossdock"}


@dataclass(frozen=True)
class Member:
    """One package of the workspace."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def path(self) -> str:
        return self.folder.relative_to(ROOT).as_posix()

    @property
    def package(self) -> str:
        """The import name: the folder's in snake case, except that the command may not be called `cli`."""
        return "crossdock_cli" if self.path == "cli" else self.name.replace("-", "_")

    @property
    def source(self) -> Path:
        return self.folder / "src" / self.package

    @property
    def pyproject(self) -> dict[str, Any]:
        return read_toml(self.folder / "pyproject.toml")


def read_toml(path: Path) -> dict[str, Any]:
    """Return a TOML file as a dictionary."""
    with path.open("rb") as file:
        return tomllib.load(file)


def folders_of(parent: str) -> list[Path]:
    """Return the visible folders in a folder of the repository."""
    return sorted(path for path in (ROOT / parent).iterdir() if path.is_dir() and not path.name.startswith((".", "_")))


SERVICES = [Member(folder) for folder in folders_of("services")]
LIBRARIES = [Member(folder) for folder in folders_of("libs")]
MEMBERS = [*LIBRARIES, *SERVICES, Member(ROOT / "sandbox"), Member(ROOT / "cli"), Member(ROOT / "edge")]
SERVICE_MODULES = [
    "__init__.py",
    "__main__.py",
    "app.py",
    "domain.py",
    "handlers.py",
    "ports.py",
    "py.typed",
    "settings.py",
]
CARD = ["owns", "listens", "publishes", "calls", "SLO", "owner"]
WORKSPACE = read_toml(ROOT / "pyproject.toml")


def name_of(member: object) -> str:
    """Name a parametrised case after its member."""
    return member.path if isinstance(member, Member) else str(member)


@cache
def files() -> list[Path]:
    """Return every file of the repository that git would keep; in an unpacked archive, every file."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]
    return [path for path in ROOT.rglob("*") if path.is_file() and not SKIPPED_FOLDERS.intersection(path.parts)]


def texts() -> Iterator[tuple[str, str]]:
    """Yield the path and content of every text file of the repository."""
    for path in files():
        content = path.read_bytes()
        if b"\0" not in content:
            yield path.relative_to(ROOT).as_posix(), content.decode("utf-8")


def modules(*folders: Path) -> Iterator[tuple[str, str, ast.Module]]:
    """Yield path, text and syntax tree of every Python file in the folders."""
    for path in files():
        if path.suffix == ".py" and any(path.is_relative_to(folder) for folder in folders):
            text = path.read_text()
            yield path.relative_to(ROOT).as_posix(), text, ast.parse(text)
