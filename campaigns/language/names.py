"""Names given outside: keys of leads, ids of events."""

from __future__ import annotations

from typing import Any

from campaigns.language.values import show

NAME_LIMIT = 255  #: characters

#: Control characters of ASCII and Latin-1, NUL among them; they are in no name that a person could read.
CONTROL = frozenset(map(chr, (*range(0x20), *range(0x7F, 0xA0))))


def name_fault(value: Any) -> str | None:
    """Why this can be neither an event's id nor a lead's key, or None. Spaces and signs are welcome."""
    if value is None:
        return "is required"
    if not isinstance(value, str):
        return f'expected text, such as "{show(value)}"' if _is_number(value) else f"expected text, got {show(value)}"
    if not 1 <= len(value) <= NAME_LIMIT or value.isspace():
        return f"must have 1 to {NAME_LIMIT} characters and not only spaces"
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return "must not contain half of a surrogate pair"
    if not value.isprintable() and not CONTROL.isdisjoint(value):
        return "must not contain control characters"
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
