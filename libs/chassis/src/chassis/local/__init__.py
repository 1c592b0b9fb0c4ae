"""Real servers on this machine: nats-server and PostgreSQL, for laptops and tests."""

from chassis.local.errors import LocalServerError
from chassis.local.nats import NatsServer
from chassis.local.postgres import Postgres

__all__ = ["LocalServerError", "NatsServer", "Postgres"]
