"""The time zone of a place, as far as country and postal code tell it."""

from collections.abc import Mapping
from types import MappingProxyType

_BY_COUNTRY = (
    "AT Vienna, BE Brussels, BG Sofia, CH Zurich, CY Asia/Nicosia, CZ Prague, DE Berlin, DK Copenhagen, EE Tallinn, "
    "ES Madrid, FI Helsinki, FR Paris, GB London, GR Athens, HR Zagreb, HU Budapest, IE Dublin, IS Atlantic/Reykjavik, "
    "IT Rome, LI Vaduz, LT Vilnius, LU Luxembourg, LV Riga, MC Monaco, MT Malta, NL Amsterdam, NO Oslo, PL Warsaw, "
    "PT Lisbon, RO Bucharest, RS Belgrade, SE Stockholm, SI Ljubljana, SK Bratislava, SM San_Marino, TR Istanbul, "
    "UA Kyiv, AE Asia/Dubai, CN Asia/Shanghai, HK Asia/Hong_Kong, IL Asia/Jerusalem, IN Asia/Kolkata, JP Asia/Tokyo, "
    "KR Asia/Seoul, SG Asia/Singapore, TH Asia/Bangkok, TW Asia/Taipei, MA Africa/Casablanca, ZA Africa/Johannesburg, "
    "NZ Pacific/Auckland"
)
ZONES: Mapping[str, str] = MappingProxyType(
    {
        code: name if "/" in name else f"Europe/{name}"
        for code, name in (entry.split() for entry in _BY_COUNTRY.split(", "))
    }
)
"""Zones of the countries that have one, or whose other ones their postal codes tell."""

BY_POSTAL_CODE: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "ES": {"35": "Atlantic/Canary", "38": "Atlantic/Canary", "51": "Africa/Ceuta", "52": "Africa/Ceuta"},
        "PT": {"90": "Atlantic/Madeira", "91": "Atlantic/Madeira", "92": "Atlantic/Madeira", "93": "Atlantic/Madeira"}
        | dict.fromkeys(("95", "96", "97", "98", "99"), "Atlantic/Azores"),
        "US": dict.fromkeys("012", "America/New_York")
        | {"3": "America/New_York", "35": "America/Chicago", "36": "America/Chicago", "37": "America/Chicago"}
        | {"376": "America/New_York", "377": "America/New_York", "378": "America/New_York", "379": "America/New_York"}
        | {"374": "America/New_York", "38": "America/Chicago", "324": "America/Chicago", "325": "America/Chicago"}
        | {"4": "America/New_York", "42": "America/Chicago", "463": "America/Chicago", "464": "America/Chicago"}
        | dict.fromkeys("567", "America/Chicago")
        | {"59": "America/Denver", "577": "America/Denver", "693": "America/Denver", "798": "America/Denver"}
        | {"799": "America/Denver", "8": "America/Denver", "85": "America/Phoenix", "86": "America/Phoenix"}
        | {"838": "America/Los_Angeles", "89": "America/Los_Angeles", "9": "America/Los_Angeles"}
        | {"967": "Pacific/Honolulu", "968": "Pacific/Honolulu"}
        | dict.fromkeys(("995", "996", "997", "998", "999"), "America/Anchorage"),
        "CA": {"A": "America/St_Johns", "B": "America/Halifax", "C": "America/Halifax", "E": "America/Moncton"}
        | dict.fromkeys("GHJKLMNP", "America/Toronto")
        | {"R": "America/Winnipeg", "S": "America/Regina", "T": "America/Edmonton", "V": "America/Vancouver"}
        | {"X": "America/Yellowknife", "Y": "America/Whitehorse"},
        "AU": {"2": "Australia/Sydney", "3": "Australia/Melbourne", "4": "Australia/Brisbane"}
        | {"5": "Australia/Adelaide", "6": "Australia/Perth", "7": "Australia/Hobart"}
        | {"08": "Australia/Darwin", "09": "Australia/Darwin"},
    }
)
"""Zones by the beginning of the postal code, the longest that fits; where a state has two, that of most people."""


def zone_of(country: str, postal_code: str) -> str | None:
    """Return the IANA name of a place's time zone; None when country and postal code do not tell."""
    code = postal_code.strip().upper()
    prefixes = BY_POSTAL_CODE.get(country, {})
    fitting = [prefix for prefix in prefixes if code.startswith(prefix)]
    return prefixes[max(fitting, key=len)] if fitting else ZONES.get(country)
