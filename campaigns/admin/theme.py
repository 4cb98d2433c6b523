"""The look of the admin: the only module that knows django-unfold. Without it the stock admin serves."""

from __future__ import annotations

from django.apps import apps
from django.contrib.admin import ModelAdmin, TabularInline, widgets
from django.contrib.auth.forms import AdminPasswordChangeForm, UserChangeForm
from django.contrib.auth.forms import AdminUserCreationForm as UserCreationForm
from django.forms import CheckboxSelectMultiple, Select
from django.forms import widgets as form_widgets

from campaigns.models.columns import LineField

TextInput = widgets.AdminTextInputWidget
Textarea = widgets.AdminTextareaWidget
NumberInput = form_widgets.NumberInput
DateInput = widgets.AdminDateWidget
DateTimeInput = widgets.AdminSplitDateTime
Choices = Select
SeveralChoices = CheckboxSelectMultiple

if apps.is_installed("unfold"):
    from unfold import forms as unfold_forms
    from unfold import widgets as unfold_widgets
    from unfold.admin import ModelAdmin, TabularInline  # type: ignore[assignment]

    TextInput = unfold_widgets.UnfoldAdminTextInputWidget
    Textarea = unfold_widgets.UnfoldAdminTextareaWidget
    NumberInput = unfold_widgets.UnfoldAdminIntegerFieldWidget
    DateInput = unfold_widgets.UnfoldAdminSingleDateWidget
    DateTimeInput = unfold_widgets.UnfoldAdminSplitDateTimeWidget
    Choices = unfold_widgets.UnfoldAdminSelectWidget
    SeveralChoices = unfold_widgets.UnfoldAdminCheckboxSelectMultipleWidget
    AdminPasswordChangeForm = unfold_forms.AdminPasswordChangeForm
    UserChangeForm = unfold_forms.UserChangeForm
    UserCreationForm = unfold_forms.UserCreationForm

#: Model fields that the theme does not know by itself.
FORMFIELD_OVERRIDES = {LineField: {"widget": TextInput}}

__all__ = [
    "FORMFIELD_OVERRIDES",
    "AdminPasswordChangeForm",
    "Choices",
    "DateInput",
    "DateTimeInput",
    "ModelAdmin",
    "NumberInput",
    "SeveralChoices",
    "TabularInline",
    "TextInput",
    "Textarea",
    "UserChangeForm",
    "UserCreationForm",
]
