"""Whether there is a value at all; every type has these two."""

from __future__ import annotations

from typing import Any

from campaigns.language.context import Context
from campaigns.language.operator import Moment, Nulls, operator
from campaigns.language.sqltext import Sql, sql
from campaigns.language.values import TYPES


def _absent(value: Sql, wanted: Any, moment: Moment) -> Sql:
    return sql("{} IS NULL", value)


def _present(value: Sql, wanted: Any, moment: Moment) -> Sql:
    return sql("{} IS NOT NULL", value)


@operator("is_empty", *TYPES, nulls=Nulls.PRESENCE, sql=_absent)
def is_empty(value: Any, wanted: Any, context: Context) -> bool:
    """The field has no value."""
    return value is None


@operator("is_not_empty", *TYPES, nulls=Nulls.PRESENCE, sql=_present)
def is_not_empty(value: Any, wanted: Any, context: Context) -> bool:
    """The field has a value."""
    return value is not None
