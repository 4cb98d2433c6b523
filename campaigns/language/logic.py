"""How filters go together, as an expression over their numbers: `(1 or 2) and not 3`.

Where `and` and `or` meet, brackets say which goes first: readers disagree, and nobody is asked to remember.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from campaigns.language.leaf import Group, Leaf, Node

LENGTH_LIMIT = 1_000  #: characters
DEPTH_LIMIT = 10  #: brackets within one another
CONDITIONS_LIMIT = 1_000  #: each counted as often as it is named

_PART = re.compile(r"\s*(?:([0-9]{1,3})|([()])|(and|or|not)\b|(\S))", re.ASCII | re.IGNORECASE)
_GROUPS = {"and": "all", "or": "any"}


def read_logic(text: Any, filters: Sequence[Node]) -> Node:
    """The filters, put together. Raises ValueError that says what is wrong."""
    if not isinstance(text, str) or not text.strip():
        raise ValueError('expected an expression such as "(1 or 2) and not 3"')
    if len(text) > LENGTH_LIMIT:
        raise ValueError(f"is longer than {LENGTH_LIMIT:,} characters")
    reader = _Reader(_parts(text), filters)
    node = reader.expression(0)
    if reader.next:
        raise ValueError(f"expected and, or, or the end; got '{reader.next}'")
    unused = sorted({*range(1, len(filters) + 1)} - reader.used)
    if unused:
        raise ValueError(f"does not use filter {unused[0]}")
    return node


def _parts(text: str) -> list[str]:
    parts = []
    for number, bracket, word, other in _PART.findall(text.rstrip()):
        if other:
            raise ValueError(f"expected numbers, and, or, not and brackets; got '{other}'")
        parts.append(number or bracket or word.lower())
    return parts


def _size(node: Node) -> int:
    return 1 if isinstance(node, Leaf) else sum(map(_size, node.items))


class _Reader:
    """Goes along the parts of an expression once."""

    def __init__(self, parts: list[str], filters: Sequence[Node]) -> None:
        self.parts = parts
        self.filters = filters
        self.sizes = [_size(one) for one in filters]
        self.size = 0  #: conditions so far
        self.place = 0
        self.used: set[int] = set()

    @property
    def next(self) -> str:
        return self.parts[self.place] if self.place < len(self.parts) else ""

    def take(self) -> str:
        found = self.next
        self.place += 1
        return found

    def expression(self, depth: int) -> Node:
        items, word = [self.one(depth)], self.next
        if word not in _GROUPS:
            return items[0]
        while self.next == word:
            self.take()
            items.append(self.one(depth))
        if self.next in _GROUPS:
            raise ValueError("has and beside or: put brackets around what goes together")
        return Group(_GROUPS[word], tuple(items))

    def one(self, depth: int) -> Node:
        if depth > DEPTH_LIMIT:
            raise ValueError(f"is nested more than {DEPTH_LIMIT} levels deep")
        part = self.take()
        if part == "not":
            return Group("none", (self.one(depth + 1),))
        if part == "(":
            node = self.expression(depth + 1)
            if self.take() != ")":
                raise ValueError("has a bracket that is not closed")
            return node
        return self.numbered(part)

    def numbered(self, part: str) -> Node:
        if not part.isdecimal():
            raise ValueError(f"expected the number of a filter, got '{part}'" if part else "ends too early")
        number = int(part)
        if not 1 <= number <= len(self.filters):
            raise ValueError(f"there is no filter {number}: they are numbered from 1 to {len(self.filters)}")
        self.used.add(number)
        self.size += self.sizes[number - 1]
        if self.size > CONDITIONS_LIMIT:
            raise ValueError(f"comes to more than {CONDITIONS_LIMIT:,} conditions")
        return self.filters[number - 1]
