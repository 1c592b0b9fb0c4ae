"""Run inventory-sync."""

from chassis import run

from inventory_sync.app import build
from inventory_sync.settings import ServiceSettings

if __name__ == "__main__":
    run(build(ServiceSettings()))
