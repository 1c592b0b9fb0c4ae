"""What control-tower needs from outside."""

from canonical.metadata import Document
from chassis import Book

MetadataBook = Book[Document]
"""Documents of central metadata by kind and name."""
