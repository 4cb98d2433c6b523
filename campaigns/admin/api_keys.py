"""API keys of the chosen tenant: issued and shown once, revoked at once. For superusers."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms.widgets import CheckboxSelectMultiple
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from campaigns import keys
from campaigns.admin.clock_face import with_zone
from campaigns.admin.tenant_pages import TenantForm, TenantPages
from campaigns.models import ApiKey


def scope_choices() -> list[tuple[str, str]]:
    """What a key may be allowed."""
    return [(scope, scope) for scope in keys.SCOPES]


class ApiKeyForm(TenantForm):
    scopes = forms.MultipleChoiceField(
        choices=scope_choices, initial=keys.DEFAULT_SCOPES, widget=CheckboxSelectMultiple
    )


@admin.register(ApiKey)
class ApiKeyAdmin(TenantPages):
    form = ApiKeyForm
    superuser_only = True
    list_display = ("name", "prefix", "scope_names", "state", "last_used", "created")
    fields = ("name", "scopes", "expires_at")
    actions: ClassVar = ("revoke",)
    next_step = "Issue a key so that a program can send events to POST /api/v1/events."

    @admin.display(description="scopes")
    def scope_names(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @admin.display(description="last used")
    def last_used(self, key: ApiKey) -> str:
        return with_zone(key.last_used_at) if key.last_used_at else "never"

    @admin.display(description="created")
    def created(self, key: ApiKey) -> str:
        return with_zone(key.created_at)

    @admin.display(description="state")
    def state(self, key: ApiKey) -> str:
        if key.revoked_at:
            return "revoked"
        return "valid" if keys.is_valid(key, timezone.now()) else "expired"

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """Nothing of a key is edited; but the list must offer its action."""
        return obj is None and self.may(request)

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ApiKey, form: forms.ModelForm, change: bool) -> None:
        values = form.cleaned_data
        issued, request.key_text = keys.issue(
            request.tenant.pk, name=values["name"], scopes=values["scopes"], expires_at=values["expires_at"]
        )
        obj.__dict__.update(issued.__dict__)

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: Any = None) -> HttpResponse:
        """The one page that ever shows the key; it is in no message, no cookie and no log."""
        context = {
            **self.admin_site.each_context(request),
            "title": "API key issued",
            "opts": self.opts,
            "key": obj,
            "key_text": request.key_text,
            "list_url": self.list_url(),
        }
        response = TemplateResponse(request, "campaigns/api_key_issued.html", context)
        response["Cache-Control"] = "no-store"
        return response

    @admin.action(description="Revoke the selected keys", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet) -> None:
        now = timezone.now()
        revoked = sum(keys.revoke(key, now) for key in queryset)
        messages.success(request, f"{revoked} keys revoked. Requests with them are refused from now on.")
