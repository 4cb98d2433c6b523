"""Full-text match, one meaning for every language: words as they are written, folded like all texts, no stems.

    red car        both words, wherever they are
    red*           a word that begins so
    "red car"      these words one after the other
    -red           not this word

Stems would need the language of each text, which nobody declares, and two programs that agree on them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from campaigns.filters.strings import form_of, sql_form_of
from campaigns.filters.words import BETWEEN
from campaigns.language.context import Context
from campaigns.language.operator import Family, Moment, Nulls, Operand, Options, operator
from campaigns.language.scope import Scope
from campaigns.language.sqltext import Sql, joined, sql
from campaigns.language.tokens import Target, is_token
from campaigns.language.values import show

TERMS_LIMIT = 20
_BETWEEN = re.compile(BETWEEN)
_TERM = re.compile(r'(-?)(?:"([^"]*)"|([^\s"]+))')


class Query(msgspec.Struct, frozen=True):
    """What must be in a text and what must not, each with the spaces around it that words have."""

    wanted: tuple[str, ...]
    unwanted: tuple[str, ...]

    def matches(self, text: str) -> bool:
        """Whether a text, in the form that is compared, is found by it."""
        return all(term in text for term in self.wanted) and not any(term in text for term in self.unwanted)


def _spaced(text: str) -> str:
    return f" {_BETWEEN.sub(' ', text)} ".replace("  ", " ")


def _read(raw: str, form: Callable[[str], str]) -> Query:
    """The query of a text. Raises ValueError."""
    wanted, unwanted = [], []
    for minus, phrase, word in _TERM.findall(raw):
        prefix = word.endswith("*")
        term = _spaced(form(phrase or word))
        if term.strip():
            (unwanted if minus else wanted).append(term.removesuffix(" ") if prefix else term)
    if not wanted:
        raise ValueError("names no word that must be there")
    if len(wanted) + len(unwanted) > TERMS_LIMIT:
        raise ValueError(f"has more than {TERMS_LIMIT} words and phrases")
    return Query(tuple(wanted), tuple(unwanted))


def _literal(raw: Any, target: Target, scope: Scope, path: str) -> str | None:
    if not isinstance(raw, str) or is_token(raw):
        scope.fault(path, f'expected words to look for, such as red car* "big house" -used; got {show(raw)}')
        return None
    try:
        _read(raw, form_of(Options(scope.schema.zone)))
    except ValueError as error:
        scope.fault(path, str(error))
        return None
    return raw


def _operand(options: Options) -> Callable[[str], Query]:
    form = form_of(options)
    return lambda raw: _read(raw, form)


def _value(options: Options) -> Callable[[str], str]:
    form = form_of(options)
    return lambda text: _spaced(form(text))


def _sql_value(options: Options) -> Callable[[Sql], Sql]:
    form = sql_form_of(options)
    return lambda value: sql("replace(' ' || regexp_replace({}, {}, ' ', 'g') || ' ', '  ', ' ')", form(value), BETWEEN)


SEARCH = Family(
    literal=_literal, operand=_operand, value=_value, sql_value=_sql_value, switches=frozenset({"case", "accent"})
)


def _has(value: Sql, term: str) -> Sql:
    return sql("position({} IN {}) > 0", term, value)


def _sql_query(value: Sql, query: Query) -> Sql:
    wanted = [_has(value, term) for term in query.wanted]
    return joined("AND", [*wanted, *(sql("NOT {}", _has(value, term)) for term in query.unwanted)])


def _found(value: Sql, wanted: tuple[Query, ...], moment: Moment) -> Sql:
    return joined("OR", [_sql_query(value, query) for query in wanted])


def _not_found(value: Sql, wanted: tuple[Query, ...], moment: Moment) -> Sql:
    return sql("NOT {}", _found(value, wanted, moment))


@operator("full_text_match", "string", "text", operand=Operand.SOME, family=SEARCH, sql=_found)
def full_text_match(value: str, wanted: tuple[Query, ...], context: Context) -> bool:
    """Has all words of a query: `car*` is any word that begins so, `"red car"` words in a row, `-used` one not there.
    Words are compared as they are written, in whatever language: no stems."""
    return any(query.matches(value) for query in wanted)


@operator(
    "not_full_text_match", "string", "text", operand=Operand.SOME, nulls=Nulls.NEGATIVE, family=SEARCH, sql=_not_found
)
def not_full_text_match(value: str, wanted: tuple[Query, ...], context: Context) -> bool:
    """Lacks a word of each query, or has one that must not be there."""
    return not any(query.matches(value) for query in wanted)
