"""How the embedded servers start, what they refuse and what they leave behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis

from engine import embedded
from engine.embedded import home, postgres
from engine.embedded.process import Birth, birth, started_at
from engine.errors import EmbeddedServerError
from tests.integration.embedded.probes import (
    PROJECT,
    as_root,
    kept,
    on_linux,
    processes_below,
    use,
    wait_until,
)


def test_two_checkouts_run_at_once(folder: Path) -> None:
    other = folder.parent / "other"

    with embedded.start(folder, durable=False) as one, embedded.start(other, durable=False) as two:
        use(one)
        use(one)
        use(two)
        assert (kept(one), kept(two)) == ((2, 2), (1, 1))

    embedded.remove(other)


def test_a_second_start_on_the_same_data_is_refused(folder: Path) -> None:
    with embedded.start(folder, durable=False) as servers:
        began = time.monotonic()
        with pytest.raises(EmbeddedServerError, match=f"in use by process {os.getpid()}"):
            embedded.start(folder, durable=False)
        with pytest.raises(EmbeddedServerError, match="in use"):
            embedded.remove(folder)
        assert time.monotonic() - began < 2
        use(servers)


@on_linux
@pytest.mark.parametrize(
    "words",
    [
        pytest.param((), id="death signal"),
        pytest.param(("pipe",), id="pipe"),
        pytest.param(("elsewhere",), id="as nobody", marks=as_root),
    ],
)
def test_killing_the_launcher_leaves_no_server(
    folder: Path, launch: Callable[..., tuple[subprocess.Popen[str], list[int], Path]], words: tuple[str, ...]
) -> None:
    launcher, servers, sockets = launch(folder, *words)
    assert all(birth(pid) for pid in servers)

    launcher.kill()
    launcher.wait()

    wait_until(lambda: not any(birth(pid) for pid in servers))
    wait_until(lambda: processes_below(folder) == [])
    assert "database system is shut down" in (folder / "postgres.log").read_text()
    with embedded.start(folder, durable=False) as again:
        use(again)
    assert not sockets.exists()


@on_linux
def test_a_start_right_after_a_kill_waits_for_the_old_servers(
    folder: Path, launch: Callable[..., tuple[subprocess.Popen[str], list[int], Path]]
) -> None:
    launcher, old, _ = launch(folder)

    launcher.kill()
    launcher.wait()
    with embedded.start(folder, durable=False) as servers:
        assert not any(birth(pid) for pid in old)
        use(servers)


def test_killed_servers_come_back_at_the_same_address_with_their_data(folder: Path) -> None:
    with embedded.start(folder, durable=False) as servers:
        use(servers)

        for server in (servers.postgres, servers.valkey):
            server.kill()
            server.start()

        assert kept(servers) == (1, 1)


def test_stale_pid_file_of_a_strangers_process_is_not_believed(folder: Path) -> None:
    embedded.start(folder, durable=False).stop()
    data = home.find_home(folder).data
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        long_ago = int(time.time()) - 86_400
        (data / "postmaster.pid").write_text(f"{stranger.pid}\n{data}\n{long_ago}\n5432\n/tmp\n\n")

        with embedded.start(folder, durable=False) as servers:
            use(servers)

        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_server_started_by_hand_on_the_data_is_not_disturbed(folder: Path) -> None:
    embedded.start(folder, durable=False).stop()
    data = home.find_home(folder).data
    by_hand = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        wait_until(lambda: started_at(by_hand.pid) is not None)
        (data / "postmaster.pid").write_text(f"{by_hand.pid}\n{data}\n{int(time.time())}\n5432\n/tmp\n\n")

        with pytest.raises(EmbeddedServerError, match=f"already as process {by_hand.pid}"):
            embedded.start(folder, durable=False)

        assert by_hand.poll() is None
    finally:
        by_hand.kill()
        by_hand.wait()
        (data / "postmaster.pid").unlink()


def test_lock_file_of_a_dead_launcher_is_not_believed(folder: Path) -> None:
    folder.mkdir(parents=True)
    me = birth(os.getpid())
    assert me is not None and me.alive
    assert not Birth(me.pid, "another start").alive
    (folder / "lock").write_text('{"holder": {"pid": 1, "started": "x"}, "sockets": "/etc"}')

    with embedded.start(folder, durable=False):
        pass

    assert Path("/etc").is_dir()


@pytest.mark.parametrize("garbage", ["", "[]", "\0\0", '{"holder": 3}'])
def test_a_spoiled_lock_file_does_no_harm(folder: Path, garbage: str) -> None:
    folder.mkdir(parents=True)
    (folder / "lock").write_text(garbage)

    locked = embedded.servers.Folder(folder)

    locked.release()


def test_refused_options_are_shown_with_the_servers_own_words(folder: Path) -> None:
    began = time.monotonic()

    with pytest.raises(EmbeddedServerError, match=r"(?s)PostgreSQL ended while starting.*lz4"):
        embedded.start(folder, durable=False, postgres_options={"wal_compression": "lz4"})
    with pytest.raises(EmbeddedServerError, match=r"(?s)Valkey ended while starting.*nonsense"):
        embedded.start(folder, durable=False, valkey_options={"nonsense": "1"})

    assert time.monotonic() - began < 20
    assert processes_below(folder) == []


def test_options_and_defaults_reach_the_servers(folder: Path) -> None:
    options = {"max_connections": "17"}
    with embedded.start(folder, postgres_options=options, valkey_options={"appendfsync": "always"}) as servers:
        with psycopg.connect(servers.postgres_url) as connection:
            shown = [
                connection.execute(f"SHOW {name}").fetchone()[0]  # type: ignore[index]
                for name in (
                    "max_connections",
                    "listen_addresses",
                    "fsync",
                    "shared_buffers",
                    "wal_compression",
                )
            ]
        with redis.Redis.from_url(servers.redis_url) as valkey:
            configured = valkey.config_get("append*") | valkey.config_get("maxmemory-policy")
            assert valkey.config_get("bind") == {"bind": "127.0.0.1"}

    assert shown == ["17", "", "on", "256MB", "pglz"]
    assert configured["appendonly"] == "yes"
    assert configured["appendfsync"] == "always"
    assert configured["maxmemory-policy"] == "noeviction"


def test_strangers_cannot_enter(folder: Path) -> None:
    with embedded.start(folder, durable=False) as servers:
        with psycopg.connect(servers.postgres_url) as connection:
            rules = connection.execute("SELECT type, auth_method FROM pg_hba_file_rules").fetchall()
        without_password = redis.Redis.from_url("redis://" + servers.redis_url.rpartition("@")[2])
        with without_password, pytest.raises(redis.AuthenticationError):
            without_password.ping()
        command_line = Path(f"/proc/{servers.valkey.pid}/cmdline")
        assert not command_line.exists() or servers.redis_url[9:20].encode() not in command_line.read_bytes()

    assert {method for kind, method in rules if kind != "local"} == {"reject"}


def test_data_of_another_version_are_refused(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("16\n")

    with pytest.raises(EmbeddedServerError, match="of PostgreSQL 16, not 18"):
        postgres.check_version(tmp_path)


def test_only_the_main_thread_may_start_servers(folder: Path) -> None:
    errors: list[Exception] = []

    def run() -> None:
        try:
            embedded.start(folder, durable=False)
        except EmbeddedServerError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()

    assert "main thread" in str(errors)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_command_prints_addresses_and_ends_in_order(folder: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "engine.embedded", str(folder), "--not-durable"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=PROJECT)
    assert process.stdout is not None
    words = process.stdout.readline().split() + process.stdout.readline().split()
    assert words[::2] == ["PostgreSQL", "Valkey"]
    psycopg.connect(words[1]).close()

    process.send_signal(number)
    _, errors = process.communicate(timeout=30)

    assert (process.returncode, errors) == (0, "")
    assert processes_below(folder) == []
