"""Plug-ins by name: actions, triggers and filter operators are found by walking their package."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class DuplicateNameError(Exception):
    """Two plug-ins of one registry ask for the same name."""


class Registry(Generic[T]):
    """The plug-ins of one kind. A name is taken once."""

    def __init__(self, noun: str) -> None:
        self.noun = noun
        self._entries: dict[str, T] = {}

    def add(self, name: str, entry: T) -> T:
        """Enter a plug-in. Raises DuplicateNameError when the name is taken."""
        if name in self._entries:
            raise DuplicateNameError(f"{self.noun} {name!r} is registered twice")
        self._entries[name] = entry
        return entry

    def get(self, name: str) -> T | None:
        """The plug-in of that name, or None."""
        return self._entries.get(name)

    def __getitem__(self, name: str) -> T:
        return self._entries[name]

    def names(self) -> list[str]:
        """All names in alphabetical order."""
        return sorted(self._entries)

    def __iter__(self) -> Iterator[T]:
        return (self._entries[name] for name in self.names())

    def __len__(self) -> int:
        return len(self._entries)


def discover(package: str, path: Iterable[str]) -> None:
    """Import every module of a package, so that its plug-ins enter their registry."""
    for module in pkgutil.iter_modules(path, prefix=f"{package}."):
        importlib.import_module(module.name)


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """The end of a fault message: the nearest known name, or the known names when they are few."""
    names = sorted(known)[:200]
    close = difflib.get_close_matches(name[:64], names, n=1) if isinstance(name, str) else []
    if close:
        return f"; did you mean '{close[0]}'?"
    if names and len(names) <= 12:
        return f"; known: {', '.join(names)}"
    return ""
