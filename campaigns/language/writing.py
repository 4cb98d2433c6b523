"""What a parameter of an action says about what the action writes, by the names of touches.py."""

from __future__ import annotations

from collections.abc import Iterable
from functools import singledispatch
from typing import Any

from campaigns.language.fieldkinds import OnceKey
from campaigns.language.parameters import FieldRef, Kind, ListRef, Tags
from campaigns.language.touches import field_name, record_name


@singledispatch
def written_by(kind: Kind, raw: Any) -> Iterable[str]:
    """The names; `raw` is what a document has there, and free of faults."""
    return ()


@written_by.register
def _fields(kind: FieldRef, raw: Any) -> Iterable[str]:
    """One field, or those that a list or an object names."""
    return map(field_name, [raw] if isinstance(raw, str) else raw)


@written_by.register
def _list(kind: ListRef, raw: str) -> Iterable[str]:
    return (f"lists:{raw}",)


@written_by.register
def _tags(kind: Tags, raw: list[str]) -> Iterable[str]:
    return (f"tags:{name}" for name in raw)


@written_by.register
def _remembered(kind: OnceKey, raw: str) -> Iterable[str]:
    return (record_name(kind.kind),)


def says_what(kind: Kind) -> bool:
    """Whether a parameter of the kind says anything."""
    return written_by.dispatch(type(kind)) is not written_by.dispatch(object)
