"""The names found by walking the packages, in plain sight."""

from __future__ import annotations

import subprocess
import sys

import pytest

from campaigns.actions import ACTIONS
from campaigns.definitions import DEFINITIONS
from campaigns.filters import OPERATORS
from campaigns.language.operator import operators_of
from campaigns.language.registry import DuplicateNameError, Registry, did_you_mean
from campaigns.language.values import TYPES
from campaigns.triggers import TRIGGERS

PRESENCE = {"is_empty", "is_not_empty"}
CHOICES = {"is", "is_not", "is_any_of", "is_none_of"} | PRESENCE
FULL_TEXT = {"full_text_match", "not_full_text_match"}
WORDS = FULL_TEXT | {"contains", "not_contains", "contains_any_of", "contains_any_word", "contains_all_words"}
LENGTHS = {"length_is", "length_less_than", "length_greater_than"}
NUMBERS = {
    "is", "is_not", "is_any_of", "is_none_of", "greater_than", "at_least", "less_than", "at_most", "between",
    "not_between",
} | PRESENCE  # fmt: skip
DATES = {
    "is", "is_not", "before", "on_or_before", "after", "on_or_after", "between", "not_between", "in_past", "in_future",
    "in_past_before", "in_future_after", "in_time_frame", "day_of_week_is", "day_of_month_is", "month_is", "year_is",
    "anniversary_in_next_days",
} | PRESENCE  # fmt: skip
OPERATORS_OF = {
    "string": CHOICES
    | WORDS
    | LENGTHS
    | {"starts_with", "not_starts_with", "ends_with", "not_ends_with", "matches_regex", "not_matches_regex"}
    | {"in_table", "not_in_table", "domain_is", "domain_is_not", "domain_ends_with", "is_free_mail", "is_valid_email"}
    | {"country_code_is", "is_valid_phone", "phone_is", "phone_is_not", "phone_country_is"}
    | {"url_is", "url_is_not", "host_is", "path_starts_with", "has_parameter"},
    "text": WORDS | LENGTHS | PRESENCE,
    "integer": NUMBERS | {"is_even", "is_odd"},
    "decimal": NUMBERS,
    "boolean": {"is_true", "is_false"} | PRESENCE,
    "date": DATES,
    "datetime": DATES | {"at_hour", "hour_between"},
    "picklist": CHOICES,
    "multi_select": {"contains_any_of", "contains_all_of", "contains_none_of", "is_exactly", "is_not_exactly"}
    | {"size_is", "size_at_least", "size_at_most"}
    | PRESENCE,
    "currency": NUMBERS | {"currency_is", "currency_is_not"},
    "geo": {"country_is", "country_is_not", "region_is", "region_is_not", "city_is", "city_is_not"}
    | {"within_radius", "not_within_radius"}
    | PRESENCE,
    "json": {"path_exists", "path_missing"} | PRESENCE,
}


def test_these_are_the_actions() -> None:
    assert ACTIONS.names() == [
        "ab_test",
        "add_note",
        "add_to_blocklist",
        "add_to_company",
        "add_to_list",
        "add_to_nurture",
        "add_values",
        "append_to_field",
        "approval",
        "assign_bucket",
        "branch",
        "call_webhook",
        "change_company_score",
        "change_field",
        "change_fields",
        "change_member_data",
        "change_nurture_cadence",
        "change_nurture_stream",
        "change_owner",
        "change_partition",
        "change_program_status",
        "change_program_success",
        "change_score",
        "change_stage",
        "change_tags",
        "checkpoint",
        "clear_fields",
        "compute_field",
        "convert_lead",
        "copy_field",
        "create_related_lead",
        "create_task",
        "debounce",
        "decay_score",
        "delete_lead",
        "delete_related_record",
        "emit_custom_activity",
        "exclude_from_smart_list",
        "execute_campaign",
        "exit_flow",
        "for_each",
        "format_field",
        "freeze_processing",
        "give_referral_credit",
        "increment_number",
        "interesting_moment",
        "join",
        "jump_to",
        "link_opportunity",
        "lookup_value",
        "mark_address_invalid",
        "merge_json",
        "merge_leads",
        "notify_chat",
        "once_per",
        "random_delay",
        "random_split",
        "record_consent",
        "record_goal",
        "remove_from_company",
        "remove_from_field",
        "remove_from_flow",
        "remove_from_list",
        "remove_from_program",
        "remove_values",
        "request_campaign",
        "request_erasure",
        "restart_campaign",
        "restore_lead",
        "resubscribe",
        "resume_marketing",
        "rotate_owner",
        "send_alert",
        "send_email",
        "send_to_user",
        "set_dynamic_content",
        "set_field_if_empty",
        "set_run_variable",
        "shift_date",
        "stamp_date",
        "stop_if",
        "subscribe_topic",
        "suspend_marketing",
        "throttle",
        "transaction_group",
        "unsubscribe",
        "unsubscribe_topic",
        "update_company",
        "upsert_related_record",
        "wait_duration",
        "wait_for_condition",
        "wait_for_event",
        "wait_for_window",
        "wait_until_date",
        "wait_until_token_date",
        "withdraw_consent",
    ]


