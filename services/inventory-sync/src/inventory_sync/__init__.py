"""The inventory-sync service."""
