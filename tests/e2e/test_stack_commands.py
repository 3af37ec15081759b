"""`parley redrive` and `parley doctor` find a deployment's queues by its stack: one of moto's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.deployed import STACK, account, client, deploy

PARLEY = Path(sys.executable).parent / "parley"
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def variables() -> Iterator[dict[str, str]]:
    """A stack with two dead letters; what is sent to the other queues moto would hand to a function in a container."""
    with account() as found:
        made = deploy(found)
        sqs = client("sqs", found)
        for _ in range(2):
            sqs.send_message(QueueUrl=made["EventsDeadLetterQueue"], MessageBody="{}")
        yield found


def parley(variables: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PARLEY, *words, "--stack-name", STACK],
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_redrive_counts_what_lies_in_the_stacks_queues(variables: dict[str, str]) -> None:
    ran = parley(variables, "redrive", "--dry-run")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == "EventsDeadLetterQueue: 2 found\nRetryDeadLetterQueue: 0 found\n"


def test_doctor_looks_into_the_stacks_queues(variables: dict[str, str]) -> None:
    ran = parley(variables, "doctor", "--api-url", NOBODY, "--token", "none")
    found = {line.split("  ")[0] + ":" + " ".join(line.split()[1:]) for line in ran.stdout.splitlines() if line.strip()}
    assert ran.returncode == 1, ran.stderr
    assert any(line.startswith("problem:queue EventsDeadLetterQueue 2 ") for line in found), ran.stdout
    assert any(line.startswith("ok:queue EventsQueue 0 waiting") for line in found), ran.stdout
    assert any(line.startswith("ok:queue RetryDeadLetterQueue empty") for line in found), ran.stdout
