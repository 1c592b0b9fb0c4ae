"""Write the bill of materials of this environment as CycloneDX JSON: what is installed, under which licence."""

import json
import sys
import uuid
from importlib.metadata import Distribution, distributions
from typing import Any

INSTALLERS = {"pip", "setuptools", "wheel"}


def component(found: Distribution) -> dict[str, Any]:
    """Return a distribution in CycloneDX' form."""
    name, version = found.metadata["Name"], found.version
    made: dict[str, Any] = {
        "type": "library",
        "bom-ref": f"pkg:pypi/{name.lower()}@{version}",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name.lower()}@{version}",
    }
    if licence := licence_of(found):
        made["licenses"] = [licence]
    return made


def licence_of(found: Distribution) -> dict[str, Any] | None:
    """Return the licence a distribution states: an SPDX expression, else its short name."""
    if expression := found.metadata.get("License-Expression"):
        return {"expression": expression}
    classifiers = found.metadata.get_all("Classifier") or []
    named = [line.rsplit(" :: ", 1)[-1] for line in classifiers if line.startswith("License :: ")]
    stated = named[0] if named else (found.metadata.get("License") or "").strip().splitlines()[:1]
    name = stated if isinstance(stated, str) else "".join(stated)
    return {"license": {"name": name}} if name else None


def bill(subject: str) -> dict[str, Any]:
    """Return the bill; the same contents give the same serial number."""
    listed = sorted(
        (component(found) for found in distributions() if found.metadata["Name"].lower() not in INSTALLERS),
        key=lambda made: str(made["bom-ref"]),
    )
    contents = json.dumps(listed, sort_keys=True)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, subject + contents)}",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": f"crossdock/{subject}"}},
        "components": listed,
    }


def main(arguments: list[str]) -> int:
    """Print the bill of the image named."""
    (subject,) = arguments
    sys.stdout.write(json.dumps(bill(subject), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
