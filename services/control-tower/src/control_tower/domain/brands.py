"""How a company's public pages look: its name, colours, logo, and whom customers ask."""

import base64
import binascii
import re
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from canonical.documents import read

LEAST_CONTRAST = 4.5
"""WCAG 2.2, level AA, for text."""
LARGEST_LOGO = 64 * 1024
PNG = b"\x89PNG\r\n\x1a\n"
_OUTSIDE = re.compile(
    r"<script|<foreignObject|<!DOCTYPE|<!ENTITY|javascript:|\bon\w+\s*="
    r"|(?:href|src)\s*=\s*[\"'](?!#)|url\((?!#)",
    re.IGNORECASE,
)
"""What in an SVG runs, or loads something from elsewhere."""

Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)]


class InvalidBrand(ValueError):
    """The text describes no brand; the message says why."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Colours(_Frozen):
    """Two pairs, each of which must be legible."""

    text: Colour
    """Of text and links on the page."""
    page: Colour
    """Of the page."""
    band_text: Colour
    """Of text on the band at the top."""
    band: Colour
    """Of the band at the top."""

    @model_validator(mode="after")
    def _is_legible(self) -> Self:
        for name in ("text", "band_text"):
            below = "page" if name == "text" else "band"
            found = contrast(getattr(self, name), getattr(self, below))
            if found < LEAST_CONTRAST:
                raise ValueError(f"{name} on {below} has a contrast of {found:.1f}; {LEAST_CONTRAST} is the least")
        return self


class Help(_Frozen):
    """Whom a customer asks."""

    email: Annotated[str, StringConstraints(pattern=r"^[^@\s<>\"]+@[^@\s<>\"]+$", max_length=254)] | None = None
    """Mail address."""
    phone: Annotated[str, StringConstraints(pattern=r"^\+?[0-9 ()/-]{3,30}$")] | None = None
    """Telephone number."""
    url: Annotated[str, StringConstraints(pattern=r"^https://[^\s\"<>]+$", max_length=200)] | None = None
    """Page."""


class Brand(_Frozen):
    """One company's brand."""

    company: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    """Owner or brand as the events name it; `default` serves all who have none."""
    name: Line
    """Its name for people."""
    colours: Colours
    """Its colours."""
    help: Help
    """Whom its customers ask."""
    logo_svg: str | None = None
    """Its logo as SVG that loads nothing."""
    logo_png: str | None = None
    """Its logo as PNG, base64."""

    @model_validator(mode="after")
    def _logo_is_whole(self) -> Self:
        if self.logo_svg and self.logo_png:
            raise ValueError("give logo_svg or logo_png, not both")
        if self.logo_svg and (not self.logo_svg.strip().startswith("<svg") or _OUTSIDE.search(self.logo_svg)):
            raise ValueError("logo_svg must be one <svg> that loads and runs nothing")
        if self.logo_png and not _png(self.logo_png).startswith(PNG):
            raise ValueError("logo_png must be a PNG in base64")
        if len(self.logo_svg or self.logo_png or "") > LARGEST_LOGO:
            raise ValueError(f"the logo has more than {LARGEST_LOGO} bytes")
        return self

    def logo(self) -> str | None:
        """Return the logo as a data address; None when there is none."""
        if self.logo_svg:
            return "data:image/svg+xml;base64," + base64.b64encode(self.logo_svg.strip().encode()).decode()
        return "data:image/png;base64," + "".join(self.logo_png.split()) if self.logo_png else None


def parse(company: str, text: str) -> Brand:
    """Read the brand of a file from YAML.

    Raises:
        InvalidBrand: the text is no brand of that company; the message says why.
    """
    brand = read(Brand, text, f"brand {company}", InvalidBrand)
    if brand.company != company:
        raise InvalidBrand(f"brand {company}: the file is for {brand.company!r}")
    return brand


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours as WCAG defines it, 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _png(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        return b""
