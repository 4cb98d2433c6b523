"""Users of this site and the tenants they look after. For superusers."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.contrib.auth.models import Group, User

from campaigns.admin import theme
from campaigns.models import Membership


class MembershipInline(theme.TabularInline):
    model = Membership
    extra = 1
    verbose_name = "tenant"
    verbose_name_plural = "tenants that this person looks after"


admin.site.unregister(Group)
admin.site.unregister(User)


@admin.register(User)
class UserAdmin(StockUserAdmin, theme.ModelAdmin):
    """Only superusers have permissions on users; marketers need none, a membership is enough."""

    operator_pages = True
    form = theme.UserChangeForm
    add_form = theme.UserCreationForm
    change_password_form = theme.AdminPasswordChangeForm
    inlines = (MembershipInline,)
    list_display = ("username", "email", "tenants", "is_staff", "is_superuser", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active")
    fieldsets: ClassVar = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        (
            "Access",
            {
                "fields": ("is_active", "is_staff", "is_superuser"),
                "description": "Staff may log in here and work in the tenants below; superusers in all.",
            },
        ),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()

    @admin.display(description="tenants")
    def tenants(self, user: User) -> str:
        names = [membership.tenant_id for membership in user.memberships.all()]
        return "every" if user.is_superuser else ", ".join(sorted(names)) or "none"

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("memberships")
