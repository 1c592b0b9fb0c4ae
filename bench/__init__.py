"""The figures of docs/performance.md: each beside its comparison, measured in the same run on the same machine."""
