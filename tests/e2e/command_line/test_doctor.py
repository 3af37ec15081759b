"""`parley doctor`, and what is left of a replay after Ctrl-C, beside a running `parley up`."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3

from cli.main import main
from tests.e2e.bundle import DEMO, DEMO_MESSAGEHUB

if TYPE_CHECKING:
    import pytest

    from tests.e2e.bundle import Bundle

MESSAGE = {"event": "message_created", "id": 1, "content": "a", "message_type": "incoming", "conversation": {"id": 1}}


def doctor(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, dict[str, Any]]]:
    status = main(["doctor", "--json", *options])
    return status, {found["check"]: found for found in json.loads(capsys.readouterr().out)}


def test_a_healthy_run_has_no_problems(capsys: pytest.CaptureFixture[str]) -> None:
    status, found = doctor(capsys)
    assert status == 0
    wanted = {"reachable", "clock", "token", "queue EventsQueue", "queue RetryDeadLetterQueue"}
    assert {check for check in wanted if found[check]["status"] == "ok"} == wanted
    assert found["ages, concurrency"]["status"] == "unchecked"


def test_a_disabled_webhook_and_a_dead_letter_are_problems(bundle: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    queues = json.loads((bundle.folder / ".parley/queues.json").read_text())
    sqs = boto3.client(
        "sqs",
        endpoint_url=queues["sqs_url"],
        region_name=queues["region"],
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    dead = queues["dead_letters"]["EventsDeadLetterQueue"]["url"]
    sqs.send_message(QueueUrl=dead, MessageBody="dead")
    made = bundle.subscribe("/off")
    bundle.call("POST", f"{DEMO}/Webhooks/{made['sid']}", form={"Enabled": "false"})
    try:
        status, found = doctor(capsys)
        assert status == 1
        assert found["queue EventsDeadLetterQueue"]["said"] == "1 dead letters"
        assert "parley redrive" in found["queue EventsDeadLetterQueue"]["advice"]
        assert found["webhook demo-bot/off"]["status"] == "note"
        assert main(["doctor"]) == 1
        assert "\n\n1 problem, " in capsys.readouterr().out
    finally:
        sqs.purge_queue(QueueUrl=dead)
        sqs.close()
        bundle.call("DELETE", f"{DEMO}/Webhooks/{made['sid']}")


def test_a_refused_token_and_an_address_where_nobody_is_are_problems(capsys: pytest.CaptureFixture[str]) -> None:
    status, found = doctor(capsys, "--token", "no-token")
    assert status == 1
    assert (found["reachable"]["status"], found["token"]["status"]) == ("ok", "problem")
    status, found = doctor(capsys, "--api-url", "http://127.0.0.1:1", "--token", "x")
    assert status == 1
    assert found["reachable"]["status"] == "problem"
    assert found["queues, dead letters, concurrency"]["status"] == "unchecked"


def test_ctrl_c_leaves_a_replay_running_and_says_how_to_go_on(
    bundle: Bundle, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle.post_json(DEMO_MESSAGEHUB, MESSAGE)
    bundle.listed(1)
    bundle.subscribe("/later")

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("cli.replay.time", SimpleNamespace(sleep=interrupt))
        assert main(["replay", "create", "demo-bot", "later", "--mode", "missing", "--json"]) == 130
    said = capsys.readouterr()
    assert said.out == ""
    watch = said.err.partition("It goes on: parley ")[2].partition(",")[0]
    assert main([*watch.split(), "--json"]) == 0
    ended = json.loads(capsys.readouterr().out)
    assert (ended["status"], ended["failed"]) == ("completed", 0)
    assert len(bundle.seen("/later")) == ended["delivered"] > 0
