"""Connectors of warehouse-adapter, one folder per outside system."""
