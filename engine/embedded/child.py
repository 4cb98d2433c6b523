"""Become a server that cannot outlive its launcher. Run as a script, before anything of the project.

    python child.py '{"parent": 123, "signal": 2, "identity": {...}, "watch": null}' PROGRAM ARGUMENT...

Only the standard library: it runs with the interpreter's own path, also after the user has changed.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from typing import Any

PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000


def main() -> None:
    """Takes the identity, ties the process to its launcher and becomes the program."""
    options: dict[str, Any] = json.loads(sys.argv[1])
    become(**options["identity"])
    if options["watch"] is None:
        die_with_parent(options["signal"], options["parent"])
    else:
        watch_pipe(options["watch"], options["signal"])
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.umask(0o077)
    os.execv(sys.argv[2], sys.argv[2:])


def become(kind: str, uid: int = 0, gid: int = 0) -> None:
    """`same`: who we are; `namespace`: `uid` inside, ourselves outside; `user`: another user."""
    if kind == "namespace":
        enter_namespace(uid, gid)
    elif kind == "user":
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)


def enter_namespace(uid: int, gid: int) -> None:
    """Like `unshare --user --map-user --map-group`: for the kernel's files still the same user, but not 0."""
    outside = (os.getuid(), os.getgid())
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "no user namespace")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {outside[0]} 1"),
        ("gid_map", f"{gid} {outside[1]} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)


def die_with_parent(number: int, parent: int) -> None:
    """Linux sends the signal when the launcher's thread ends. After become(): a change of user clears it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_PDEATHSIG")
    if os.getppid() != parent:
        sys.exit("the launcher ended before the server began")


def watch_pipe(descriptor: int, number: int) -> None:
    """Without such a signal: a child of the server waits for the launcher's end of a pipe to close."""
    server = os.getpid()
    if os.fork():
        os.close(descriptor)
        return
    os.setsid()
    os.read(descriptor, 1)
    if os.getppid() == server:
        os.kill(server, number)
    os._exit(0)


if __name__ == "__main__":
    main()
