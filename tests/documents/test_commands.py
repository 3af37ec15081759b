"""Every command in the documents is executed by a test, or the table says why it cannot be (`commands.py`)."""

from __future__ import annotations

import ast
import re
import subprocess

import pytest

from cli.main import parser
from cli.up.intrinsics import load
from tests.documents.blocks import DOCUMENTS, LANGUAGES, ROOT, asked_for, shell_lines
from tests.documents.commands import ELSEWHERE, RUN, all_commands, row_of, typed
from tests.template.translation import translate

COMMANDS = list(all_commands())


def test_there_are_commands_to_be_found() -> None:
    assert len({line for _, line, in_block in COMMANDS if in_block}) > 50
    assert len({line for _, line, in_block in COMMANDS if not in_block}) > 30
    assert all(len(typed(document)) > 0 for document in RUN)


def test_each_command_is_typed_by_a_test_or_has_a_row() -> None:
    assert [
        (document, line)
        for document, line, in_block in COMMANDS
        if not (document in RUN and line in typed(document))
        # the last row reads what stands in sentences, and types nothing
        and (row_of(line) is None or (in_block and row_of(line) is ELSEWHERE[-1]))
    ] == []


def test_no_line_for_a_shell_has_a_comment() -> None:
    """zsh, macOS's shell, hands what is typed after a # to the command, and runs what follows a semicolon there."""
    assert [line for _, line, in_block in COMMANDS if in_block and re.search(r"(^|\s)#", line)] == []


def test_no_block_hides_a_command() -> None:
    """Each fence says a language, as the reader of the blocks expects it, and what is for no shell has no command."""
    for document in DOCUMENTS:
        text = document.read_text("utf-8")
        fences = [line for line in text.splitlines() if line.strip().startswith(("```", "~~~"))]
        assert fences[1::2] == ["```"] * (len(fences) // 2), document
        assert {line.removeprefix("```") for line in fences[::2]} <= LANGUAGES, document
        if document.name != "newcomer.md":  # a transcript
            assert asked_for(text) == [], document


def test_each_row_has_commands_and_tests_or_a_reason() -> None:
    used = {row for _, line, _ in COMMANDS if (row := row_of(line))}
    assert [row.pattern for row in ELSEWHERE if row not in used] == []
    for row in ELSEWHERE:
        assert row.tests or row.why_not, row.pattern
        for test in row.tests:
            path, _, name = test.partition("::")
            tree = ast.parse((ROOT / path).read_text("utf-8")) if name else None
            assert (ROOT / path).is_file(), test
            found = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)} if tree else set()
            assert not name or name in found, test


def test_make_has_every_verb() -> None:
    lines = {line for _, line, _ in COMMANDS if line.split()[0] == "make" and "…" not in line}
    verbs = sorted({line.split()[1] for line in lines if " " in line})
    assert len(verbs) > 8
    dry = subprocess.run(["make", "--dry-run", *verbs], cwd=ROOT, capture_output=True, text=True, check=False)
    assert dry.returncode == 0, dry.stderr
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [verb for verb in verbs if f"make {verb} " not in listed] == []


def test_the_command_line_has_every_command() -> None:
    """Those in sentences too, with their options, as far as words go before what only stands for something."""
    for document, line, _ in COMMANDS:
        if not line.startswith("parley "):
            continue
        command = parser()
        for word in re.split(r"[\s…]", line)[1:]:
            if word in {"|", "COMMAND"}:
                break
            choices = next((each.choices for each in command._actions if isinstance(each.choices, dict)), None)
            if choices is not None:
                assert word in choices, (document, line)
                command = choices[word]
            elif word.startswith("--"):
                assert word in command._option_string_actions, (document, line)


def test_alarms_name_commands_that_there_are() -> None:
    """What an alarm's description ends with is typed at night, with the names that CloudFormation puts in."""
    told = re.findall(r"(?m): ((?:parley|aws) [^|]*) \|$", (ROOT / "docs/metrics.md").read_text("utf-8"))
    assert len(told) > 1
    for line in told:
        _, *words = line.replace("`", "").split()
        if line.startswith("parley "):  # tests/e2e/test_aws_commands.py types the others
            parser().parse_args(words)


def test_operations_names_resources_by_the_ids_that_the_template_gives_them() -> None:
    text = (ROOT / "docs/operations.md").read_text("utf-8")
    named = {*re.findall(r"--logical-resource-id (\w+)", text), *re.findall(r"`([A-Z]\w+EveryMinute)`", text)}
    assert len(named) == 2
    assert named <= set(translate()["Resources"])


def test_the_readme_has_the_commands_of_the_stacks_outputs() -> None:
    outputs = load((ROOT / "template.yaml").read_text("utf-8"))["Outputs"]
    readme = shell_lines((ROOT / "README.md").read_text("utf-8"))
    closed = [output["Value"] for output in outputs.values() if output.get("Condition") == "IsClosed"]
    assert len(closed) == 3
    for value in closed:
        text = value["Fn::Sub"] if isinstance(value, dict) else value
        for written, stands_for in (("${HttpApi}", "YOUR_API"), ("${AWS::Region}", "YOUR_REGION")):
            text = text.replace(written, stands_for)
        assert text.replace("${AWS::URLSuffix}", "amazonaws.com") in readme


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_documents_and_headings_that_there_are(document) -> None:
    text = re.sub(r"(?ms)^```.*?^```$", "", document.read_text("utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("https://", "http://")):
            continue
        path, _, heading = target.partition("#")
        found = (document.parent / path).resolve() if path else document
        assert found.exists(), target
        if heading:
            headings = re.findall(r"(?m)^#+ (.+)$", found.read_text("utf-8"))
            assert heading in {re.sub(r"[^\w\- ]", "", each).lower().replace(" ", "-") for each in headings}, target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_tests_that_are_named_are_there(document) -> None:
    # what docs/comparison.md read lies in other repositories
    text = re.sub(r"(?m)^\| [socha]\d+ \|.*$", "", document.read_text("utf-8"))
    named = re.findall(r"`((?:tests|cli|functions|layers|docs|events|models|\.ci)/[^`\s:]+)(?:::(\w+))?`", text)
    for path, test in named:
        assert (ROOT / path).exists(), path
        assert not test or f"def {test}(" in (ROOT / path).read_text("utf-8"), test
