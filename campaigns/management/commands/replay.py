"""manage.py replay: the rows of a file, sent as events."""

from __future__ import annotations

import hashlib
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from campaigns.models import Tenant
from campaigns.replay import state as states
from campaigns.replay.mapping import TARGETS, Modulo, RowToEvent, parse_map
from campaigns.replay.rows import ReplayError, Source, digest_of
from campaigns.replay.run import Replay
from campaigns.tenancy import tenant_context

LINE_EVERY_SECONDS = 5.0  #: where there is no terminal

EXAMPLES = """
examples:
  manage.py replay shop.csv.gz --tenant acme --type purchase \\
      --map lead=customer_id,occurred_at=date,data.cds=cds,data.amount=amount
  manage.py replay events.ndjson --tenant acme           rows that are events already
  manage.py replay shop.csv --tenant acme ... --modulo customer_id:100:0-79
                                                         only customers whose id ends in 00 to 79

Rows get ids made of the file's contents and their number, so that a repeated replay has no effect within
24 hours. Times without an offset are the tenant's; a date is midnight there.
"""


class Command(BaseCommand):
    help = "Send the rows of a CSV or NDJSON file, plain or gzip, as events of one tenant."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs |= {"epilog": EXAMPLES, "formatter_class": RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("file", type=Path)
        add("--tenant", required=True, help="its key")
        add("--type", help="event type of every row; or map it: type=column")
        add("--map", type=_checked(parse_map), metavar="PART=COLUMN,…",
            help=f"parts are {', '.join(TARGETS)} and data.<attribute>")  # fmt: skip
        add("--format", choices=("auto", "csv", "ndjson"), default="auto", help="by default, by the file's name")
        add("--where", type=_pair, action="append", default=[], metavar="COLUMN=VALUE",
            help="only rows with this value; repeat for more")  # fmt: skip
        add("--modulo", type=_checked(Modulo.parse), action="append", default=[], metavar="COLUMN:N:FIRST-LAST",
            help="only rows whose number in the column leaves such a rest when divided by N")  # fmt: skip
        add("--id-prefix", default="", help="begins each event's id, in place of the file's digest")
        add("--batch", type=_positive, default=1000, help="rows at a time (default: %(default)s)")
        add("--limit", type=_positive, help="stop after so many events")
        add("--resume", action="store_true", help="go on after the last row that was dealt with")
        add("--state", type=Path, help="where that is kept (default: below .data/replay)")
        add("--refused", type=Path, help="list of refused rows (default: FILE.refused.csv)")
        add("--strict", action="store_true", help="fail when a row was refused")
        add("--patience", type=float, default=60.0, help="seconds to wait for a full or absent engine")

    def handle(self, **options: Any) -> None:
        try:
            with Source(options["file"], options["format"]) as source:
                self._replay(source, options)
        except (OSError, ReplayError) as error:
            raise CommandError(str(error)) from error

    def _replay(self, source: Source, options: dict[str, Any]) -> None:
        digest = digest_of(source.path)
        to_event = _to_event(source, digest, options)
        state, path = _state(digest, options)
        if state.finished:
            return self.stdout.write("There is nothing left to send: the replay was finished before.")
        replay = Replay(
            tenant=options["tenant"], source=source, to_event=to_event, state=state, state_path=path,
            refused_path=options["refused"] or source.path.with_name(f"{source.path.name}.refused.csv"),
            batch=options["batch"], limit=options["limit"], patience=options["patience"],
        )  # fmt: skip
        started = time.monotonic()
        try:
            self._with_progress(replay)
        except (ReplayError, KeyboardInterrupt) as error:
            self._report(replay, time.monotonic() - started)
            why = str(error) or "stopped"
            raise CommandError(f"{why}. Go on after row {state.row} with --resume.", returncode=1) from error
        self._report(replay, time.monotonic() - started)
        self._judge(replay, options["strict"])

    def _with_progress(self, replay: Replay) -> None:
        if not self.stdout.isatty():
            replay.progress = _Lines(self.stdout.write)
            return replay.run()
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(file=sys.stdout)) as bar:
            task = bar.add_task(replay.source.path.name, total=replay.source.size)
            replay.progress = lambda now: bar.update(task, completed=now.source.position, description=_in_words(now))
            replay.run()

    def _report(self, replay: Replay, seconds: float) -> None:
        self.stdout.write(f"{_in_words(replay)} in {seconds:.1f} s ({replay.sent / max(seconds, 1e-6):,.0f}/s)")
        for reason in replay.reasons:
            self.stderr.write(f"  refused: {reason}")
        if replay.refused:
            self.stderr.write(f"  all refused rows: {replay.refused_path}")

    def _judge(self, replay: Replay, strict: bool) -> None:
        if strict and replay.refused:
            raise CommandError(f"{replay.refused} rows were refused")
        if not replay.state.sent:
            raise CommandError("nothing was accepted")


