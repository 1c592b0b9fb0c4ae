"""The broker and database of the bench: durable, and open to the bench's own streams."""

import json
from pathlib import Path

from canonical import topology
from chassis.broker_config import ACCOUNT
from chassis.broker_passwords import ensure_passwords
from chassis.local import NatsServer, Postgres
from chassis.local.ports import free_port
from chassis.testing import LocalMesh
from chassis.testing.mesh import REGION

USER = "bench"


class OpenServer(NatsServer):
    """The local server with one more user, who may do everything."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            folder=folder, port=free_port(), monitor_port=free_port(), topology=topology.load(), region=REGION
        )
        self.users.append(USER)
        self.passwords = ensure_passwords(folder / "secrets", self.users)

    def write_config(self) -> Path:
        """Write the server's configuration with the user that the topology does not know."""
        path = super().write_config()
        config = json.loads(path.read_text())
        config["accounts"][ACCOUNT]["users"].append({"user": USER, "password": self.password(USER)})
        path.write_text(json.dumps(config))
        return path


def make(folder: Path) -> LocalMesh:
    """Return servers that keep what they acknowledge through a power cut, not started yet."""
    mesh = LocalMesh(folder)
    mesh.nats = OpenServer(folder / "nats")
    mesh.postgres = Postgres(folder=folder / "postgres", port=free_port(), durable=True)
    return mesh
