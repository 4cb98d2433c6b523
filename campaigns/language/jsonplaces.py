"""Places within JSON objects, as documents name them."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
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
