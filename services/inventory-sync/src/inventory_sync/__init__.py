"""inventory-sync: what is on stock, what is promised, and for whom it is set aside."""
