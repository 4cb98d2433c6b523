"""Limits on JSON from outside: depth, size, and characters that cannot be stored. Walks without recursion."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from campaigns.language.faults import Fault
from campaigns.language.storable import INTEGER_LIMIT, check_text

Pending = list[tuple[str, Any, int]]


def check_shape(value: Any, *, depth: int, size: int, path: str = "") -> list[Fault]:
    """Every fault in the shape of a JSON value. `size` is about the number of bytes it would take as JSON."""
    faults: list[Fault] = []
    total = 0
    pending: Pending = [(path, value, 0)]
    while pending:
        where, item, level = pending.pop()
        if level > depth:
            return [Fault(path, f"is nested more than {depth} levels deep")]
        total += _check(where, item, level, pending, faults)
        if total > size:
            return [Fault(path, f"is larger than {size // 1000} kB")]
    return faults


def _check(path: str, item: Any, level: int, pending: Pending, faults: list[Fault]) -> int:
    """Look at one value and put what it holds on the pile. Returns its own size."""
    if isinstance(item, str):
        return _check_string(path, item, faults)
    if isinstance(item, dict):
        return _open_object(path, item, level, pending, faults)
    if isinstance(item, list | tuple):
        pending.extend((f"{path}[{index}]", child, level + 1) for index, child in enumerate(item))
        return 2 + len(item)
    if not _is_storable(item):
        faults.append(Fault(path, "is not a number that can be stored"))
    return 8


def _check_string(path: str, item: str, faults: list[Fault]) -> int:
    try:
        check_text(item)
    except ValueError as error:
        faults.append(Fault(path, str(error)))
    return len(item) + 2


def _open_object(path: str, item: dict[Any, Any], level: int, pending: Pending, faults: list[Fault]) -> int:
    size = 2
    for key, child in item.items():
        if not isinstance(key, str):
            faults.append(Fault(path, "has a name that is not text"))
            continue
        size += _check_string(path, key, faults) + 2
        pending.append((f"{path}.{key}" if path else key, child, level + 1))
    return size


def _is_storable(item: Any) -> bool:
    if isinstance(item, float):
        return math.isfinite(item)
    if isinstance(item, Decimal):
        return item.is_finite() and -1000 < item.adjusted() < 1000 and len(item.as_tuple().digits) < 1000
    if isinstance(item, int):
        return -INTEGER_LIMIT <= item <= INTEGER_LIMIT
    return item is None
