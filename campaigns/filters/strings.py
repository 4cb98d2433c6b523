"""Operators of text: by default blind to case, not to accents (NFC and simple case fold)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from campaigns.language.context import Context
from campaigns.language.operator import Family, Nulls, Operand, Options, operator

Wanted = tuple[str, ...]


def fold(text: str) -> str:
    """The form in which texts are compared: NFC, each character folded to one other at most."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", "".join(map(_fold_character, unicodedata.normalize("NFC", text))))


def _fold_character(character: str) -> str:
    for folded in (character.casefold(), character.lower()):
        if len(folded) == 1:
            return folded
    return character


def strip_accents(text: str) -> str:
    """The text without its combining marks."""
    if text.isascii():
        return text
    parts = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(part for part in parts if unicodedata.category(part) != "Mn"))


def _compose(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def form_of(options: Options) -> Callable[[str], str]:
    """The form of a text under these switches."""
    first = _compose if options.case_sensitive else fold
    if not options.accent_insensitive:
        return first
    return lambda text: strip_accents(first(text))


TEXT = Family(operand=form_of, value=form_of, switches=frozenset({"case", "accent"}))


@operator("is", "string", operand=Operand.SOME, family=TEXT)
def is_(value: str, wanted: Wanted, context: Context) -> bool:
    """Equal to one of the texts."""
    return value in wanted


@operator("is_not", "string", operand=Operand.SOME, nulls=Nulls.NEGATIVE, family=TEXT)
def is_not(value: str, wanted: Wanted, context: Context) -> bool:
    """Equal to none of the texts."""
    return value not in wanted


@operator("is_any_of", "string", operand=Operand.LIST, family=TEXT)
def is_any_of(value: str, wanted: Wanted, context: Context) -> bool:
    """Equal to one of the texts."""
    return value in wanted


@operator("is_none_of", "string", operand=Operand.LIST, nulls=Nulls.NEGATIVE, family=TEXT)
def is_none_of(value: str, wanted: Wanted, context: Context) -> bool:
    """Equal to none of the texts."""
    return value not in wanted


@operator("starts_with", "string", operand=Operand.SOME, family=TEXT)
def starts_with(value: str, wanted: Wanted, context: Context) -> bool:
    """Begins with one of the texts."""
    return value.startswith(wanted)


@operator("not_starts_with", "string", operand=Operand.SOME, nulls=Nulls.NEGATIVE, family=TEXT)
def not_starts_with(value: str, wanted: Wanted, context: Context) -> bool:
    """Begins with none of the texts."""
    return not value.startswith(wanted)


@operator("ends_with", "string", operand=Operand.SOME, family=TEXT)
def ends_with(value: str, wanted: Wanted, context: Context) -> bool:
    """Ends with one of the texts."""
    return value.endswith(wanted)


@operator("not_ends_with", "string", operand=Operand.SOME, nulls=Nulls.NEGATIVE, family=TEXT)
def not_ends_with(value: str, wanted: Wanted, context: Context) -> bool:
    """Ends with none of the texts."""
    return not value.endswith(wanted)


@operator("contains", "string", "text", operand=Operand.SOME, family=TEXT)
def contains(value: str, wanted: Wanted, context: Context) -> bool:
    """Has one of the texts in it."""
    return any(part in value for part in wanted)


@operator("not_contains", "string", "text", operand=Operand.SOME, nulls=Nulls.NEGATIVE, family=TEXT)
def not_contains(value: str, wanted: Wanted, context: Context) -> bool:
    """Has none of the texts in it."""
    return not any(part in value for part in wanted)
