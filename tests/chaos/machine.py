"""What only root may do to a machine: network namespaces, small disks, system calls that fail.

Whatever cannot be done here is skipped with the reason.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.acceptance.harness import Worker, wait_until

#: Of the servers' data. An AOF of thirty rounds and PostgreSQL's log ahead have some 500 MB.
DISK_BYTES = 2 << 30


def lacks(need: str) -> str:
    """Why this machine cannot do it; empty when it can."""
    if need not in TRIALS:
        return ""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "needs root on Linux"
    return TRIALS[need]()


def _lacks_namespaces() -> str:
    if shutil.which("ip") is None:
        return "needs the program ip (iproute2)"
    try:
        with namespace("try"):
            return ""
    except OSError as error:
        return f"network namespaces are forbidden here: {error}"


def _lacks_mounts() -> str:
    folder = Path(f"/tmp/fairlane-try-{os.getpid()}")
    folder.mkdir()
    try:
        with small_disk(folder, 1 << 20):
            return ""
    except OSError as error:
        return f"mounting is forbidden here: {error}"
    finally:
        folder.rmdir()


def _lacks_tracing() -> str:
    if shutil.which("strace") is None:
        return "needs strace"
    with subprocess.Popen(["sleep", "30"]) as sleeper:
        try:
            with tracing(sleeper.pid, "inject=fsync:delay_enter=1000"):
                return ""
        except OSError as error:
            return f"tracing is forbidden here: {error}"
        finally:
            sleeper.kill()


TRIALS = {"namespace": _lacks_namespaces, "disk": _lacks_mounts, "strace": _lacks_tracing}


def _do(*command: str) -> None:
    """Raises OSError with what it said."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stdout.strip()}")


# -- the network


class Namespace:
    """A network of its own for a node, at the end of a cable."""

    def __init__(self, name: str) -> None:
        number = os.getpid() % 16000
        self.name = f"fl{number}{name}"
        self._cable = f"fl{number}h"
        self.host = f"10.203.{number // 64}.{number % 64 * 4 + 1}"  #: this machine's end
        self._guest = f"10.203.{number // 64}.{number % 64 * 4 + 2}"

    def make(self) -> None:
        """Raises OSError."""
        _do("ip", "netns", "add", self.name)
        _do("ip", "link", "add", self._cable, "type", "veth", "peer", "name", "uplink", "netns", self.name)
        _do("ip", "address", "add", f"{self.host}/30", "dev", self._cable)
        _do("ip", "link", "set", self._cable, "up")
        _do("ip", "-n", self.name, "address", "add", f"{self._guest}/30", "dev", "uplink")
        for device in ("lo", "uplink"):
            _do("ip", "-n", self.name, "link", "set", device, "up")

    def remove(self) -> None:
        """The cable goes with it."""
        with contextlib.suppress(OSError):
            _do("ip", "netns", "del", self.name)
        with contextlib.suppress(OSError):
            _do("ip", "link", "del", self._cable)

    def unplug(self) -> None:
        """Nothing passes, and nobody is told."""
        _do("ip", "link", "set", self._cable, "down")

    def plug(self) -> None:
        """What TCP repeats arrives again."""
        _do("ip", "link", "set", self._cable, "up")

    def begin(self, log: Path, **more: object) -> Worker:
        """A node in it."""
        return Worker(log, before=("ip", "netns", "exec", self.name), **more)  # type: ignore[arg-type]


@contextlib.contextmanager
def namespace(name: str = "") -> Iterator[Namespace]:
    """While the block runs. Raises OSError."""
    made = Namespace(name)
    try:
        made.make()
        yield made
    finally:
        made.remove()


# -- the disk


@contextlib.contextmanager
def small_disk(folder: Path, size: int = DISK_BYTES) -> Iterator[None]:
    """A file system of its own in this folder, while the block runs. Raises OSError."""
    _do("mount", "-t", "tmpfs", "-o", f"size={size},mode=711", "tmpfs", str(folder))
    try:
        yield
    finally:
        _do("umount", "--lazy", str(folder))


def fill_disk(folder: Path, spare: int) -> Path:
    """Leave so many bytes. Returns the file to remove."""
    ballast = folder / "ballast"
    with ballast.open("wb") as file:
        for _ in range(100):  # others write meanwhile
            free = os.statvfs(folder)
            with contextlib.suppress(OSError):
                os.posix_fallocate(file.fileno(), 0, max(1, free.f_bavail * free.f_frsize - spare))
                break
    return ballast


# -- system calls


@contextlib.contextmanager
def tracing(pid: int, *what: str) -> Iterator[None]:
    """strace on a process and its children, while the block runs. Raises OSError when it cannot attach."""
    traced = [pid, *_children(pid)]
    command = ["strace", "-f", "-o", os.devnull]
    command += [part for each in what for part in ("-e", each)] + [
        part for each in traced for part in ("-p", str(each))
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as tracer:
        try:
            wait_until(lambda: _is_traced(tracer, pid), "strace does not attach", seconds=10)
            yield
        finally:
            tracer.send_signal(signal.SIGTERM)
            tracer.communicate(timeout=10)


def _children(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout.split()
    return [int(each) for each, parent in zip(listed[::2], listed[1::2], strict=True) if int(parent) == pid]


def _is_traced(tracer: subprocess.Popen[str], pid: int) -> bool:
    if tracer.poll() is not None:
        raise OSError((tracer.communicate()[1] or "strace ended").strip())
    return f"TracerPid:\t{tracer.pid}\n" in Path(f"/proc/{pid}/status").read_text()
