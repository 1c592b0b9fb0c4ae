"""warehouse-adapter: orders to the warehouses, and what the warehouses report."""
