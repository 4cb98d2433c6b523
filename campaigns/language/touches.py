"""The names of what campaigns read and write of a lead: field:score, tags:vip, lists:news, record:program:webinar."""

from __future__ import annotations

from collections.abc import Iterable

#: Names that begin with it are only ever added to: writing them in another order comes to the same.
HISTORY = "activity:"

_WORDS = {
    "field": "field “{}”",
    "tags": "tag “{}”",
    "lists": "list “{}”",
    "activity": "history of “{}”",
}
_WHOLE = {"field": "fields", "tags": "tags", "lists": "lists", "processing": "whether the lead is frozen"}
#: What stands in the lead's own row: whoever writes some of it changes when the lead was changed last.
ROW = frozenset({"field", "tags", "processing"})


def field_name(key: str) -> str:
    """The name of a field; tags and lists are fields to those who read them."""
    return key if key in ("tags", "lists") else f"field:{key}"


def record_name(kind: str, key: object = None) -> str:
    """The name of what is kept of a lead under a kind, and under one key if that is known."""
    return f"record:{kind}:{key}" if isinstance(key, str) and key else f"record:{kind}"


def overlap(one: str, other: str) -> bool:
    """Whether they may be the same: all lists and one of them are."""
    return one == other or one.startswith(f"{other}:") or other.startswith(f"{one}:")


def shared(some: Iterable[str], others: Iterable[str]) -> set[str]:
    """What of the one may be among the others, each by its closer name."""
    theirs = list(others)
    return {max(one, other, key=len) for one in some for other in theirs if overlap(one, other)}


def in_words(name: str) -> str:
    """A name for people."""
    kind, _, rest = name.partition(":")
    if not rest:
        return _WHOLE.get(kind, kind)
    if kind == "record":
        kind, _, key = rest.partition(":")
        return f"{kind.replace('_', ' ')} “{key}”" if key else kind.replace("_", " ")
    return _WORDS[kind].format(rest)
