"""Events that could not be executed, for a person to look at."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from campaigns.admin.clock_face import with_zone
from campaigns.admin.tenant_pages import TenantPages
from engine.models import DeadLetter


@admin.register(DeadLetter)
class DeadLetterAdmin(TenantPages):
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

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: DeadLetter | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: DeadLetter | None = None) -> bool:
        return False
