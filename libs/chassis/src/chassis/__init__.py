"""How a Crossdock service runs: the names a service codes against."""

from chassis.client import Http
from chassis.clock import Clock, FixedClock, new_id
from chassis.dependency import Dependency
from chassis.documents import Book, Document, Documents, document_columns
from chassis.effect import Effect, Handler, Outcome
from chassis.errors import Failure, OverQuota, Permanent, Rejected, StartupError, Temporary
from chassis.host import run
from chassis.live_file import LiveFile
from chassis.quotas import Quotas
from chassis.service import Service
from chassis.settings import Settings
from chassis.store import Store
from chassis.work import Cause, current_cause

__all__ = [
    "Book",
    "Cause",
    "Clock",
    "Dependency",
    "Document",
    "Documents",
    "Effect",
    "Failure",
    "FixedClock",
    "Handler",
    "Http",
    "LiveFile",
    "Outcome",
    "OverQuota",
    "Permanent",
    "Quotas",
    "Rejected",
    "Service",
    "Settings",
    "StartupError",
    "Store",
    "Temporary",
    "current_cause",
    "document_columns",
    "new_id",
    "run",
]
