"""Reads named queries out of .sql files.

A file is a header of comments, then blocks: a line `-- name: claim_new_events`, a comment that says
the purpose, the statement. Names are verb_noun_condition.
"""

from __future__ import annotations

import re
from importlib.resources import files

_NAME = re.compile(r"^-- name: *(.*?) *$", re.MULTILINE)
_VALID = re.compile(r"[a-z][a-z0-9_]*")


def load(package: str, filename: str) -> dict[str, str]:
    """The queries of a file in `package` by name, in the order of the file.

    Raises ValueError when a name is malformed or used twice, or a block holds no statement.
    """
    return parse((files(package) / filename).read_text(encoding="utf-8"), filename)


def parse(text: str, filename: str) -> dict[str, str]:
    """The same for a text; `filename` is for messages."""
    _, *parts = _NAME.split(text)
    queries: dict[str, str] = {}
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        if not _VALID.fullmatch(name):
            raise ValueError(f"{filename}: {name!r} is no name for a query")
        if name in queries:
            raise ValueError(f"{filename}: two queries are named {name}")
        if not any(line.strip() and not line.lstrip().startswith("--") for line in body.splitlines()):
            raise ValueError(f"{filename}: {name} holds no statement")
        queries[name] = body.strip()
    return queries
