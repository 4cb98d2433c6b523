"""Addresses of pages and links against a pattern in which * stands for anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.language.condition import Matches
from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.scope import Scope
from campaigns.language.values import show

LENGTH_LIMIT = 500  #: characters of a pattern


def compile_url(raw: Any, attribute: str, scope: Scope, path: str) -> Matches | None:
    """Whether an attribute of the event fits the pattern; None when there is none."""
    if raw is None:
        return None
    if not isinstance(raw, str) or not raw.strip() or len(raw) > LENGTH_LIMIT:
        scope.fault(path, f"expected an address of at most {LENGTH_LIMIT} characters, got {show(raw)}")
        return None
    fits = compile_pattern(raw)

    def matches(lead: LeadState, context: Context) -> bool:
        address = context.event.get(attribute)
        return isinstance(address, str) and fits(address)

    return matches


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """Blind to case, to the scheme, to a / at the end and to what follows a #; to parameters if it has no ?."""
    with_parameters = "?" in pattern
    first, *inner = _plain(pattern, with_parameters).split("*")
    if not inner:
        return lambda address: _plain(address, with_parameters) == first
    *middle, last = inner

    def fits(address: str) -> bool:
        text = _plain(address, with_parameters)
        if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
            return False
        place, end = len(first), len(text) - len(last)
        for piece in middle:  # each at its first place: no way back is ever needed
            found = text.find(piece, place, end)
            if found < 0:
                return False
            place = found + len(piece)
        return True

    return fits


def _plain(address: str, with_parameters: bool) -> str:
    text = address.strip().partition("#")[0].casefold()
    if not with_parameters:
        text = text.partition("?")[0]
    return text.removeprefix("https://").removeprefix("http://").removesuffix("/")
