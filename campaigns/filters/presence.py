"""Whether there is a value at all; every type has these two."""

from __future__ import annotations

from typing import Any

from campaigns.language.context import Context
from campaigns.language.operator import Nulls, operator
from campaigns.language.values import TYPES


@operator("is_empty", *TYPES, nulls=Nulls.PRESENCE)
def is_empty(value: Any, wanted: Any, context: Context) -> bool:
    """The field has no value."""
    return value is None


@operator("is_not_empty", *TYPES, nulls=Nulls.PRESENCE)
def is_not_empty(value: Any, wanted: Any, context: Context) -> bool:
    """The field has a value."""
    return value is not None
