"""Parameters that say how many points a score moves by."""

from __future__ import annotations

from typing import Any

from campaigns.language.parameters import Prepared, Value
from campaigns.language.scope import Scope


class Points(Value):
    """A whole number of at least 1, or a token for one."""

    takes = "whole number of at least 1, or a token"

    def __init__(self, doc: str) -> None:
        super().__init__(doc, "integer", nullable=False)

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """The number. What a token stands for is known only while running."""
        value = super().prepare(raw, scope, path, done)
        if isinstance(value, int) and value < 1:
            scope.fault(path, f"must be at least 1, got {value}")
        return value
