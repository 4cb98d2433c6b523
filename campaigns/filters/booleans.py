"""Operators of yes-or-no fields. Empty is neither."""

from __future__ import annotations

from typing import Any

from campaigns.language.context import Context
from campaigns.language.operator import Moment, operator
from campaigns.language.sqltext import Sql, sql


def _says_yes(value: Sql, wanted: Any, moment: Moment) -> Sql:
    return value


def _says_no(value: Sql, wanted: Any, moment: Moment) -> Sql:
    return sql("NOT {}", value)


@operator("is_true", "boolean", sql=_says_yes)
def is_true(value: bool, wanted: Any, context: Context) -> bool:
    """The field says yes."""
    return value is True


@operator("is_false", "boolean", sql=_says_no)
def is_false(value: bool, wanted: Any, context: Context) -> bool:
    """The field says no."""
    return value is False
