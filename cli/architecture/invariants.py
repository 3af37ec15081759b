"""The invariants, each with the tests that fail when it does not hold."""

from __future__ import annotations

_DISPATCH = "tests/functional/dispatcher/test_dispatch.py"
_SIMULATION = "tests/simulation/test_simulation.py::test_no_schedule_breaks_a_rule"
_GUARD = "tests/unit/dispatcher/callbacks/test_guard_at_dial.py"
_HOSTILE = "tests/unit/dispatcher/callbacks/test_hostile_receivers.py"
_INGEST = "tests/functional/ingest/test_ingest.py"
_CONCURRENCY = "tests/functional/webhooks/test_concurrency.py"
_PRIVACY = "tests/functional/test_privacy.py"

INVARIANTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "A 2xx to a platform means that the event is durable",
        (
            f"{_INGEST}::test_when_the_queue_does_not_take_it_the_platform_is_told_to_try_again",
            _SIMULATION,
            "tests/load/test_killed.py::test_killed_workers_lose_nothing_and_repeat_only_what_they_held",
        ),
    ),
    (
        """Every accepted event × webhook that matched it ends as delivered, exhausted, cancelled, expired or
        dead-lettered, or waits in the undelivered index, each with a reason""",
        (
            _SIMULATION,
            f"{_DISPATCH}::test_one_crash_before_or_after_any_side_effect_loses_nothing",
            f"{_DISPATCH}::test_a_lost_message_is_found_by_its_due_time",
            "tests/unit/policy/test_states.py::test_every_status_is_reached_and_every_open_one_leads_to_every_end",
        ),
    ),
    (
        "It is sent twice only in stated windows, always with the same `webhook-id`",
        (
            _SIMULATION,
            f"{_DISPATCH}::test_a_duplicate_retry_message_posts_once",
            f"{_DISPATCH}::test_a_repeat_is_not_sent_again",
        ),
    ),
    (
        """No secret, token or header value in an answer, a log line, a metric or an error; only functions that need
        secrets can read them, by policy""",
        (
            f"{_PRIVACY}::test_ingest_logs_nothing_of_what_it_accepts",
            f"{_PRIVACY}::test_the_dispatcher_logs_nothing_of_what_it_sends_or_cannot_send",
            f"{_INGEST}::test_no_secret_is_in_an_answer_or_a_log",
            "tests/template/test_policies.py::test_only_ingest_and_the_dispatcher_read_secrets_each_its_own",
        ),
    ),
    (
        "No connection to a refused address, whatever the name, its DNS answers over time, or a redirect",
        (
            f"{_GUARD}::test_no_refused_literal_is_dialled",
            f"{_GUARD}::test_no_refused_answer_of_a_name_is_dialled",
            f"{_GUARD}::test_name_that_changes_its_answer_is_refused_at_the_next_dial",
            f"{_GUARD}::test_redirect_is_a_failure_and_not_followed",
        ),
    ),
    (
        """No receiver, however slow, large or broken, delays another's delivery beyond one attempt's time limit""",
        (
            f"{_HOSTILE}::test_slow_dns_of_forty_zones_starves_nobody",
            f"{_HOSTILE}::test_1xx_flood_of_five_leaves_the_others_p99_within_twice",
            f"{_HOSTILE}::test_memory_per_post_is_bounded",
            "tests/functional/dispatcher/test_pausing.py::test_a_slow_receiver_leaves_the_packed_posts",
            _SIMULATION,
        ),
    ),
    (
        """Changes of configuration are conditional writes: two at once never lose one silently, and a unique name is
        unique""",
        (
            f"{_CONCURRENCY}::test_fifty_creations_with_one_name_make_one_webhook",
            f"{_CONCURRENCY}::test_changes_at_once_to_different_fields_are_all_kept",
            _SIMULATION,
        ),
    ),
    (
        """Every AWS call that the code makes is allowed by the template's policies, and every action that they allow is
        used""",
        (
            "tests/functional/test_permissions.py::test_each_permission_that_is_taken_away_is_missed",
            "tests/functional/test_permissions.py::test_a_permission_that_is_added_is_seen",
            "tests/template/test_policies.py::test_no_action_and_no_resource_is_a_pattern",
        ),
    ),
    (
        "No receiver or sender can raise the cost of an event above a stated bound",
        (
            f"{_HOSTILE}::test_endless_body_is_cut_off",
            "tests/unit/dispatcher/callbacks/test_poster.py::test_success_keeps_nothing_of_the_answer",
            "tests/unit/dispatcher/callbacks/test_poster.py::test_evidence_is_bounded_and_always_text",
            f"{_INGEST}::test_a_large_text_fits_and_a_larger_one_is_413",
            _SIMULATION,
        ),
    ),
    (
        """Every index entry can be rebuilt from base items; no decision that ends work rests on an index read or a
        cache""",
        (
            _SIMULATION,
            "tests/simulation/test_table.py::test_the_index_lags_and_an_items_changes_keep_their_order",
            "tests/functional/dispatcher/test_pausing.py::test_what_was_parked_on_a_stale_view_is_found",
        ),
    ),
)
