"""A table in Markdown."""

from __future__ import annotations

from collections.abc import Sequence


def grid(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """One line each; a dash under each heading."""
    rows = [headings, ["---"] * len(headings), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
