"""The companies' brands, read from their folder again when a file changes."""

import logging
from pathlib import Path

from control_tower.domain.brands import Brand, InvalidBrand, parse

log = logging.getLogger(__name__)

DEFAULT = "default"


class Brands:
    """Brands by company; a broken file never replaces a brand that works."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stamps: dict[Path, int] = {}
        self._brands: dict[str, Brand] = {}

    def of(self, company: str) -> Brand:
        """Return a company's brand, else the default one."""
        return self._brands.get(company) or self._brands[DEFAULT]

    def refresh(self) -> None:
        """Read what changed since the last time.

        Raises:
            InvalidBrand: there is no default brand.
        """
        stamps = {path: path.stat().st_mtime_ns for path in sorted(self._folder.glob("*.yaml"))}
        for path in self._stamps.keys() - stamps.keys():
            if path.stem != DEFAULT:
                self._brands.pop(path.stem, None)
        changed = [path for path, stamp in stamps.items() if self._stamps.get(path) != stamp]
        self._stamps = stamps
        for path in changed:
            self._read(path)
        if DEFAULT not in self._brands:
            raise InvalidBrand(f"{self._folder} has no working {DEFAULT}.yaml")

    def _read(self, path: Path) -> None:
        try:
            self._brands[path.stem] = parse(path.stem, path.read_text(encoding="utf-8"))
            log.info("brand_loaded", extra={"company": path.stem})
        except (InvalidBrand, OSError, UnicodeDecodeError) as error:
            log.error("brand_broken", extra={"company": path.stem, "error": str(error)[:1000]})  # noqa: TRY400
