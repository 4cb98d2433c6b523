"""PostgreSQL in a data folder: made once, reached over a unix socket in a folder only its user can enter."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import psycopg

from engine.embedded import binaries
from engine.embedded.folder import Folder
from engine.embedded.home import Home, find_home
from engine.embedded.process import Server, run, started_at
from engine.errors import EmbeddedServerError

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "wal_compression": "pglz",  # the wheel has no lz4
    "max_wal_size": "2GB",
    "log_line_prefix": "%m [%p] %a ",
}
#: For tests: survives kill -9 of every process, not a power cut.
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}


def server(folder: Folder, *, durable: bool, options: Mapping[str, str]) -> tuple[Server, str]:
    """PostgreSQL ready to start, and the URL of its superuser. Makes the data on the first call."""
    home = find_home(folder.path)
    home.adopt(folder.sockets)
    if home.data.exists():
        check_version(home.data)
        drop_stale_pid_file(home.data)
    else:
        make_data(home, durable=durable)
    settings = SETTINGS | ({} if durable else NOT_DURABLE) | dict(options)
    settings["unix_socket_directories"] = '"{}"'.format(str(folder.sockets).replace('"', '""'))
    program = [str(home.install / "bin/postgres"), "-D", str(home.data)]
    for name, value in settings.items():
        program += ["-c", f"{name}={value}"]
    url = f"postgresql://postgres@/postgres?host={quote(str(folder.sockets), safe='')}"
    return Server(
        name="PostgreSQL",
        program=program,
        log=folder.path / "postgres.log",
        stop_signal=signal.SIGINT,  # "fast": ends the sessions, then writes a checkpoint
        ready=lambda: psycopg.connect(url, connect_timeout=5).close(),
        not_ready=(psycopg.OperationalError,),
        lock=folder.lock,
        identity=home.identity,
        busy="is still in use",
    ), url


def make_data(home: Home, *, durable: bool) -> None:
    """initdb beside the final folder, then rename: half-made data are never taken for data."""
    new = home.data.with_name("postgres.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    home.adopt(new)
    initdb = [str(home.install / "bin/initdb"), "-D", str(new), "-U", "postgres", "-E", "UTF8"]
    initdb += ["--auth-local=trust", "--auth-host=reject", "--no-instructions", "--locale=C"]
    initdb += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", *([] if durable else ["--no-sync"])]
    run(initdb, identity=home.identity, what="initdb")
    new.rename(home.data)


def check_version(data: Path) -> None:
    """Raises EmbeddedServerError for data of another major version."""
    version = (data / "PG_VERSION").read_text().strip()
    if version != binaries.VERSION:
        raise EmbeddedServerError(f"{data} is of PostgreSQL {version}, not {binaries.VERSION}")


def drop_stale_pid_file(data: Path) -> None:
    """Remove what a killed server left: PostgreSQL would not start beside a stranger with its number.

    We hold the lock, so no server of ours is running. Raises EmbeddedServerError when somebody has
    started one by hand: its process lives *and* began when the file says.
    """
    file = data / "postmaster.pid"
    try:
        lines = file.read_text().splitlines()
        pid, written_at = int(lines[0]), int(lines[2])
    except FileNotFoundError:
        return
    except (ValueError, IndexError):
        pid, written_at = 0, 0
    began_at = started_at(pid)
    # The file is written moments after the start, both are rounded to seconds.
    if began_at is not None and -2 <= written_at - began_at <= 30:
        raise EmbeddedServerError(f"PostgreSQL runs in {data} already as process {pid}")
    file.unlink()
