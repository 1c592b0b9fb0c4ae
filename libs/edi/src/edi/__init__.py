"""EDI read as it comes."""

from edi.x12 import Malformed, TransactionSet, read, segments

__all__ = ["Malformed", "TransactionSet", "read", "segments"]
