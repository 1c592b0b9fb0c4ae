"""Connectors of carrier-gateway, one folder per carrier."""
