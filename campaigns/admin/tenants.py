"""Tenants and their share of the workers, for superusers; for everybody the choice of a tenant to work in."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from campaigns import operations
from campaigns.admin import theme
from campaigns.admin.tenant_control import ControlPages, badge, state_of
from campaigns.models import Tenant
from campaigns.models.tenant import WEEK_STARTS, time_zones
from campaigns.tenancy import SESSION_KEY, may_enter
from engine import control
from engine.conf import conf
from engine.models import TenantControl
from engine.placement import DIRECTORY


def zone_choices() -> list[tuple[str, str]]:
    """The IANA time zones."""
    return [(name, name) for name in sorted(time_zones())]


def database_choices() -> list[tuple[str, str]]:
    """The databases that a tenant may live on."""
    return [(name, name) for name in conf().databases]


class TenantForm(forms.ModelForm):
    timezone = forms.ChoiceField(choices=zone_choices, initial="UTC", widget=theme.Choices, label="Time zone")
    week_start = forms.ChoiceField(
        choices=WEEK_STARTS,
        initial="monday",
        required=False,
        widget=theme.Choices,
        label="First day of the week",
        help_text="Where filters and campaigns speak of a week of the calendar.",
    )
    weight = forms.FloatField(
        min_value=0.01,
        max_value=1000,
        initial=1.0,
        widget=theme.NumberInput,
        help_text="The share of worker time when there is not enough for all: 2 gets twice as much as 1.",
    )
    cap = forms.IntegerField(
        min_value=0,
        max_value=4096,
        initial=0,
        widget=theme.NumberInput,
        help_text="The most lanes in work at once; 0 for no limit.",
    )
    rate = forms.FloatField(
        min_value=0,
        initial=0.0,
        required=False,
        widget=theme.NumberInput,
        help_text="The most events executed a second; 0 for no limit.",
    )
    lanes = forms.IntegerField(
        min_value=1,
        max_value=4096,
        initial=control.DEFAULT_LANES,
        widget=theme.NumberInput,
        help_text="How many leads can be worked on at once. It cannot be changed later.",
    )
    database = forms.ChoiceField(
        choices=database_choices,
        initial=DIRECTORY,
        required=False,  # nobody is asked where there is one only
        widget=theme.Choices,
        help_text="Where its leads and campaigns are kept. It cannot be changed later.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        share = TenantControl.objects.filter(pk=self.instance.pk).first()
        if share is not None:
            self.initial.update(weight=share.weight, cap=share.cap, rate=share.rate)

    def clean_week_start(self) -> str:
        return self.cleaned_data["week_start"] or self.instance.week_start

    def clean_rate(self) -> float:
        rate = self.cleaned_data["rate"] or 0.0
        if 0 < rate < control.LEAST_RATE:
            raise forms.ValidationError(f"0 for no limit, or {control.LEAST_RATE:g} or more.")
        return rate


@admin.register(Tenant)
class TenantAdmin(theme.ModelAdmin):
    operator_pages = True
    form = TenantForm
    formfield_overrides: ClassVar[dict] = theme.FORMFIELD_OVERRIDES
    list_display = ("name", "id", "state", "weight", "cap", "rate", "lanes", "timezone", "created_at", "enter")
    change_form_template = "campaigns/tenant_form.html"
    search_fields = ("id", "name")
    actions = None

    class Media:
        css: ClassVar[dict] = {"all": ("campaigns/admin.css",)}

    def get_fields(self, request: HttpRequest, obj: Tenant | None = None) -> tuple[str, ...]:
        first = ("id", "name", "timezone", "currency", "week_start")
        return (*first, "weight", "cap", "rate", "lanes", *placement_columns())

    def get_readonly_fields(self, request: HttpRequest, obj: Tenant | None = None) -> tuple[str, ...]:
        return () if obj is None else ("id", "lanes", *placement_columns())

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        return (*self.list_display[:-1], *placement_columns(), self.list_display[-1])

    # -- who may

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.is_superuser

    def has_view_permission(self, request: HttpRequest, obj: Tenant | None = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Tenant | None = None) -> bool:
        return self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Tenant | None = None) -> bool:
        return False

    # -- the list

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """With the share of the workers, which is the engine's table."""
        share = TenantControl.objects.filter(pk=OuterRef("pk"))
        names = ("state", "weight", "cap", "rate", "lanes", "database")
        return (
            super().get_queryset(request).annotate(**{f"share_{name}": Subquery(share.values(name)) for name in names})
        )

    @admin.display(ordering="share_weight")
    def weight(self, tenant: Tenant) -> float:
        return tenant.share_weight

    @admin.display(ordering="share_cap")
    def cap(self, tenant: Tenant) -> str:
        return str(tenant.share_cap or "none")

    @admin.display(ordering="share_state")
    def state(self, tenant: Tenant) -> str:
        return badge(tenant.share_state)

    @admin.display(ordering="share_rate")
    def rate(self, tenant: Tenant) -> str:
        return f"{tenant.share_rate:g}/s" if tenant.share_rate else "none"

    @admin.display(ordering="share_lanes")
    def lanes(self, tenant: Tenant) -> int:
        return tenant.share_lanes

    @admin.display(ordering="share_database")
    def database(self, tenant: Tenant) -> str:
        return tenant.share_database

    @admin.display(description="")
    def enter(self, tenant: Tenant) -> str:
        return format_html('<a href="{}">Work in it</a>', choose_url(tenant))

    # -- writing

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """What is refused is said on the same page."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except operations.Refused as refusal:
            messages.error(request, str(refusal))
            return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Tenant, form: forms.ModelForm, change: bool) -> None:
        values = form.cleaned_data
        share = {"weight": values["weight"], "cap": values["cap"]}
        if change:
            operations.change_tenant(obj)
            control.configure(obj.pk, rate=values["rate"], **share)
        else:
            made = operations.create_tenant(
                obj.pk,
                name=obj.name,
                timezone=obj.timezone,
                currency=obj.currency,
                week_start=obj.week_start,
                lanes=values["lanes"],
                database=values.get("database") or DIRECTORY,
                **share,
            )
            if values["rate"]:
                control.configure(obj.pk, rate=values["rate"])
            obj.__dict__.update(made.__dict__)

    # -- state

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        """With what waits, and the buttons."""
        tenant = kwargs.get("obj")
        if tenant is not None:
            context |= state_of(tenant)
        return super().render_change_form(request, context, **kwargs)

    # -- choosing

    def get_urls(self) -> list[URLPattern]:
        choose = path("choose/<str:key>/", self.admin_site.admin_view(self.choose), name="campaigns_tenant_choose")
        return [choose, *ControlPages(self).urls(), *super().get_urls()]

    def choose(self, request: HttpRequest, key: str) -> HttpResponse:
        """Work in a tenant from now on. A link on another site cannot do it."""
        if request.headers.get("Sec-Fetch-Site") == "cross-site" or not may_enter(request.user, key):
            raise PermissionDenied
        tenant = Tenant.objects.filter(pk=key).first()
        request.session[SESSION_KEY] = key
        messages.success(request, f"You are working in {tenant or key} now.")
        return HttpResponseRedirect(reverse("admin:index"))


def placement_columns() -> tuple[str, ...]:
    """Where a tenant lives, if there is more than one place."""
    return ("database",) if len(conf().databases) > 1 else ()


def choose_url(tenant: Tenant) -> str:
    """The link that makes a tenant the one to work in."""
    return reverse("admin:campaigns_tenant_choose", args=[tenant.pk])
