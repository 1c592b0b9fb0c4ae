"""Run the inventory-sync service."""

from chassis import run

from inventory_sync.app import build
from inventory_sync.settings import InventorySettings

if __name__ == "__main__":
    run(build, InventorySettings)
