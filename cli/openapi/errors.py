"""What goes wrong while the document is made."""

from __future__ import annotations


class DocumentError(Exception):
    """Raised when the code has something that the document does not describe, or the other way round."""
