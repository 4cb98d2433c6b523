"""Expressions of compute_field: a grammar of ours decides what reaches the library that checks types and evaluates.

What could hang or swell is not in the grammar: powers, regular expressions, lists, comprehensions, built-ins,
attributes of attributes. What is in it is bounded by the number of tokens and the size of what fields hold.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.scope import Scope
from campaigns.language.tokens import Target

SOURCE_LIMIT = 1_000  #: characters
TOKENS_LIMIT = 300
FUNCTIONS = ("abs", "floor", "max", "min", "round")

_TOKEN = re.compile(
    r"""\s*(?:(?P<reference>(?:lead|event|run)\s*\.\s*[A-Za-z_][A-Za-z0-9_]{0,62}(?!\s*[.(\w]))
    |(?P<text>[dt]?(?:"[^"\\\n]*"|'[^'\\\n]*'))
    |(?P<number>[0-9]{1,30}(?:\.[0-9]{1,30})?(?![\w.]))
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign>\?\?|[<>=!]=(?!~)|\*(?!\*)|<(?!<)|>(?!>)|/(?!/)|[-+%?:(),]))""",
    re.VERBOSE | re.ASCII,
)
_WORDS = {"and", "or", "not", "in", "true", "false", "null", "now"}

Compute = Callable[[LeadState, Context], Any]


class ExpressionError(Exception):
    """The expression cannot be accepted; the message says why."""


@cache
def preload() -> Any:
    """Load the library. It makes the tables of its parser when it is imported, which takes half a second: too long
    for every command and worker to wait for, so it comes with the first expression, or when a worker asks."""
    return importlib.import_module("campaigns.language.evaluation")


def compile_expression(source: Any, target: Target, scope: Scope, path: str) -> Compute | None:
    """The computation of a value of the target's type; None with a fault when the source cannot be accepted."""
    try:
        references = _read_tokens(source)
    except ExpressionError as error:
        scope.fault(path, str(error))
        return None
    compute: Compute | None = preload().build(source, references, target, scope, path)
    return compute


def _read_tokens(source: Any) -> list[tuple[str, str]]:
    """The references of a source that keeps to the grammar of tokens. Raises ExpressionError."""
    if not isinstance(source, str) or not source.strip():
        raise ExpressionError("expected an expression such as (lead.total ?? 0) + event.amount")
    if len(source) > SOURCE_LIMIT:
        raise ExpressionError(f"is {len(source)} characters long, at most {SOURCE_LIMIT} are allowed")
    references = []
    for count, (kind, text) in enumerate(_tokens(source.rstrip())):
        if count >= TOKENS_LIMIT:
            raise ExpressionError(f"has more than {TOKENS_LIMIT} parts")
        if kind == "reference":
            owner, _, name = text.partition(".")
            references.append((owner.strip(), name.strip()))
        elif kind == "word" and text not in _WORDS and text not in FUNCTIONS:
            raise ExpressionError(_unknown_word(text))
    return references


def _tokens(source: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(source):
        match = _TOKEN.match(source, position)
        if match is None:
            rest = source[position : position + 12].strip()
            raise ExpressionError(f"cannot be read from {rest!r} on (at character {position + 1})")
        position = match.end()
        yield match.lastgroup or "", match.group(match.lastgroup or 0)


def _unknown_word(text: str) -> str:
    if text in ("lead", "event", "run"):
        return f"write {text}.name, with no further dot, bracket or call behind it"
    known = ", ".join([*FUNCTIONS, *sorted(_WORDS)])
    return f"does not know {text[:64]!r}; write lead.name, event.name or run.name, or one of {known}"
