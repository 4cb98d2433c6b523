"""The replay itself: batches of rows, patience while the engine cannot take more, a record of what was refused."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import InterfaceError, OperationalError, connections
from django.utils import timezone

from campaigns.ingest import Accepted, Refused, accept
from campaigns.replay.mapping import RowToEvent, read
from campaigns.replay.rows import ReplayError, Row, Source
from campaigns.replay.state import State
from engine.errors import BrokerDown

SOURCE = "replay"
SHOWN_REASONS = 5  #: of refused rows, on the screen; the file has them all
WAIT_SECONDS = 0.2  #: before a batch is tried again, doubled each time
LONGEST_WAIT_SECONDS = 5.0

#: A row and its event as it will be checked.
Item = tuple[Row, Any]


@dataclass
class Replay:
    """One run over one file for one tenant."""

    tenant: str
    source: Source
    to_event: RowToEvent
    state: State
    state_path: Path
    refused_path: Path
    batch: int = 1000
    limit: int | None = None  #: events to send in this run
    patience: float = 60.0  #: seconds to wait for an engine that takes nothing
    progress: Callable[[Replay], None] = lambda replay: None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    sent: int = 0  #: in this run
    refused: int = 0  #: in this run
    reasons: list[str] = field(default_factory=list)  #: the first few

    def run(self) -> None:
        """Send every row after the state's. Raises ReplayError; what was sent until then is recorded."""
        with ExitStack() as stack:
            rows = (row for row in self.source.rows() if row.number > self.state.row)
            record = _Record(self.refused_path, append=self.state.row > 0, stack=stack)
            while chunk := list(islice(rows, self._room())):
                self._send([(row, event) for row in chunk if (event := self._read(row)) is not None], record)
                self.state.row = chunk[-1].number
                self.state.save(self.state_path)
                self.progress(self)
            if not self._is_over_limit():
                self.state.finished = True
                self.state.save(self.state_path)

    def _read(self, row: Row) -> Any:
        return read(self.to_event, row.number, row.values)

    def _is_over_limit(self) -> bool:
        return self.limit is not None and self.sent >= self.limit

    def _room(self) -> int:
        """How many rows to read next: never so many that the limit could be passed."""
        return self.batch if self.limit is None else max(0, min(self.batch, self.limit - self.sent))

    def _send(self, items: list[Item], record: _Record) -> None:
        """Until each is accepted or refused for good."""
        since, wait = self.clock(), WAIT_SECONDS
        while items:
            left, why = self._try(items, record)
            if len(left) < len(items):
                since, wait = self.clock(), WAIT_SECONDS
            elif self.clock() - since >= self.patience:
                raise ReplayError(f"gave up after {self.patience:.0f} s: {why}")
            if left:
                self.sleep(wait)
                wait = min(LONGEST_WAIT_SECONDS, wait * 2)
            items = left

    def _try(self, items: list[Item], record: _Record) -> tuple[list[Item], str]:
        """Returns those to be tried again, and why."""
        try:
            outcomes = accept(self.tenant, [event for _, event in items], SOURCE, timezone.now())
        except BrokerDown as error:
            return items, str(error)
        except (OperationalError, InterfaceError) as error:
            connections.close_all()
            return items, str(error).strip()
        left, why = [], ""
        for item, outcome in zip(items, outcomes, strict=True):
            if isinstance(outcome, Accepted):
                self.sent += 1
                self.state.sent += 1
            elif outcome.retry:
                left.append(item)
                why = outcome.reasons[0]
            else:
                self._refuse(item[0], outcome, record)
        return left, why

    def _refuse(self, row: Row, outcome: Refused, record: _Record) -> None:
        self.refused += 1
        self.state.refused += 1
        record.write(row.line, outcome.reasons)
        if len(self.reasons) < SHOWN_REASONS:
            self.reasons.append(f"line {row.line}: {'; '.join(outcome.reasons)}")


class _Record:
    """The file of refused rows; made when the first one is refused."""

    def __init__(self, path: Path, *, append: bool, stack: ExitStack) -> None:
        self.path = path
        self.stack = stack
        self._rows: Any = None
        if not append:
            path.unlink(missing_ok=True)

    def write(self, line: int, reasons: Sequence[str]) -> None:
        """One row. Reasons begin with words of ours, so no spreadsheet takes them for a formula."""
        if self._rows is None:
            self._rows = self._open()
        self._rows.writerow([line, "; ".join(reasons)])

    def _open(self) -> Any:
        is_new = not self.path.exists()
        rows = csv.writer(self.stack.enter_context(self.path.open("a", encoding="utf-8", newline="")))
        if is_new:
            rows.writerow(["line", "reasons"])
        return rows
