"""Questions to the archive about one subject each, with their SQL."""
