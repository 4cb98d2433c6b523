"""Both servers of a data folder, started and stopped together."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from engine.embedded import postgres, valkey
from engine.embedded.folder import Folder
from engine.embedded.home import recorded_place
from engine.embedded.process import Server
from engine.errors import EmbeddedServerError

#: Another program may take the port between our look and Valkey's start.
PORT_ATTEMPTS = 5


@dataclass(frozen=True)
class Servers:
    """Running servers. They end with stop(), with the block, or with this process, however it ends."""

    folder: Folder
    postgres: Server
    valkey: Server
    postgres_url: str  #: as superuser: for making roles and databases only
    redis_url: str

    def stop(self) -> None:
        """Stop both in order and give the data folder back."""
        self.valkey.stop()
        self.postgres.stop()
        self.folder.release()

    def __enter__(self) -> Servers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(
    data_dir: Path,
    *,
    durable: bool = True,
    postgres_options: Mapping[str, str] | None = None,
    valkey_options: Mapping[str, str] | None = None,
) -> Servers:
    """Start both servers on the data in `data_dir`, made if missing; return when both answer.

    `durable=False` survives kill -9 of any process but not a power cut. Options are those of the
    servers' configuration files, for example {"appendfsync": "everysec"}. Must be called from the
    main thread. Raises EmbeddedServerError, with the server's own words where it has some.
    """
    folder = Folder(data_dir)
    try:
        database, postgres_url = postgres.server(folder, durable=durable, options=postgres_options or {})
        database.start()
        try:
            broker, redis_url = _start_valkey(folder, durable=durable, options=valkey_options or {})
        except BaseException:
            database.stop()
            raise
    except BaseException:
        folder.release()
        raise
    return Servers(folder, database, broker, postgres_url, redis_url)


def remove(data_dir: Path) -> None:
    """Remove the data of servers that are stopped. Raises EmbeddedServerError when they run."""
    if not data_dir.exists():
        return
    folder = Folder(data_dir)
    place = recorded_place(folder.path)
    folder.release()
    for path in (place, data_dir):
        if path is not None:
            shutil.rmtree(path)


def _start_valkey(folder: Folder, *, durable: bool, options: Mapping[str, str]) -> tuple[Server, str]:
    for attempt in range(PORT_ATTEMPTS):
        broker, url = valkey.server(folder, durable=durable, options=options)
        try:
            broker.start()
        except EmbeddedServerError as error:
            if "Address already in use" not in str(error) or attempt == PORT_ATTEMPTS - 1:
                raise
        else:
            return broker, url
    raise AssertionError("unreachable")
