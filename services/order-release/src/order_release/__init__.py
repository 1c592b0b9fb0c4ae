"""order-release: from the ERP's release to the order's end, and back to the ERP."""
