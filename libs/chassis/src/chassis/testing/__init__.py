"""What tests of a service need: a real broker and a real database within a second, and books kept in memory."""

from chassis.testing.books import FakeBook
from chassis.testing.mesh import LocalMesh, eventually

__all__ = ["FakeBook", "LocalMesh", "eventually"]
