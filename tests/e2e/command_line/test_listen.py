"""`parley listen` beside a running `parley up`: what arrives while it runs, each once, and Ctrl-C."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from standardwebhooks import Webhook as StandardWebhook

from cli.main import main
from tests.e2e.bundle import DEMO_MESSAGEHUB

if TYPE_CHECKING:
    from tests.e2e.bundle import Bundle


@contextmanager
def listening(*options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "cli.main", "listen", "demo-bot", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def message(number: int) -> dict[str, object]:
    return {
        "event": "message_created",
        "id": number,
        "content": f"日本 \x1b[31m {number}",
        "message_type": "incoming",
        "conversation": {"id": "\x1b]0;title\x07"},
    }


@pytest.mark.usefixtures("ctrl_c")
def test_what_arrives_is_shown_once_and_posted_with_proof_until_ctrl_c(bundle: Bundle) -> None:
    count = 6
    with listening("--json", "--type", "message.received", "--forward", f"{bundle.receiver_url}/near") as process:
        assert process.stdout
        assert process.stderr
        assert process.stderr.readline().startswith("parley: listening to demo-bot at http://127.0.0.1:")
        secret = re.search(r"signed with (whsec_\S+),", process.stderr.readline())
        assert secret
        for number in range(count):
            assert bundle.post_json(DEMO_MESSAGEHUB, message(number)).status == 200
        lines = [json.loads(process.stdout.readline()) for _ in range(count)]
        process.send_signal(signal.SIGINT)
        rest, said = process.communicate(timeout=60)
        assert (process.returncode, rest, said) == (130, "", "")
    assert len({line["sid"] for line in lines}) == count
    assert {line["forwarded"]["status_code"] for line in lines} == {204}
    calls = bundle.seen("/near")
    assert {json.loads(call.body)["id"] for call in calls} == set(range(count))
    assert len(calls) == count
    for call in calls:
        StandardWebhook(secret[1]).verify(call.body, dict(call.headers))
        assert call.headers["parley-hops"] == "1"


def test_a_post_that_fails_is_said_and_ends_it_with_1(bundle: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    bundle.post_json(DEMO_MESSAGEHUB, message(100))
    bundle.listed(1)
    bundle.down.touch()
    try:
        status = main(
            ["listen", "demo-bot", "--since", "1h", "--limit", "1", "--forward", f"{bundle.receiver_url}/down"]
        )
    finally:
        bundle.down.unlink()
    said = capsys.readouterr()
    assert status == 1
    assert re.search(r"  -> 500 in \d+ ms\n$", said.out)
    assert "\x1b" not in said.out


def test_an_assistant_that_is_not_there_and_a_target_that_is_none_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["listen", "nobody"]) == 1
    assert "404 20404" in capsys.readouterr().err
    assert main(["listen", "demo-bot", "--forward", "http://169.254.169.254/"]) == 2
    assert "--forward: the address 169.254.169.254 is refused" in capsys.readouterr().err
    assert main(["listen", "demo-bot", "--since", "yesterday"]) == 2
    assert "--since: 'yesterday' is no time" in capsys.readouterr().err
