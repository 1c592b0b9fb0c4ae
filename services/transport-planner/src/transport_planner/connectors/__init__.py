"""Connectors of transport-planner, one folder per outside system."""
