"""A store's edge: stock adjustments kept on its own disk, and drained into inventory-sync when that can be reached."""
