"""Every command in the documents, and what executes it.

The lines of `RUN` are typed, in their order, beside a running `parley up` (tests/e2e/command_line/test_document.py),
but those that `ELSEWHERE` has. A command anywhere else has a row there, and a line of `parley` stands in no block
elsewhere. A row's tests are those that execute the
command; where nothing here can, it says why, and what stands in for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tests.documents.blocks import DOCUMENTS, ROOT, inline, shell_lines

RUN = ("docs/command-line.md", "docs/operations.md", "docs/platforms/own-bots.md", "README.md")


class Row(NamedTuple):
    """Commands that a pattern matches whole."""

    pattern: str
    tests: tuple[str, ...]
    why_not: str = ""


_CI = ".ci/run"
_WORKFLOW = "tests/unit/test_repository.py::test_the_workflow_runs_what_ci_runs_and_the_suite_on_every_supported_python"
_GUIDED = "tests/e2e/test_guided_deployment.py"
_SAM_LOCAL = "tests/sam_local/test_sam_local.py"
_ACCOUNT = "it needs an AWS account"
_MAKE = "tests/documents/test_commands.py::test_make_has_every_verb"
_AWS = "tests/e2e/test_aws_commands.py::test_every_command_of_the_documents_does_what_is_said_of_it"
_PARLEY = "tests/documents/test_commands.py::test_the_command_line_has_every_command"

ELSEWHERE = (
    Row(
        "make|make (up|setup)",
        (_MAKE, "tests/e2e/test_up.py::test_a_request_goes_through_as_the_gateway_hands_it_over"),
    ),
    Row(
        "make run|parley up --demo",
        (_MAKE, "tests/e2e/test_demo.py::test_demo_reaches_its_total_with_everything_verified", ".ci/newcomer"),
    ),
    Row("make (test|check|sam-local|validate)", (_MAKE, _CI)),
    Row(
        "make build( ARCHITECTURE=x86_64)?|sam build( --parameter-overrides Architecture=x86_64)?",
        (_MAKE, "tests/template/test_build.py::test_every_handler_can_be_imported_from_what_was_built", _CI),
    ),
    Row(
        "make (openapi)",
        (_MAKE, "tests/unit/test_openapi.py::test_the_committed_document_is_the_one_that_the_code_makes"),
    ),
    Row(
        "make architecture",
        (_MAKE, "tests/unit/test_architecture.py::test_the_committed_page_is_the_one_that_the_template_makes"),
    ),
    Row(
        "make metrics",
        (_MAKE, "tests/unit/test_metrics_page.py::test_the_committed_page_is_the_one_that_code_and_template_make"),
    ),
    Row(
        "make states",
        (_MAKE, "tests/unit/policy/test_states.py::test_the_page_is_what_the_policy_answers"),
    ),
    Row(
        "make vocabulary",
        (_MAKE, "tests/unit/cloudevents/test_vocabulary.py::test_the_page_and_the_schemas_are_what_the_tables_say"),
    ),
    Row("make simulate( .*)?", (_MAKE, "tests/simulation/test_simulation.py::test_no_schedule_breaks_a_rule")),
    Row(
        "make stress",
        (_MAKE, "tests/load/test_killed.py::test_killed_workers_lose_nothing_and_repeat_only_what_they_held"),
        "whole it takes six quiet minutes: the test is its short form",
    ),
    Row("make bench( .*)?", (_MAKE,), "time is measured on a quiet machine; the workflow runs its short form"),
    Row("make requirements", (_MAKE,), "it needs uv and a package index"),
    Row(
        "pre-commit install",
        ("tests/unit/test_repository.py::test_hooks_run_the_environments_own_tools_so_that_no_version_stands_twice",),
        "it would change the clone's own hooks",
    ),
    Row(
        "parley up( --bind 0.0.0.0)?",
        ("tests/e2e/test_up.py::test_a_request_goes_through_as_the_gateway_hands_it_over",),
    ),
    Row(
        "parley redrive( --stack-name parley)?( --dry-run)?",
        (
            "tests/e2e/test_redrive.py::test_what_lies_among_the_dead_letters_is_counted_moved_and_delivered_once",
            "tests/unit/cli/test_redrive.py::test_a_stack_names_its_queues",
        ),
    ),
    Row(
        "sam deploy --guided",
        (f"{_GUIDED}::test_enter_at_each_question_leads_to_the_change_set",),
    ),
    Row(
        "sam deploy --parameter-overrides "
        r"""\"Jwks='(\$\((parley keys jwks parley-key.pem|cat jwks.json)\)|' Issuer=')'\""""
        "( --save-params)?",
        (f"{_GUIDED}::test_the_next_deployment_keeps_the_keys_that_the_outputs_commands_set",),
        f"{_ACCOUNT}; moto goes as far as the change set",
    ),
    Row(
        "sam (deploy|delete)( --parameter-overrides (Architecture=x86_64|NAME=VALUE)| --no-execute-changeset)?",
        (f"{_GUIDED}::test_enter_at_each_question_leads_to_the_change_set",),
        f"{_ACCOUNT}; moto goes as far as the change set",
    ),
    Row(
        r"curl -H .* https://YOUR_API\..*",
        (
            "tests/unit/cli/test_credentials.py::test_the_authorizer_takes_what_is_printed",
            "tests/functional/authorizer/test_authorizer.py::test_bearer_and_basic_get_in_and_the_functions_are_told_who",
        ),
        f"{_ACCOUNT}; the token that it makes is taken by the authorizer",
    ),
    Row(
        "sam local invoke( .*)?",
        (f"{_SAM_LOCAL}::test_each_function_is_invoked_by_the_documented_command", _CI),
        "where no container runtime is",
    ),
    Row(
        "sam local( start-api.*)?",
        (f"{_SAM_LOCAL}::test_start_api_lets_in_who_has_a_token_and_nobody_else", _CI),
        "where no container runtime is",
    ),
    Row(
        r"parley event ingest … \| sam local invoke .*",
        (f"{_SAM_LOCAL}::test_what_happens_in_a_container_is_what_the_sample_expects", _PARLEY),
        "where no container runtime is; both halves are run",
    ),
    Row("aws .*", (_AWS,)),
    Row(
        'export PATH="\\$PATH:\\$PWD/.venv/bin:\\$PWD/.venv-sam/bin"',
        (_MAKE,),
        "where `make setup` and `make sam` put both commands",
    ),
    Row("git (checkout|stash)", (), "git's own"),
    Row(
        "pip install (standardwebhooks|pyjwt)|npm install (standardwebhooks|jsonwebtoken)",
        ("tests/documents/test_receivers.py::test_no_snippet_is_left_out",),
        "`make setup` and `make node` install them, pinned, for the snippets' tests",
    ),
    Row(r"\.ci/run", (_WORKFLOW,)),
    Row(r"\.ci/newcomer( ROOT)?", (), "it needs a bare system in ROOT; docs/newcomer.md is what it wrote"),
    Row(r"python -m tests\.benchmarks\.run --imports", (), "time is measured on a quiet machine"),
    # in a sentence: the command as such, which docs/command-line.md runs with its arguments
    Row("parley .*", (_PARLEY, "tests/e2e/command_line/test_document.py::test_every_command_does_what_it_says")),
)


def row_of(command: str) -> Row | None:
    """The first row that has the command."""
    return next((row for row in ELSEWHERE if re.fullmatch(row.pattern, command)), None)


def typed(document: str) -> list[str]:
    """What of a document of `RUN` is typed beside a running bundle; `parley …` always is."""
    lines = shell_lines((ROOT / document).read_text("utf-8"))
    return [line for line in lines if (row := row_of(line)) is None or row is ELSEWHERE[-1]]


def all_commands() -> Iterator[tuple[str, str, bool]]:
    """Each command with its document, and whether it stands in a block, not in a sentence."""
    for path in DOCUMENTS:
        if path.name != "CHANGELOG.md":  # tells of commands, as they were
            text = path.read_text("utf-8")
            name = str(path.relative_to(ROOT))
            yield from ((name, line, True) for line in shell_lines(text))
            yield from ((name, line, False) for line in inline(text))
