"""What is wrong with a document or an event: where, and a sentence that says what to do."""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """One fault."""

    path: str  #: such as steps[2].params.by; empty for the whole
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message
