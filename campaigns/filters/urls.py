"""Operators of text that is a URL. The part behind # does not count, nor how scheme and host are capitalised."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from campaigns.language.context import Context
from campaigns.language.operands import in_form
from campaigns.language.operator import Family, Nulls, Operand, operator
from campaigns.language.scope import Scope
from campaigns.language.tokens import Target
from campaigns.language.values import show

Wanted = tuple[str, ...]
PORTS = {"http": 80, "https": 443}


def _parts(text: str) -> tuple[str, str, frozenset[str]]:
    """Host, path and names of parameters; the part behind # does not count."""
    try:
        found = urlsplit(text.strip())
        return found.hostname or "", found.path or "/", frozenset(parse_qs(found.query, keep_blank_values=True))
    except ValueError:
        return "", "", frozenset()


def _part(raw: Any, target: Target, scope: Scope, path: str) -> str | None:
    if not isinstance(raw, str):
        scope.fault(path, f"expected text, got {show(raw)}")
        return None
    return raw


URL = Family(literal=_part, value=lambda options: _parts)


@operator("host_is", "string", operand=Operand.SOME, family=URL)
def host_is(value: tuple[str, str, frozenset[str]], wanted: Wanted, context: Context) -> bool:
    """A URL of one of the hosts."""
    return value[0] in {host.lower() for host in wanted}


@operator("path_starts_with", "string", operand=Operand.SOME, family=URL)
def path_starts_with(value: tuple[str, str, frozenset[str]], wanted: Wanted, context: Context) -> bool:
    """A URL whose path begins with one of these."""
    return bool(value[0]) and value[1].startswith(wanted)


@operator("has_parameter", "string", operand=Operand.SOME, family=URL)
def has_parameter(value: tuple[str, str, frozenset[str]], wanted: Wanted, context: Context) -> bool:
    """A URL with one of these parameters."""
    return not value[2].isdisjoint(wanted)


def _whole(text: str) -> str:
    """Scheme, host, path and parameters in one form; empty for what is no URL."""
    try:
        found = urlsplit(text.strip())
        port = "" if found.port in (None, PORTS.get(found.scheme)) else f":{found.port}"
    except ValueError:
        return ""
    if not found.scheme or not found.hostname:
        return ""
    query = f"?{found.query}" if found.query else ""
    return f"{found.scheme}://{found.hostname}{port}{found.path or '/'}{query}"


WHOLE = Family(
    literal=in_form(_whole, "a URL such as https://acme.com/shop"),
    value=lambda options: _whole,
)


@operator("url_is", "string", operand=Operand.SOME, family=WHOLE)
def url_is(value: str, wanted: Wanted, context: Context) -> bool:
    """One of these URLs, with the same parameters in the same order."""
    return value in wanted


@operator("url_is_not", "string", operand=Operand.SOME, nulls=Nulls.NEGATIVE, family=WHOLE)
def url_is_not(value: str, wanted: Wanted, context: Context) -> bool:
    """None of these URLs."""
    return value not in wanted
