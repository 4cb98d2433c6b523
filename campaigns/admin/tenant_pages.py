"""The base of all pages about one tenant's rows. The database keeps tenants apart; the pages say so kindly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.db.models import ForeignKey, Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from campaigns.admin import theme
from campaigns.models.columns import TenantOwned
from campaigns.operations import Refused, keep_campaigns_working

TENANT_INPUT = "_tenant"


class TenantForm(forms.ModelForm):
    """Checks what is unique within the tenant too. The tenant is never an input; the page knows it."""

    tenant_id: ClassVar[str]

    def _post_clean(self) -> None:
        self.instance.tenant_id = self.tenant_id
        super()._post_clean()

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions() - {"tenant"}


class TenantPages(theme.ModelAdmin):
    """Pages about a model whose rows belong to a tenant: those of `request.tenant` and no others."""

    form = TenantForm
    formfield_overrides: ClassVar[dict] = theme.FORMFIELD_OVERRIDES
    change_form_template = "campaigns/change_form.html"
    change_list_template = "campaigns/change_list.html"
    list_per_page = 50

    #: What an empty list says to do next.
    next_step = ""
    #: Fields that are given when a row is made, and never changed.
    fixed_fields: tuple[str, ...] = ()
    #: Whether a change of these rows may stop a running campaign from working.
    campaigns_depend = False
    superuser_only = False

    class Media:
        css: ClassVar[dict] = {"all": ("campaigns/admin.css",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return own_rows(super().get_queryset(request), request)

    def formfield_for_foreignkey(self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any) -> Any:
        if issubclass(db_field.related_model, TenantOwned):
            kwargs["queryset"] = own_rows(db_field.related_model.objects.all(), request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_form(self, request: HttpRequest, obj: Model | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.tenant_id = request.tenant.pk
        return form

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        fixed = self.fixed_fields if obj is not None else ()
        return (*super().get_readonly_fields(request, obj), *fixed)

    # -- who may

    def may(self, request: HttpRequest) -> bool:
        """Whoever looks after the tenant may do everything in it, but what is for superusers only."""
        user = request.user
        return user.is_active and user.is_staff and (user.is_superuser or not self.superuser_only)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.may(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.may(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.tenant is not None and self.may(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.may(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.may(request)

    # -- pages

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        extra = {"next_step": self.next_step, **(extra_context or {})}
        return self._page(request, lambda: super(TenantPages, self).changelist_view(request, extra))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict | None = None,
    ) -> HttpResponse:
        return self._page(
            request,
            lambda: super(TenantPages, self).changeform_view(request, object_id, form_url, extra_context),
        )

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict | None = None) -> HttpResponse:
        return self._page(request, lambda: super(TenantPages, self).delete_view(request, object_id, extra_context))

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict | None = None) -> HttpResponse:
        return self._page(request, lambda: super(TenantPages, self).history_view(request, object_id, extra_context))

    def _page(self, request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
        """A page within a chosen tenant, and the same one still; what is refused is said on it."""
        if request.tenant is None:
            return choose_a_tenant(request, self)
        if is_of_another_tenant(request):
            messages.error(request, f"That page was not about {request.tenant}. Nothing was saved.")
            return HttpResponseRedirect(self.list_url())
        try:
            return view()
        except Refused as refusal:
            messages.error(request, str(refusal))
            return HttpResponseRedirect(request.get_full_path())

    def list_url(self) -> str:
        """Where the list of these rows is."""
        return reverse(f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def change_url(self, pk: Any) -> str:
        """Where one of these rows is."""
        name = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_change"
        return reverse(name, args=[pk])

    # -- writing

    def save_model(self, request: HttpRequest, obj: Model, form: forms.ModelForm, change: bool) -> None:
        if not self.campaigns_depend:
            return super().save_model(request, obj, form, change)
        with keep_campaigns_working(request.tenant.pk):
            super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        with keep_campaigns_working(request.tenant.pk):
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        with keep_campaigns_working(request.tenant.pk):
            super().delete_queryset(request, queryset)


def own_rows(rows: QuerySet, request: HttpRequest) -> QuerySet:
    """The rows of the request's tenant; none without one."""
    return rows.filter(tenant_id=request.tenant.pk) if request.tenant is not None else rows.none()


def is_of_another_tenant(request: HttpRequest) -> bool:
    """Whether a form was opened in one tenant and sent in another: the person changed it in another tab."""
    return request.method == "POST" and request.POST.get(TENANT_INPUT, request.tenant.pk) != request.tenant.pk


def choose_a_tenant(request: HttpRequest, admin: theme.ModelAdmin) -> HttpResponse:
    """An empty page that says what to do first."""
    context = {**admin.admin_site.each_context(request), "title": "Choose a tenant", "opts": admin.opts}
    return TemplateResponse(request, "campaigns/choose_tenant.html", context)
