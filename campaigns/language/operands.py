"""Operands that are compared in one form, however they are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.tokens import Target
from campaigns.language.values import show


def in_form(form: Callable[[str], str], expected: str) -> Callable[[Any, Target, Scope, str], str | None]:
    """Reads an operand in that form, which is empty for what has none: that is a fault."""

    def read(raw: Any, target: Target, scope: Scope, path: str) -> str | None:
        found = form(raw) if isinstance(raw, str) else ""
        if not found:
            scope.fault(path, f"expected {expected}, got {show(raw)}")
        return found or None

    return read
