"""The accept log: what a producer was told is accepted. One JSON object a line: tenant, lead, id, order.

`order` is the place of an acceptance among those of its lead; without it the line's number is. An event that
was accepted again counts from its first acceptance.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
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
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadLog(f"{place}: expected an object with tenant, lead and id: {error}") from error
    if not all(isinstance(text, str) for text in texts) or not isinstance(order, int):
        raise BadLog(f"{place}: tenant, lead and id are texts, order a whole number")
    return Acceptance(order, *texts)
