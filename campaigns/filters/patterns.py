"""Regular expressions, by RE2: the time they take grows with the text and not faster, whatever the pattern.

PostgreSQL speaks another dialect, so memory decides alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import re2

from campaigns.language.context import Context
from campaigns.language.folding import compose
from campaigns.language.operator import Family, Nulls, Operand, Options, operator
from campaigns.language.scope import Scope
from campaigns.language.tokens import Target
from campaigns.language.values import show

PATTERN_LIMIT = 200  #: characters
MEMORY_LIMIT = 1 << 20  #: bytes of a compiled pattern


def _literal(raw: Any, target: Target, scope: Scope, path: str) -> str | None:
    if not isinstance(raw, str) or len(raw) > PATTERN_LIMIT:
        scope.fault(path, f"expected a regular expression of at most {PATTERN_LIMIT} characters, got {show(raw)}")
        return None
    try:
        _compile(raw, True)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        told = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        scope.fault(path, f"is no regular expression: {told}")
        return None
    return raw


@lru_cache(maxsize=1_000)
def _compile(pattern: str, case_sensitive: bool) -> Any:
    options = re2.Options()
    options.case_sensitive = case_sensitive
    options.log_errors = False
    options.max_mem = MEMORY_LIMIT
    return re2.compile(compose(pattern), options)


def _pattern_of(options: Options) -> Callable[[str], Any]:
    return lambda pattern: _compile(pattern, options.case_sensitive)


PATTERNS = Family(literal=_literal, operand=_pattern_of, value=lambda options: compose, switches=frozenset({"case"}))


@operator("matches_regex", "string", operand=Operand.SOME, family=PATTERNS)
def matches_regex(value: str, wanted: tuple[Any, ...], context: Context) -> bool:
    """One of the regular expressions is found in it; ^ and $ hold it to the whole."""
    return any(pattern.search(value) for pattern in wanted)


@operator("not_matches_regex", "string", operand=Operand.SOME, nulls=Nulls.NEGATIVE, family=PATTERNS)
def not_matches_regex(value: str, wanted: tuple[Any, ...], context: Context) -> bool:
    """None of the regular expressions is found in it."""
    return not any(pattern.search(value) for pattern in wanted)