def test_these_are_the_kinds_of_definitions() -> None:
    assert DEFINITIONS.names() == [
        "calendar",
        "company",
        "currency",
        "email",
        "goal",
        "hook",
        "nurture",
        "object",
        "partition",
        "pool",
        "program",
        "purpose",
        "slot",
        "smart_list",
        "table",
        "topic",
        "webhook",
    ]


def test_these_are_the_triggers() -> None:
    assert TRIGGERS.names() == [
        "app_activity",
        "app_installed",
        "app_opened",
        "app_session_ended",
        "asset_downloaded",
        "batch",
        "campaign_ended",
        "campaign_entered",
        "campaign_requested",
        "companies_changed",
        "company_changed",
        "consent_changed",
        "content_requested",
        "date_reached",
        "device_seen",
        "event",
        "field_changed",
        "form_filled",
        "goal_reached",
        "inactivity",
        "lead_ad_filled",
        "lead_converted",
        "lead_created",
        "lead_identified",
        "lead_restored",
        "lead_updated",
        "leads_merged",
        "link_clicked",
        "list_joined",
        "list_left",
        "member_data_changed",
        "message_bounced",
        "message_clicked",
        "message_delivered",
        "message_failed",
        "message_marked_spam",
        "message_opened",
        "message_replied",
        "message_sent",
        "message_unsubscribed",
        "moment_noted",
        "nurture_cadence_changed",
        "nurture_changed",
        "object_changed",
        "opportunity_changed",
        "owner_changed",
        "page_visited",
        "partition_changed",
        "program_status_changed",
        "push_bounced",
        "push_received",
        "push_tapped",
        "referral_credited",
        "sales_mail_clicked",
        "sales_mail_opened",
        "sales_mail_replied",
        "sales_mail_sent",
        "score_changed",
        "score_crossed",
        "smart_list_joined",
        "smart_list_left",
        "stage_changed",
        "subscription_changed",
        "tag_added",
        "tag_removed",
        "video_watched",
        "webhook_called",
        "webhook_received",
    ]


@pytest.mark.parametrize("type_name", TYPES)
def test_these_are_the_operators(type_name: str) -> None:
    assert set(operators_of(type_name)) == OPERATORS_OF[type_name]


def test_plug_ins_are_found_and_the_slow_library_is_not_loaded_when_the_language_is_imported() -> None:
    names = ["campaigns.actions.stamp_date", "campaigns.triggers.tag_added", "campaigns.filters.dates", "rule_engine"]
    script = f"import sys; from campaigns.language import interpreter; print(*[n in sys.modules for n in {names}])"

    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout

    assert printed.split() == ["True", "True", "True", "False"]


def test_a_name_is_taken_once() -> None:
    registry: Registry[int] = Registry("action")
    registry.add("one", 1)

    with pytest.raises(DuplicateNameError, match="action 'one' is registered twice"):
        registry.add("one", 2)


@pytest.mark.parametrize("spec", list(ACTIONS), ids=lambda spec: spec.name)
def test_every_action_and_parameter_is_documented(spec: object) -> None:
    assert spec.doc
    assert spec.label
    assert all(parameter.kind.doc for parameter in spec.parameters)


@pytest.mark.parametrize("operator", list(OPERATORS), ids=lambda entry: f"{entry.type}.{entry.name}")
def test_every_operator_is_documented(operator: object) -> None:
    assert operator.test.__doc__


def test_the_nearest_name_is_suggested_or_the_few_there_are() -> None:
    assert did_you_mean("chnge_field", ACTIONS.names()) == "; did you mean 'change_field'?"
    assert did_you_mean("zzz", ["red", "green"]) == "; known: green, red"
    assert did_you_mean(None, [str(number) for number in range(100)]) == ""
