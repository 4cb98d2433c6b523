"""Operators of text: by default blind to case, not to accents (NFC and simple case fold)."""

from __future__ import annotations

from collections.abc import Callable

from campaigns.language.context import Context
from campaigns.language.folding import compose, fold, strip_accents
from campaigns.language.operator import Family, Moment, Nulls, Operand, Options, SqlTest, operator
from campaigns.language.sqltext import Sql, sql

Wanted = tuple[str, ...]


def form_of(options: Options) -> Callable[[str], str]:
    """The form of a text under these switches."""
    first = compose if options.case_sensitive else fold
    if not options.accent_insensitive:
        return first
    return lambda text: strip_accents(first(text))


def sql_form_of(options: Options) -> Callable[[Sql], Sql]:
    """The same in the database."""
    first = "campaigns_compose({})" if options.case_sensitive else "campaigns_fold({})"
    whole = f"campaigns_strip_accents({first})" if options.accent_insensitive else first
    return lambda value: sql(whole, value)


TEXT = Family(operand=form_of, value=form_of, sql_value=sql_form_of, switches=frozenset({"case", "accent"}))


def _equal(value: Sql, wanted: Wanted, moment: Moment) -> Sql:
    return sql("{} = ANY({}::text[])", value, list(wanted))


def _unequal(value: Sql, wanted: Wanted, moment: Moment) -> Sql:
    return sql("{} <> ALL({}::text[])", value, list(wanted))


def like(before: str, after: str, *, negative: bool = False) -> SqlTest:
    """The test that compares with patterns: the texts, and what may stand before and after them."""
    template = "{} NOT LIKE ALL({}::text[])" if negative else "{} LIKE ANY({}::text[])"
    return lambda value, wanted, moment: sql(template, value, [before + literally(text) + after for text in wanted])


def literally(text: str) -> str:
    """A text in which no character is a sign of a pattern."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


@operator("is", "string", operand=Operand.SOME, family=TEXT, sql=_equal)
def is_(value: str, wanted: Wanted, context: Context) -> bool:
    """Equal to one of the texts."""
    return value in wanted


@operator("is_not", "string", operand=Operand.SOME, nulls=Nulls.NEGATIVE, family=TEXT, sql=_unequal)
def is_not(value: str, wanted: Wanted, context: Context) -> bool:
    """Equal to none of the texts."""
    return value not in wanted


@operator("is_any_of", "string", operand=Operand.LIST, family=TEXT, sql=_equal)
def is_any_of(value: str, wanted: Wanted, context: Context) -> bool:
    """Equal to one of the texts."""
    return value in wanted


@operator("is_none_of", "string", operand=Operand.LIST, nulls=Nulls.NEGATIVE, family=TEXT, sql=_unequal)
def is_none_of(value: str, wanted: Wanted, context: Context) -> bool:
    """Equal to none of the texts."""
    return value not in wanted


@operator("starts_with", "string", operand=Operand.SOME, family=TEXT, sql=like("", "%"))
def starts_with(value: str, wanted: Wanted, context: Context) -> bool:
    """Begins with one of the texts."""
    return value.startswith(wanted)


@operator(
    "not_starts_with",
    "string",
    operand=Operand.SOME,
    nulls=Nulls.NEGATIVE,
    family=TEXT,
    sql=like("", "%", negative=True),
)
def not_starts_with(value: str, wanted: Wanted, context: Context) -> bool:
    """Begins with none of the texts."""
    return not value.startswith(wanted)


@operator("ends_with", "string", operand=Operand.SOME, family=TEXT, sql=like("%", ""))
def ends_with(value: str, wanted: Wanted, context: Context) -> bool:
    """Ends with one of the texts."""
    return value.endswith(wanted)


@operator(
    "not_ends_with", "string", operand=Operand.SOME, nulls=Nulls.NEGATIVE, family=TEXT, sql=like("%", "", negative=True)
)
def not_ends_with(value: str, wanted: Wanted, context: Context) -> bool:
    """Ends with none of the texts."""
    return not value.endswith(wanted)


@operator("contains", "string", "text", operand=Operand.SOME, family=TEXT, sql=like("%", "%"))
def contains(value: str, wanted: Wanted, context: Context) -> bool:
    """Has one of the texts in it."""
    return any(part in value for part in wanted)


@operator(
    "not_contains",
    "string",
    "text",
    operand=Operand.SOME,
    nulls=Nulls.NEGATIVE,
    family=TEXT,
    sql=like("%", "%", negative=True),
)
def not_contains(value: str, wanted: Wanted, context: Context) -> bool:
    """Has none of the texts in it."""
    return not any(part in value for part in wanted)
