"""The way out to the data lake: every event once, as Parquet by day."""
