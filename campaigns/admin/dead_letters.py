"""Events that could not be executed, for a person to look at."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from campaigns.admin.acted_on import ActedOnPages, chosen
from campaigns.admin.clock_face import with_zone
from engine import deadletters
from engine.deadletters import Choice
from engine.models import DeadLetter

RETRY_SAYS = (
    "Each event is executed once more. It comes behind everything that was accepted for its lead since: what it"
    " changes may overwrite newer values. An event that fails again comes back here."
)
DROP_SAYS = "The events are given up: they count as done and are never executed."


@admin.register(DeadLetter)
class DeadLetterAdmin(ActedOnPages):
    one, many = "dead letter", "dead letters"
    list_display = ("at", "event_type", "lead", "lane", "attempts", "short_error")
    search_fields = ("=lead", "=event_id")
    ordering = ("-id",)
    fields = (
        "at",
        "event_type",
        "event_id",
        "lead",
        "lane",
        "attempts",
        "error",
        "payload_text",
    )
    readonly_fields = fields
    actions = ("retry", "drop")
    next_step = "Nothing failed. An event that cannot be executed is kept here with its error."

    @admin.display(description="time")
    def at(self, letter: DeadLetter) -> str:
        return with_zone(letter.created_at)

    @admin.display(description="error")
    def short_error(self, letter: DeadLetter) -> str:
        return letter.error.strip().splitlines()[-1][:120] if letter.error.strip() else ""

    @admin.display(description="event as received")
    def payload_text(self, letter: DeadLetter) -> str:
        return bytes(letter.payload).decode(errors="backslashreplace")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).filter(ended=None)

    @admin.action(description="Retry: execute behind what was accepted since")
    def retry(self, request: HttpRequest, letters: QuerySet) -> HttpResponse | None:
        ids = chosen(letters)
        if "confirmed" not in request.POST:
            return self.confirm(request, letters, "retry", RETRY_SAYS)
        done = deadletters.retry(request.tenant.pk, Choice(ids))
        messages.success(request, f"{done.events:,} events go back into their lanes.")
        if done.unreadable:
            messages.warning(request, f"{done.unreadable:,} letters are no events and stay.")
        return None

    @admin.action(description="Drop: never execute")
    def drop(self, request: HttpRequest, letters: QuerySet) -> HttpResponse | None:
        ids = chosen(letters)
        if "confirmed" not in request.POST:
            return self.confirm(request, letters, "drop", DROP_SAYS)
        messages.success(request, f"{deadletters.drop(request.tenant.pk, Choice(ids)):,} dead letters are dropped.")
        return None
