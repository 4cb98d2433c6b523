"""The programs of the demo and how each is started."""

from __future__ import annotations

import signal
import sys

from campaigns.demo.options import ROOT
from campaigns.demo.processes import Child, Processes, answers
from campaigns.demo.seed import LOGIN, PASSWORD

NODES = ("one", "two")

MANAGE = [sys.executable, str(ROOT / "manage.py")]
CELERY = [sys.executable, "-m", "celery", "-A", "engine"]


def start_worker(processes: Processes, node: str) -> Child:
    """A Celery node with one pool process."""
    options = ["--concurrency=1", f"--hostname={node}@demo", "-E", "--loglevel=INFO"]
    options += ["--without-gossip", "--without-mingle"]
    return processes.start(f"worker-{node}", [*CELERY, "worker", *options])


def start_web(processes: Processes, address: str) -> Child:
    """Gunicorn; with DEBUG, so that static files are served without collecting them."""
    program = [sys.executable, "-m", "gunicorn", "settings.wsgi", f"--bind={address.removeprefix('http://')}"]
    program += ["--worker-class=gthread", "--workers=1", "--threads=4", "--graceful-timeout=3"]
    # When we die it gets SIGTERM, not SIGKILL: so it ends its own worker at once.
    return processes.start("web", program, settings={"DEBUG": "1"}, death=signal.SIGTERM)


def start_feeder(processes: Processes, web: str) -> Child:
    """Waits until it is told to begin(), ends when it has sent everything."""
    return processes.start("feeder", [*MANAGE, "demo_feed"], settings={"DEMO_WEB": web}, may_end=True)


def begin(feeder: Child) -> None:
    """Let it send."""
    assert feeder.process.stdin is not None
    feeder.process.stdin.write(b"begin\n")
    feeder.process.stdin.flush()


def start_maintenance(processes: Processes) -> Child:
    """What has to be done now and then."""
    return processes.start("maintenance", [*MANAGE, "maintain"])


def start_flower(processes: Processes, address: str) -> Child:
    """Flower, with the demo's login."""
    login = {"FLOWER_USER": LOGIN, "FLOWER_PASSWORD": PASSWORD}
    options = [f"--conf={ROOT / 'engine' / 'flowerconfig.py'}", f"--port={address.rpartition(':')[2]}"]
    return processes.start("flower", [*CELERY, "flower", *options], settings=login)


def wait_until_ready(processes: Processes, workers: list[Child], feeder: Child, web: Child, address: str) -> None:
    """Return when all can work. Raises ChildFailed."""
    for worker in workers:
        processes.wait_for(worker, lambda worker=worker: b" ready." in worker.log.read_bytes())
    processes.wait_for(feeder, lambda: b"ready" in feeder.log.read_bytes())
    processes.wait_for(web, lambda: answers(f"{address}/readyz"))
