"""How far a replay has come, kept in a small file so that it can go on where it was stopped."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec


class State(msgspec.Struct):
    """Written after each batch that was accepted."""

    what: str  #: the file's digest and how it was to be read: a replay goes on only with the same
    row: int = 0  #: the last row that was dealt with
    sent: int = 0  #: events accepted, those too that were accepted before
    refused: int = 0
    finished: bool = False

    def save(self, path: Path) -> None:
        """Replace the file in one step: a crash leaves the old one or the new one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.{os.getpid()}")
        beside.write_bytes(msgspec.json.encode(self))
        beside.replace(path)


def load(path: Path, what: str) -> State | None:
    """The state of an earlier replay of the same, or None. Raises ValueError when it is of another."""
    try:
        state = msgspec.json.decode(path.read_bytes(), type=State)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise ValueError(f"{path} is no state of a replay: {error}") from error
    if state.what != what:
        raise ValueError(f"{path} is of another file, or of another way to read it")
    return state
