"""The play: migrate, seed, start, send, drain, check, report, stay."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime

import psycopg
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections
from rich.console import Console
from rich.live import Live

from campaigns import keys
from campaigns.demo import kept, programs
from campaigns.demo.figures import Meter, is_drained
from campaigns.demo.options import Options
from campaigns.demo.plans import Plan, edition, plans
from campaigns.demo.processes import Child, ChildFailed, Processes, usable_port
from campaigns.demo.report import print_addresses, print_report, print_request
from campaigns.demo.result import Reader
from campaigns.demo.saying import say
from campaigns.demo.seed import present_tenants, seed
from campaigns.demo.table import draw, in_one_line
from engine import db

WEB_PORT, FLOWER_PORT = 8000, 5555
DRAW_SECONDS, LINE_SECONDS = 0.5, 5.0
DRAIN_SECONDS = 300.0  #: after which the demo gives up


class Show:
    """One run of the demo."""

    def __init__(self, options: Options, console: Console) -> None:
        self.options = options
        self.console = console
        self.plans: list[Plan] = plans(options.leads)
        self.web = f"http://127.0.0.1:{usable_port(WEB_PORT)}"
        self.flower = f"http://127.0.0.1:{usable_port(FLOWER_PORT)}"
        self.api_key = ""
        self.said_at = 0.0

    def run(self) -> bool:
        """Everything, to the end. Returns whether the check passed."""
        call_command("migrate", database="owner", verbosity=0, interactive=False)
        say("the database is migrated")
        self.keep_edition()
        with (
            db.connect(os.environ["WORKER_DATABASE_URL"], "fairlane-demo") as connection,
            Processes(self.options.log_folder) as processes,
        ):
            connection.autocommit = True
            feeder = self.prepare(processes)
            self.finish_earlier(processes)
            passed = self.play(processes, feeder, connection)
            if self.options.stay:
                self.stay(processes)
        return passed

    def prepare(self, processes: Processes) -> Child:
        """Tenants, and all processes that events need. Returns the feeder, which waits."""
        workers = [programs.start_worker(processes, node) for node in programs.NODES]
        web = programs.start_web(processes, self.web)
        seed(self.plans, say)
        self.keep_api_keys()
        connections.close_all()
        feeder = programs.start_feeder(processes, self.web)
        programs.wait_until_ready(processes, workers, feeder, web, self.web)
        return feeder

    def finish_earlier(self, processes: Processes) -> None:
        """Events that wait since an earlier run, which was killed, are executed before anything is measured."""
        if is_drained():
            return
        say("events of an earlier run are executed first")
        self.wait_until_drained(processes, lambda: time.sleep(DRAW_SECONDS))

    def keep_edition(self) -> None:
        """Tenants of another edition would not know the events of this one. Raises CommandError."""
        own, present = kept.read(self.options.data), edition(self.options.leads)
        if own.edition != present and present_tenants():
            raise CommandError(
                f"The tenants in {self.options.data} were made by another edition of the demo, or with another"
                " DEMO_LEADS. DEMO_FRESH=1 makes everything anew."
            )
        own.edition = present
        kept.write(self.options.data, own)

    def keep_api_keys(self) -> None:
        """Every tenant has a key that is valid and known here."""
        own = kept.read(self.options.data)
        now = datetime.now(UTC)
        for plan in self.plans:
            if keys.verify(own.api_keys.get(plan.key, ""), now) is None:
                own.api_keys[plan.key] = keys.issue(plan.key, name="Demo", scopes=keys.SCOPES)[1]
        kept.write(self.options.data, own)
        self.api_key = own.api_keys[self.plans[0].key]

    def play(self, processes: Processes, feeder: Child, connection: psycopg.Connection) -> bool:
        """Send, drain, check, report."""
        meter = Meter(connection, self.options.accept_log, [plan.key for plan in self.plans])
        reader = Reader(connection, self.plans, meter.began_at)
        print_addresses(self.console, self.web, self.flower)
        say("web and workers are ready; events flow")
        programs.begin(feeder)
        programs.start_maintenance(processes)
        programs.start_flower(processes, self.flower)
        with Live(console=self.console, auto_refresh=False, transient=True) as live:
            sent_seconds = self.watch(live, processes, feeder, meter)
            title = "All events are sent; the rest is executed"
            drained_seconds = self.wait_until_drained(processes, lambda: self.tell(live, meter, title))
        result = reader.read(self.options.accept_log)
        print_report(self.console, result, self.plans, sent_seconds, drained_seconds, meter.peak)
        self.console.print()
        print_addresses(self.console, self.web, self.flower)
        print_request(self.console, self.web, self.api_key, self.plans[0].key)
        return result.verdict.passed

    def watch(self, live: Live, processes: Processes, feeder: Child, meter: Meter) -> float:
        """Draw until the feeder has sent everything. Returns the seconds it took."""
        began = time.monotonic()
        while feeder.process.poll() is None:
            seconds = time.monotonic() - began
            self.tell(live, meter, f"Events flow: {seconds:.0f} of {self.options.seconds:.0f} seconds")
            processes.check()
        feeder.check()
        return time.monotonic() - began

    def wait_until_drained(self, processes: Processes, turn: Callable[[], None]) -> float:
        """Take turns until everything is executed. Returns the seconds; raises ChildFailed after DRAIN_SECONDS."""
        began = time.monotonic()
        while not is_drained():
            if time.monotonic() - began > DRAIN_SECONDS:
                raise ChildFailed(f"Events still wait after {DRAIN_SECONDS:.0f} s.")
            turn()
            processes.check()
        return time.monotonic() - began

    def tell(self, live: Live, meter: Meter, title: str) -> None:
        """The table in a terminal; elsewhere a line now and then."""
        tenants = meter.look()
        if self.console.is_terminal:
            live.update(draw(tenants, title, self.console.width), refresh=True)
        elif time.monotonic() - self.said_at > LINE_SECONDS:
            self.said_at = time.monotonic()
            say(in_one_line(tenants))
        time.sleep(DRAW_SECONDS)

    def stay(self, processes: Processes) -> None:
        """Until Ctrl-C. Raises ChildFailed when a process ends."""
        self.console.print("Everything stays up. [bold]Ctrl-C[/] stops it.")
        try:
            while True:
                processes.check()
                time.sleep(DRAW_SECONDS)
        except KeyboardInterrupt:
            self.console.print()
