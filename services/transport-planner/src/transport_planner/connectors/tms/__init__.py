"""The transport management system."""
