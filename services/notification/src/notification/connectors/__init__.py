"""Connectors of notification, one folder per outside system."""
