"""The forms in which texts are compared. The database has the same (migrations/sql/filters.sql): both read
characters.txt, so that no newer Unicode of one of the two makes them differ."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib.resources import files


def fold(text: str) -> str:
    """The form in which texts are compared: NFC, each character folded to one other at most."""
    if text.isascii():
        return text.lower()
    return compose(compose(text).translate(_FOLDS))


def compose(text: str) -> str:
    """The text in NFC."""
    return text if text.isascii() or _YOUNGER.search(text) else unicodedata.normalize("NFC", text)


def strip_accents(text: str) -> str:
    """The text without its combining marks."""
    if text.isascii():
        return text
    if _YOUNGER.search(text):
        return _MARKS.sub("", text)
    return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", text)))


@cache
def _lines() -> list[list[str]]:
    text = (files("campaigns.language") / "characters.txt").read_text(encoding="ascii")
    return [line.split() for line in text.splitlines() if not line.startswith("#")]


def folds() -> Iterator[tuple[int, int]]:
    """Each character that is compared as another, and that other."""
    for kind, *rest in _lines():
        if kind == "fold":
            first, last, to = int(rest[0], 16), int(rest[1], 16), int(rest[3], 16)
            yield from ((place, to + place - first) for place in range(first, last + 1, int(rest[2])))


def ranges(kind: str) -> Iterator[tuple[int, int]]:
    """The runs of `mark` or `younger` characters: first and last."""
    return ((int(rest[0], 16), int(rest[1], 16)) for name, *rest in _lines() if name == kind)


def bracket(kind: str) -> str:
    """The same as the inside of a regular expression's brackets; Python and PostgreSQL read it alike."""
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges(kind))


_FOLDS = dict(folds())
_MARKS = re.compile(f"[{bracket('mark')}]")
_YOUNGER = re.compile(f"[{bracket('younger')}]")
