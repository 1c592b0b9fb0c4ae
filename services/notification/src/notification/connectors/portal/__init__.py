"""The customer portal's webhook endpoint."""
