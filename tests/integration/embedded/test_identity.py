"""As whom the embedded servers run, and that nothing of the machine changes for it."""

from __future__ import annotations

import os
import pwd
import signal
import stat
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import pytest

from engine import embedded
from engine.embedded import binaries, home
from engine.embedded.process import command
from engine.errors import EmbeddedServerError
from tests.integration.embedded.probes import (
    PROJECT,
    as_root,
    kept,
    modes,
    on_linux,
    use,
    users,
)


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
