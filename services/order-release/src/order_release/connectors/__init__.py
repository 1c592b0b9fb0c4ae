"""Connectors of order-release, one folder per outside system."""
