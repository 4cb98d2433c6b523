"""The launcher of the embedded servers: where it runs, what it refuses, what it leaves behind."""

from __future__ import annotations

import os
import pwd
import signal
import stat
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from engine import embedded
from engine.embedded import binaries, home, postgres
from engine.embedded.process import Birth, birth, command, started_at
from engine.errors import EmbeddedServerError

PROJECT = Path(__file__).resolve().parents[2]

#: A launcher in a process of its own: prints the servers' process ids, then waits to be killed.
LAUNCHER = """
import sys, time
from pathlib import Path
from engine.embedded import home, process, start
if "elsewhere" in sys.argv: home.namespaces_work = lambda: False
if "pipe" in sys.argv: process.HAS_DEATH_SIGNAL = False
servers = start(Path(sys.argv[1]), durable=False)
print(servers.postgres.pid, servers.valkey.pid, servers.folder.sockets, flush=True)
time.sleep(600)
"""

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to step aside from itself")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Data in a checkout with a space in its name, below a folder of mode 700."""
    with tempfile.TemporaryDirectory(prefix="fairlane test ") as hidden:
        path = Path(hidden) / "my project" / ".data"
        yield path
        embedded.remove(path)


@pytest.fixture
def launch() -> Iterator[Callable[..., tuple[subprocess.Popen[str], list[int], Path]]]:
    """Starts launchers and returns each with its servers' process ids and their socket folder."""
    launchers: list[subprocess.Popen[str]] = []

    def run(folder: Path, *words: str, **options: object) -> tuple[subprocess.Popen[str], list[int], Path]:
        program = [sys.executable, "-c", LAUNCHER, str(folder), *words]
        launcher = subprocess.Popen(program, stdout=subprocess.PIPE, text=True, cwd=PROJECT, **options)
        launchers.append(launcher)
        assert launcher.stdout is not None
        postgres, valkey, sockets = launcher.stdout.readline().split()
        return launcher, [int(postgres), int(valkey)], Path(sockets)

    yield run
    for launcher in launchers:
        launcher.kill()
        launcher.communicate()


def use(servers: embedded.Servers) -> None:
    """Both servers do what they are for."""
    with psycopg.connect(servers.postgres_url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (x int)")
        connection.execute("INSERT INTO kept VALUES (1)")
    with redis.Redis.from_url(servers.redis_url) as valkey:
        valkey.incr("kept")


def kept(servers: embedded.Servers) -> tuple[int, int]:
    """What use() left: rows in PostgreSQL, the counter in Valkey."""
    with psycopg.connect(servers.postgres_url) as connection:
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
    with redis.Redis.from_url(servers.redis_url) as valkey:
        return (row[0] if row else 0), int(valkey.get("kept") or 0)


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Fails when the condition is not true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.01)


def processes_below(folder: Path) -> list[str]:
    """Command lines of all processes that work in a folder or were started for it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            place = os.readlink(process / "cwd")
        except OSError:
            continue
        if str(folder) in line or place.startswith(str(folder)):
            found.append(line)
    return found


def modes(folder: Path) -> dict[str, tuple[int, int]]:
    """Mode and owner of a folder and all above it."""
    return {str(path): (path.stat().st_mode, path.stat().st_uid) for path in (folder, *folder.parents)}


def users() -> int:
    return len(pwd.getpwall())


def test_data_survive_a_stop_and_nothing_else_changes(folder: Path) -> None:
    folder.mkdir(parents=True)
    folder.parent.chmod(0o700)
    before, users_before = modes(folder), users()
    wheel = modes(binaries.postgres())

    with embedded.start(folder, durable=False) as servers:
        use(servers)
        sockets = servers.folder.sockets
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    with embedded.start(folder, durable=False) as servers:
        use(servers)
        assert kept(servers) == (2, 2)

    assert not sockets.exists()
    assert (modes(folder), users(), modes(binaries.postgres())) == (before, users_before, wheel)


@as_root
def test_root_without_namespaces_runs_postgres_as_nobody(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "namespaces_work", lambda: False)
    folder.mkdir(parents=True)
    before, users_before = modes(folder), users()

    with embedded.start(folder, durable=False) as servers:
        use(servers)
        owner = Path(f"/proc/{servers.postgres.pid}").stat().st_uid
    place = home.recorded_place(folder)
    monkeypatch.undo()
    with embedded.start(folder, durable=False) as servers:
        use(servers)
        assert kept(servers) == (2, 2)

    assert owner == pwd.getpwnam("nobody").pw_uid
    assert place is not None and (place / "data").is_dir()
    assert (modes(folder), users()) == (before, users_before)
    embedded.remove(folder)
    assert not place.exists()


@as_root
def test_root_keeps_to_a_place_elsewhere_only_if_it_is_roots(folder: Path) -> None:
    folder.mkdir(parents=True)
    forged = folder.parent / "fairlane-forged"
    forged.mkdir()
    (folder / "elsewhere").write_text(str(forged))
    assert home.recorded_place(folder) == forged

    os.chown(forged, 65534, 65534)

    assert home.recorded_place(folder) is None


@as_root
def test_data_of_a_namespace_are_not_mistaken_for_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "postgres").mkdir(parents=True)
    monkeypatch.setattr(home, "namespaces_work", lambda: False)

    with pytest.raises(EmbeddedServerError, match="made in a user namespace"):
        embedded.start(folder)


#: What an ordinary user does: starts twice on the same data and says how PostgreSQL was run.
ORDINARY_USER = """
import os, sys
from pathlib import Path
import psycopg
from engine.embedded import start
assert os.geteuid() != 0
for _ in range(2):
    with start(Path(sys.argv[1]) / "data", durable=False) as servers:
        psycopg.connect(servers.postgres_url).close()
print(servers.postgres.identity.kind)
"""


@as_root
@on_linux
def test_nobody_starts_servers() -> None:
    python = reachable_python()
    with tempfile.TemporaryDirectory(prefix="fairlane nobody ") as path:
        os.chown(path, 65534, 65534)

        result = as_nobody([python, "-c", ORDINARY_USER, path])

        assert (result.stdout, result.stderr) == ("same\n", "")


@as_root
@on_linux
def test_user_of_a_namespace_starts_servers(tmp_path: Path) -> None:
    if not home.namespaces_work():
        pytest.skip("this machine forbids user namespaces")
    program = [sys.executable, "-c", ORDINARY_USER, str(tmp_path)]

    result = subprocess.run(
        command(program, signal.SIGTERM, home.NAMESPACE), capture_output=True, text=True, cwd=PROJECT
    )

    assert (result.stdout, result.stderr) == ("same\n", "")


def as_nobody(program: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a program with our packages, as a user who owns nothing."""
    packages = os.pathsep.join([str(PROJECT), sysconfig.get_path("purelib")])
    return subprocess.run(
        program,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": packages, "PYTHONDONTWRITEBYTECODE": "1"},
        cwd="/",
        user=65534,
        group=65534,
        extra_groups=[],
        capture_output=True,
        text=True,
    )


def reachable_python() -> str:
    """An interpreter of our version that `nobody` can run with our packages; skips when there is none."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    reasons = []
    for python in (sys.executable, f"/usr/bin/python{version}", f"/usr/local/bin/python{version}"):
        try:
            result = as_nobody([python, "-c", "import engine.embedded"])
        except OSError as error:
            reasons.append(f"{python}: {error.strerror}")
            continue
        if result.returncode == 0:
            return python
        reasons.append(f"{python}: {result.stderr.splitlines()[-1]}")
    pytest.skip("`nobody` can run no Python with our packages: " + "; ".join(reasons))


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
