"""The data folder: whose it is now, and what an earlier launcher left there."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from engine.embedded.process import Birth, birth
from engine.errors import EmbeddedServerError

#: A socket's path has at most 103 bytes on macOS; mkdtemp and PostgreSQL add 32 to the folder's.
LONGEST_PATH = 65
PREFIX = "fairlane-"


class Folder:
    """A data folder locked by this process.

    The lock is the kernel's (flock) and the servers inherit it: it is free when the launcher and every
    server process have ended, however they ended. Nothing is believed because a file says so.
    """

    def __init__(self, path: Path, *, timeout: float = 30.0) -> None:
        """Raises EmbeddedServerError when a living launcher has the folder, or its servers do not end."""
        self.path = path.absolute()
        if not self.path.exists():
            self.path.mkdir(parents=True, mode=0o700)
        self.lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._take(time.monotonic() + timeout)
        except BaseException:
            os.close(self.lock)
            raise
        self._remove_sockets(self._read().get("sockets"))
        self.sockets = Path(tempfile.mkdtemp(prefix=PREFIX, dir=temporary_folder()))
        self._write()

    def release(self) -> None:
        """Give the folder back."""
        shutil.rmtree(self.sockets, ignore_errors=True)
        os.close(self.lock)

    def _take(self, deadline: float) -> None:
        while True:
            with contextlib.suppress(BlockingIOError):
                return fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            holder = self._holder()
            if holder is not None and holder.alive:
                raise EmbeddedServerError(f"{self.path} is in use by process {holder.pid}")
            if time.monotonic() > deadline:
                raise EmbeddedServerError(f"servers in {self.path} that lost their launcher have not ended")
            time.sleep(0.02)

    def _holder(self) -> Birth | None:
        with contextlib.suppress(TypeError, ValueError):
            return Birth(**self._read()["holder"])
        return None

    def _read(self) -> dict:
        with contextlib.suppress(ValueError):
            content = json.loads(os.pread(self.lock, 10_000, 0))
            return content if isinstance(content, dict) else {"holder": None}
        return {"holder": None}

    def _write(self) -> None:
        me = birth(os.getpid())
        content = {"holder": asdict(me) if me else None, "sockets": str(self.sockets)}
        os.ftruncate(self.lock, 0)
        os.pwrite(self.lock, json.dumps(content).encode(), 0)

    def _remove_sockets(self, left: object) -> None:
        if isinstance(left, str) and Path(left).name.startswith(PREFIX):
            shutil.rmtree(left, ignore_errors=True)


def temporary_folder() -> str:
    """A folder for temporary files that every user can enter and whose path is short enough for a socket."""
    for path in (tempfile.gettempdir(), "/tmp", "/var/tmp"):
        if len(os.fsencode(path)) <= LONGEST_PATH and _everybody_may_enter(Path(path)):
            return path
    raise EmbeddedServerError(f"no folder for temporary files with a path of at most {LONGEST_PATH} bytes")


def _everybody_may_enter(path: Path) -> bool:
    return os.geteuid() != 0 or all(part.stat().st_mode & 0o001 for part in (path, *path.parents))
