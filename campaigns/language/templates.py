"""Text with references in it, such as "Hello {{ lead.first_name | default: 'friend' }}": Liquid, bounded.

A template sees the lead's fields, the event's attributes, the run's variables and the time, and nothing else: each
name is checked when the document is. Templates load no others. What one may take while running is bounded by Liquid's
own limits: nesting, loops, bytes of its variables, bytes of its output.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import wraps
from typing import Any

from liquid import Environment, Mode, Undefined
from liquid.exceptions import LiquidError
from liquid.static_analysis import TemplateAnalysis, Variable

from campaigns.language.context import Context
from campaigns.language.exactmath import FILTERS
from campaigns.language.jsonvalues import write_json
from campaigns.language.lead import LeadState
from campaigns.language.outcome import BadValueError, MissingValueError
from campaigns.language.scope import Scope
from campaigns.language.variables import find_variable, read_variable

LENGTH_LIMIT = 30_000  #: characters of a template
ROOTS = ("lead", "event", "run", "now")

#: Tags that load other templates, or keep state from one rendering to the next.
WITHOUT = ("include", "render", "extends", "block", "increment", "decrement")


class _Bounded(Environment):
    block_nesting_limit = 10
    context_depth_limit = 20
    loop_iteration_limit = 1_000
    local_namespace_limit = 100_000  #: bytes
    output_stream_limit = 60_000  #: bytes


class _Missing(Undefined):
    """A value that is not there: it can be asked for and given a default, and is not written."""

    force_liquid_default = True

    def __str__(self) -> str:
        raise MissingValueError(f"missing: {(self.hint or self.name).removesuffix(' is undefined')}, without a default")


def _keeping(apply: Callable[..., Any]) -> Callable[..., Any]:
    """The filter, which makes nothing out of what is missing: it stays so until a default is given."""

    @wraps(apply)
    def filtered(value: Any, *args: Any, **named: Any) -> Any:
        return value if isinstance(value, _Missing) else apply(value, *args, **named)

    return filtered


def _environment(*, escape: bool = False, whole: bool = False) -> Environment:
    environment = _Bounded(tolerance=Mode.STRICT, strict_filters=True, autoescape=escape)
    for tag in WITHOUT:
        environment.tags.pop(tag, None)
    environment.filters.update(FILTERS, json=write_json)
    if whole:
        environment.undefined = _Missing
        filters = environment.filters.items()
        environment.filters |= {name: _keeping(apply) for name, apply in filters if name != "default"}
    return environment


_liquid = _environment()
_whole = _environment(whole=True)
_html = _environment(escape=True, whole=True)


def is_template(raw: Any) -> bool:
    """Whether a text from a document has references or tags in it."""
    return isinstance(raw, str) and ("{{" in raw or "{%" in raw)


class Template:
    """A template that was checked. Call it with the lead and the context."""

    def __init__(self, raw: str, *, whole: bool = False, html: bool = False) -> None:
        self.whole = whole or html
        self._template = (_html if html else _whole if whole else _liquid).from_string(raw)

    def analyze(self) -> TemplateAnalysis:
        """What it refers to and which filters it uses."""
        return self._template.analyze(include_partials=False)

    def __call__(self, lead: LeadState, context: Context) -> str:
        """The text. Raises BadValueError when it takes too much, or computes with what is no number, and
        MissingValueError where a whole one lacks a value."""
        try:
            return str(
                self._template.render(
                    lead=_Lead(lead, context, self.whole),
                    event=_Event(lead, context, self.whole),
                    run=_Run(lead, context, self.whole),
                    now=_local(context.now, context),
                )
            )
        except LiquidError as error:
            raise BadValueError(f"the template gives no text: {error.message}") from None
        except (ArithmeticError, ValueError, TypeError) as error:
            raise BadValueError(f"the template gives no text: {error}") from None


def compile_template(raw: str, scope: Scope, path: str, *, whole: bool = False, html: bool = False) -> Template | None:
    """Check a template and everything it refers to; None with its faults.

    whole: where a value is missing that has no default, there is no text. html: whole, and what it fills in is
    escaped, so that nobody's name becomes markup.
    """
    if len(raw) > LENGTH_LIMIT:
        scope.fault(path, f"is {len(raw):,} characters long, at most {LENGTH_LIMIT:,} are allowed")
        return None
    before = len(scope.faults)
    try:
        template = Template(raw, whole=whole, html=html)
        found = template.analyze()
        for root, variables in found.globals.items():
            for variable in variables:
                _check(root, variable, scope, path)
        for name in sorted(found.filters.keys() - _liquid.filters.keys()):
            scope.fault(path, f"unknown filter {name[:64]!r}{scope.hint(name, _liquid.filters)}")
    except LiquidError as error:
        scope.fault(path, f"is no valid template: {error.message}")
    except RecursionError:
        scope.fault(path, "is nested too deep")
    return template if len(scope.faults) == before else None


def _check(root: str, variable: Variable, scope: Scope, path: str) -> None:
    if root not in ROOTS:
        scope.fault(path, f"unknown name {root[:64]!r}; a template can use lead.…, event.…, run.… and now")
        return
    if root == "now":
        return
    name = variable.segments[1] if len(variable.segments) > 1 else None
    if not isinstance(name, str):
        scope.fault(path, f"write which part of {root} is meant, as in {root}.name")
    elif root == "lead":
        scope.find_field(name, path)
    elif root == "run":
        find_variable(name, scope, path)
    elif name != "occurred_at":
        scope.find_attribute(name, path)


class _View(Mapping[str, Any]):
    """What a template sees under one name: read when it is asked for, nothing listed."""

    def __init__(self, lead: LeadState, context: Context, whole: bool) -> None:
        self.lead = lead
        self.context = context
        self.whole = whole  #: it says what is missing

    def read(self, name: str) -> Any:
        """The typed value; None where there is none."""
        raise NotImplementedError

    def __getitem__(self, name: str) -> Any:
        value = self.read(name)
        if value is None and self.whole:
            raise KeyError(name)
        if isinstance(value, datetime):
            return _local(value, self.context)
        return sorted(value) if isinstance(value, set | frozenset) else value

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class _Lead(_View):
    def read(self, name: str) -> Any:
        return self.lead.get(name)


class _Event(_View):
    def read(self, name: str) -> Any:
        return self.context.occurred_at if name == "occurred_at" else self.context.event.get(name)


class _Run(_View):
    def read(self, name: str) -> Any:
        return read_variable(name)(self.lead, self.context)


def _local(moment: datetime, context: Context) -> datetime:
    """Where the tenant is, so that {{ now | date: "%H" }} is its hour."""
    return moment.astimezone(context.schema.zone)
