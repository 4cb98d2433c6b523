"""Operators of yes-or-no fields. Empty is neither."""

from __future__ import annotations

from typing import Any

from campaigns.language.context import Context
from campaigns.language.operator import operator


@operator("is_true", "boolean")
def is_true(value: bool, wanted: Any, context: Context) -> bool:
    """The field says yes."""
    return value is True


@operator("is_false", "boolean")
def is_false(value: bool, wanted: Any, context: Context) -> bool:
    """The field says no."""
    return value is False
