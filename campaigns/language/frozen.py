"""Sets that never change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

Item = TypeVar("Item")

_EMPTY: frozenset[Any] = frozenset()


def frozen(items: Iterable[Item]) -> frozenset[Item]:
    """The items as a set. All empty ones are one object: of a dozen sets in a rulebook nearly all are empty, and
    Python makes each anew, of 216 bytes."""
    return frozenset(items) or _EMPTY
