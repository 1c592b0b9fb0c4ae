"""The broker and database of the bench: durable, and open to the bench's own streams."""

from pathlib import Path

from canonical import topology
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

    def _user(self, user: str) -> dict[str, object]:
        return {"user": user, "password": self.password(user)} if user == USER else super()._user(user)


def make(folder: Path) -> LocalMesh:
    """Return servers that keep what they acknowledge through a power cut, not started yet."""
    mesh = LocalMesh(folder)
    mesh.nats = OpenServer(folder / "nats")
    mesh.postgres = Postgres(folder=folder / "postgres", port=free_port(), durable=True)
    return mesh
