"""Text that is a list: pieces between separators, compared as filters compare text."""

from __future__ import annotations

from campaigns.language.folding import fold


def missing_pieces(text: str, old: str, separator: str) -> list[str]:
    """The pieces of a text that another has not got, each once and in their order."""
    known = _forms(old, separator)
    found: dict[str, str] = {}
    for piece in map(str.strip, text.split(separator)):
        if piece and fold(piece) not in known:
            found.setdefault(fold(piece), piece)
    return list(found.values())


def without_pieces(old: str, text: str, separator: str) -> str | None:
    """The text without the pieces of another; None when it has none of them."""
    parts = old.split(separator)
    gone = _forms(text, separator)
    kept = [part for part in parts if fold(part.strip()) not in gone]
    return separator.join(kept).strip() if len(kept) < len(parts) else None


def _forms(text: str, separator: str) -> set[str]:
    return {fold(piece) for piece in map(str.strip, text.split(separator)) if piece}