def _to_event(source: Source, digest: str, options: dict[str, Any]) -> RowToEvent:
    columns = options["map"]
    if columns is None and source.names is not None:
        raise CommandError(f"say with --map what the columns are: {', '.join(source.names)}")
    if columns is None:
        columns = {target: target for target in TARGETS if target != "type" or not options["type"]}
    if "lead" not in columns or ("type" in columns) == bool(options["type"]):
        raise CommandError("map the lead, and give the type either by --type or in --map")
    prefix = options["id_prefix"]
    to_event = RowToEvent(
        columns=columns, zone=_zone(options["tenant"]), identity=prefix or f"{digest}:", prefix=prefix,
        type=options["type"], modulo=options["modulo"], where=options["where"],
    )  # fmt: skip
    missing = [] if source.names is None else to_event.missing(source.names)
    if missing:
        raise CommandError(f"there is no column {', '.join(missing)}; there are {', '.join(source.names or ())}")
    return to_event


def _zone(tenant: str) -> ZoneInfo:
    with tenant_context(tenant or " "):
        found = Tenant.objects.filter(pk=tenant).first()
    if found is None:
        raise CommandError(f"there is no tenant {tenant!r}")
    return ZoneInfo(found.timezone)


def _state(digest: str, options: dict[str, Any]) -> tuple[states.State, Path]:
    parts = ("tenant", "type", "map", "where", "modulo", "id_prefix")
    what = " ".join([digest, *(f"{part}={options[part]}" for part in parts)])
    name = hashlib.blake2b(what.encode(), digest_size=8).hexdigest()
    path = options["state"] or settings.BASE_DIR / ".data" / "replay" / f"{options['tenant']}-{name}.json"
    try:
        found = states.load(path, what) if options["resume"] else None
    except ValueError as error:
        raise CommandError(str(error)) from error
    return found or states.State(what), path


def _in_words(replay: Replay) -> str:
    refused = f", {replay.refused:,} refused" if replay.refused else ""
    return f"{replay.sent:,} events accepted{refused}"


class _Lines:
    """A plain line every few seconds."""

    def __init__(self, write: Callable[[str], Any]) -> None:
        self.write = write
        self.due = time.monotonic() + LINE_EVERY_SECONDS

    def __call__(self, replay: Replay) -> None:
        if time.monotonic() >= self.due:
            self.due = time.monotonic() + LINE_EVERY_SECONDS
            part = replay.source.position / max(1, replay.source.size)
            self.write(f"{part:4.0%}  {_in_words(replay)}")


def _checked(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Show the parser's message instead of argparse's own."""

    def parsed(text: str) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from error

    return parsed


def _pair(text: str) -> tuple[str, str]:
    column, sign, value = text.partition("=")
    if not sign:
        raise ArgumentTypeError(f"{text!r}: say column=value")
    return column, value


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError("expected a number from 1 on")
    return int(text)
