"""inventory-sync, the owner of the items: which SKUs are known."""
