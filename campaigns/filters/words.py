"""Operators of the words of a text: what stands between spaces and signs."""

from __future__ import annotations

import re
from collections.abc import Callable

from campaigns.filters.strings import TEXT, form_of, like, sql_form_of
from campaigns.language.context import Context
from campaigns.language.operator import Family, Moment, Operand, Options, operator
from campaigns.language.sqltext import Sql, sql

Texts = tuple[str, ...]
Words = frozenset[str]
KINDS = ("string", "text")

#: What is between words, as Python and PostgreSQL both read it: no letter or digit of ASCII, the signs of Latin 1,
#: general and ideographic punctuation.
BETWEEN = (
    r"[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf"
    r"\u2000-\u206f\u3000-\u303f]+"
)
_BETWEEN = re.compile(BETWEEN)


def words_of(text: str) -> Words:
    """The words of a text in the form of filters."""
    return frozenset(_BETWEEN.split(text)) - {""}


def _form(options: Options) -> Callable[[str], Words]:
    form = form_of(options)
    return lambda text: words_of(form(text))


def _sql_form(options: Options) -> Callable[[Sql], Sql]:
    form = sql_form_of(options)
    return lambda value: sql("string_to_array(regexp_replace({}, {}, ' ', 'g'), ' ')", form(value), BETWEEN)


WORDS = Family(operand=_form, value=_form, sql_value=_sql_form, switches=frozenset({"case", "accent"}))


def _every(wanted: tuple[Words, ...]) -> Words:
    return frozenset().union(*wanted)


@operator("contains_any_of", *KINDS, operand=Operand.LIST, family=TEXT, sql=like("%", "%"))
def contains_any_of(value: str, wanted: Texts, context: Context) -> bool:
    """Has one of the texts in it, within words too."""
    return any(part in value for part in wanted)


def _any_word(value: Sql, wanted: tuple[Words, ...], moment: Moment) -> Sql:
    return sql("{} && {}::text[]", value, sorted(_every(wanted)))


@operator("contains_any_word", *KINDS, operand=Operand.SOME, family=WORDS, sql=_any_word)
def contains_any_word(value: Words, wanted: tuple[Words, ...], context: Context) -> bool:
    """Has one of the words of these texts as a word."""
    return not value.isdisjoint(_every(wanted))


def _all_words(value: Sql, wanted: tuple[Words, ...], moment: Moment) -> Sql:
    return sql("{} @> {}::text[]", value, sorted(_every(wanted)))


@operator("contains_all_words", *KINDS, operand=Operand.SOME, family=WORDS, sql=_all_words)
def contains_all_words(value: Words, wanted: tuple[Words, ...], context: Context) -> bool:
    """Has every word of these texts as a word, in whatever order."""
    return _every(wanted) <= value
