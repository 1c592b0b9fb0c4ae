"""The image's health check: whether the service is ready, or, of the sandbox, answers; says why when not."""

import os
import sys
import tomllib
import urllib.error
import urllib.request
from importlib.util import find_spec
from pathlib import Path

SANDBOX_PORT = 8190


def address(name: str) -> str:
    """Return where a service tells how it is; the topology is read as text, for a check starts every few seconds."""
    if name == "sandbox":
        return f"http://127.0.0.1:{SANDBOX_PORT}/_sandbox/progress"
    port = os.environ.get("CROSSDOCK_PORT")
    if port is None:
        canonical = find_spec("canonical")
        topology = Path(str(canonical.origin)).with_name("topology.toml") if canonical else Path()
        port = tomllib.loads(topology.read_text())["services"][name]["port"]
    return f"http://127.0.0.1:{port}/health/ready"


def main() -> int:
    """Return 0 when the service is well; the provisioner runs to its end and has no health."""
    name = os.environ["CROSSDOCK_SERVICE"]
    if name == "provisioner":
        return 0
    try:
        urllib.request.urlopen(address(name), timeout=4)
    except urllib.error.HTTPError as answer:
        sys.stdout.write(answer.read().decode())
        return 1
    except OSError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
