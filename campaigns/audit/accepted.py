"""The accept log: what a producer was told is accepted. One JSON object a line: tenant, lead, id, order, accepted_at.

`order` is the place of an acceptance among those of its lead; without it the line's number is. An event that
was accepted again counts from its first acceptance. `accepted_at` (ISO 8601, when it was sent; may be left out) tells
what an abort cannot have thrown away, because it was accepted later.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple


class BadLog(ValueError):
    """A line that is no acceptance."""


class Acceptance(NamedTuple):
    """One line."""

    order: int
    tenant: str
    lead: str
    id: str
    accepted_at: datetime | None = None


def read(path: Path) -> Iterator[Acceptance]:
    """All lines, one at a time. Raises BadLog naming the first line that says something else, and OSError."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            yield _read(line, f"{path}:{number}", number)


def _read(line: str, place: str, number: int) -> Acceptance:
    try:
        row = json.loads(line)
        texts = row["tenant"], row["lead"], row["id"]
        order = row.get("order", number)
        accepted_at = datetime.fromisoformat(row["accepted_at"]) if "accepted_at" in row else None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadLog(f"{place}: expected an object with tenant, lead and id: {error}") from error
    if not all(isinstance(text, str) for text in texts) or not isinstance(order, int):
        raise BadLog(f"{place}: tenant, lead and id are texts, order a whole number")
    if accepted_at is not None and accepted_at.tzinfo is None:
        raise BadLog(f"{place}: accepted_at needs its time zone")
    return Acceptance(order, *texts, accepted_at)
