"""What PostgreSQL can store of texts and whole numbers."""

from __future__ import annotations

INTEGER_LIMIT = 2**63 - 1


def check_text(raw: str) -> None:
    """Raise ValueError for what PostgreSQL cannot store: a NUL character or half of a surrogate pair."""
    if "\x00" in raw:
        raise ValueError("must not contain a NUL character")
    if not raw.isascii():
        try:
            raw.encode()
        except UnicodeEncodeError:
            raise ValueError("must not contain half of a surrogate pair") from None
