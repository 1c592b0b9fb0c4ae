"""A file that is read again when it changes, so that keys are changed without a restart."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""How old what is known of a file may be."""

T = TypeVar("T")


class LiveFile(Generic[T]):
    """What a file says; a newer text that says nothing sensible never replaces what works.

    Raises:
        OSError: the file cannot be read the first time.
        ValueError: its first text is not what it should be.
    """

    def __init__(self, path: Path, parse: Callable[[str], T]) -> None:
        self._path, self._parse = path, parse
        self._stamp = path.stat().st_mtime_ns
        self._value = parse(path.read_text(encoding="utf-8"))
        self._looked_at = time.monotonic()

    def value(self) -> T:
        """Return what the file says, as of at most a second ago."""
        now = time.monotonic()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            self._look()
        return self._value

    def _look(self) -> None:
        try:
            stamp = self._path.stat().st_mtime_ns
            if stamp != self._stamp:
                self._value, self._stamp = self._parse(self._path.read_text(encoding="utf-8")), stamp
                log.info("file_read_again", extra={"path": str(self._path)})
        except (OSError, ValueError) as error:
            log.error("file_broken", extra={"path": str(self._path), "error": str(error)})  # noqa: TRY400
