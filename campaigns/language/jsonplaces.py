"""Places within JSON objects, as documents name them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.sqltext import Sql, sql
from campaigns.language.values import show

Path = tuple[str, ...]
DEPTH_LIMIT = 20


def read_path(raw: Any, scope: Scope, path: str) -> Path | None:
    """The names of a place within a JSON object; None with a fault."""
    names = tuple(raw.split(".")) if isinstance(raw, str) else ()
    if not names or not all(names) or len(names) > DEPTH_LIMIT:
        scope.fault(path, f"expected names with dots between them, got {show(raw)}")
        return None
    return names


def value_within(value: Sql, names: Iterable[str]) -> Sql:
    """The JSON at a place, null where there is no such place."""
    for name in names:
        value = sql("({} -> {}::text)", value, name)
    return value
