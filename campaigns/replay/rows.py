"""The rows of a CSV or NDJSON file, plain or gzip, one at a time."""

from __future__ import annotations

import csv
import gzip
import hashlib
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from campaigns.wire import Malformed, decode_line

LINE_LIMIT = 250_000  #: bytes; far more than an event may have, and no file can make us hold it all
BROKEN_GZIP = (EOFError, gzip.BadGzipFile, zlib.error)


class ReplayError(Exception):
    """The replay cannot go on; the message says where and why."""


class Row(NamedTuple):
    """One row."""

    number: int  #: from 1, without the header and empty lines
    line: int  #: where it ends in the file, from 1
    values: dict[str, Any] | Malformed


class Source:
    """A file of rows. Use it as a context manager."""

    def __init__(self, path: Path, form: str = "auto") -> None:
        self.path = path
        self.form = form if form != "auto" else _form_of(path)
        self.names: list[str] | None = None  #: of a CSV file's columns, once it is open
        self._line = 0

    def __enter__(self) -> Source:
        """Raises OSError, and ReplayError when the file cannot be understood at all."""
        self._raw = self.path.open("rb")
        try:
            self.size = os.fstat(self._raw.fileno()).st_size
            packed = self._raw.peek(2)[:2] == b"\x1f\x8b"
            self._stream = gzip.GzipFile(fileobj=self._raw) if packed else self._raw
            if self.form == "csv":
                self.names = self._header()
        except BaseException:
            self._raw.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._raw.close()

    @property
    def position(self) -> int:
        """Bytes of the file read so far, compressed as they are."""
        return self._raw.tell()

    def rows(self) -> Iterator[Row]:
        """All rows. Raises ReplayError where the file cannot be read any further."""
        values = self._csv() if self.form == "csv" else self._ndjson()
        for number, row in enumerate(values, 1):
            yield Row(number, self._line, row)

    def _header(self) -> list[str]:
        names = next(csv.reader(self._text()), [])
        if not names or len(set(names)) < len(names):
            raise ReplayError("the first line must name the columns, each once")
        return names

    def _csv(self) -> Iterator[dict[str, Any] | Malformed]:
        """A mistake with quotation marks costs the lines that it joins, and they are named."""
        reader = csv.reader(self._text(), strict=True)
        while True:
            first = self._line + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Malformed(f"lines {first} to {self._line} cannot be told apart: {error}")
                continue
            if cells:
                yield _of_cells(self.names or [], cells)

    def _ndjson(self) -> Iterator[dict[str, Any] | Malformed]:
        for line in self._lines():
            if line.isspace():
                continue
            value = decode_line(line)
            known = isinstance(value, dict | Malformed)
            yield value if known else Malformed("expected an object in each line")

    def _text(self) -> Iterator[str]:
        """What is not UTF-8 is kept as half surrogates, which no event may hold: only that row is refused."""
        return (line.decode("utf-8", "surrogateescape") for line in self._lines())

    def _lines(self) -> Iterator[bytes]:
        try:
            while line := self._stream.readline(LINE_LIMIT + 1):
                self._line += 1
                if len(line) > LINE_LIMIT:
                    raise ReplayError(f"line {self._line} is longer than {LINE_LIMIT:,} bytes")
                yield line.removeprefix(b"\xef\xbb\xbf") if self._line == 1 else line
        except BROKEN_GZIP as error:
            raise ReplayError(f"after line {self._line} the file is broken: {error}") from error


def _form_of(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    if suffixes and suffixes[-1] in (".ndjson", ".jsonl", ".json"):
        return "ndjson"
    if suffixes and suffixes[-1] == ".csv":
        return "csv"
    raise ReplayError(f"{path.name}: say what it is with --format csv or --format ndjson")


def _of_cells(names: list[str], cells: list[str]) -> dict[str, Any] | Malformed:
    if len(cells) != len(names):
        return Malformed(f"has {len(cells)} columns where the header names {len(names)}")
    if not is_utf8(cells):
        return Malformed("is not UTF-8")
    return dict(zip(names, cells, strict=True))


def is_utf8(texts: Iterable[str]) -> bool:
    """False if there was something that UTF-8 could not decode."""
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return False
    return True


def digest_of(path: Path) -> str:
    """What a file holds, in 16 digits: the same file again, under whatever name, gives the same."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=8)).hexdigest()
