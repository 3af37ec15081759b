"""Dead letters go back whole: nothing is lost wherever the command ends, and SQS's own move tasks are followed."""

from __future__ import annotations

import itertools
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from cli.main import main
from cli.redrive import by_hand, by_task, moves, places
from cli.redrive.places import DeadLetters, Place

EVENTS, RETRIES = "EventsDeadLetterQueue", "RetryDeadLetterQueue"


class Crash(BaseException):
    """The process dies here."""


class Faulty:
    """A client that dies before or after its side effects when it is told to."""

    def __init__(self, client: Any, crash_at: int) -> None:
        self.client, self.crash_at, self.steps = client, crash_at, 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)
        if name not in ("send_message", "delete_message"):
            return method

        def effect(**request: Any) -> Any:
            self.step()
            answer = method(**request)
            self.step()
            return answer

        return effect

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.crash_at:
            raise Crash


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield boto3.client("sqs")


def queue(sqs: Any, name: str = EVENTS, bodies: tuple[str, ...] = ()) -> DeadLetters:
    dead = sqs.create_queue(QueueName=name)["QueueUrl"]
    source = sqs.create_queue(QueueName=f"source-of-{name}")["QueueUrl"]
    for body in bodies:
        sqs.send_message(
            QueueUrl=dead,
            MessageBody=body,
            MessageGroupId="UA1",
            MessageAttributes={"v": {"DataType": "String", "StringValue": "1"}},
        )
    return DeadLetters(name, dead, f"arn:aws:sqs:us-east-1:123456789012:{name}", source)


def held(sqs: Any, url: str) -> list[dict[str, Any]]:
    """All messages of a queue, taken out."""
    found: list[dict[str, Any]] = []
    while messages := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"], MessageAttributeNames=["All"]
    ).get("Messages"):
        found += messages
    return found


def by_hand_move(sqs: Any, dead: DeadLetters, **given: Any) -> moves.Moved:
    told: dict[str, Any] = {"rate": None, "stop": threading.Event(), "report": lambda done, total: None, **given}
    return by_hand.move(sqs, dead, **told)


def test_by_hand_a_message_keeps_its_body_its_group_and_its_attributes(sqs: Any) -> None:
    dead = queue(sqs, bodies=("日本", *map(str, range(24))))
    seen: list[tuple[int, int]] = []

    assert by_hand_move(sqs, dead, report=lambda *pair: seen.append(pair)) == moves.Moved(25, "completed")

    assert seen == [(number, 25) for number in range(26)]
    moved = held(sqs, dead.source_url)
    assert sorted(message["Body"] for message in moved) == sorted(["日本", *map(str, range(24))])
    assert {message["Attributes"]["MessageGroupId"] for message in moved} == {"UA1"}
    assert {message["MessageAttributes"]["v"]["StringValue"] for message in moved} == {"1"}
    assert moves.count(sqs, dead) == moves.Counted(0, 0)


def test_by_hand_nothing_is_lost_wherever_the_process_dies(sqs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_hand, "HELD_SECONDS", 0)  # what a dead process held is there again at once
    twice = 0
    for crash_at in itertools.count(1):
        dead = queue(sqs, f"dead-{crash_at}", ("a", "b", "c"))
        faulty = Faulty(sqs, crash_at)
        try:
            by_hand_move(faulty, dead)
            died = False
        except Crash:
            died = True
            by_hand_move(sqs, dead)
        arrived = [message["Body"] for message in held(sqs, dead.source_url)]
        assert set(arrived) == {"a", "b", "c"}, crash_at
        assert len(arrived) <= 4, crash_at
        twice += len(arrived) - 3
        if not died:
            break
    assert crash_at == 13, "two calls a message, before and after each"
    assert twice == 6, "sent and not yet deleted: after the sending, and before the deletion, of three"


def test_by_hand_what_arrives_meanwhile_is_left(sqs: Any) -> None:
    """Else a message that fails anew would be moved in circles for as long as the command runs."""
    dead = queue(sqs, bodies=("a", "b"))

    def fails_again(done: int, _total: int) -> None:
        if done:
            sqs.send_message(QueueUrl=dead.url, MessageBody="again", MessageGroupId="UA1")

    assert by_hand_move(sqs, dead, report=fails_again).moved == 2
    assert moves.count(sqs, dead).visible == 2


def test_by_hand_ctrl_c_moves_the_message_on_its_way_whole_and_lets_the_others_go(sqs: Any) -> None:
    dead, stop = queue(sqs, bodies=tuple("abcdefghijkl")), threading.Event()

    def report(done: int, _total: int) -> None:
        if done == 3:
            stop.set()

    assert by_hand_move(sqs, dead, stop=stop, report=report) == moves.Moved(3, "cancelled")
    assert moves.count(sqs, dead) == moves.Counted(9, 0)
    assert len(held(sqs, dead.source_url)) == 3


def test_by_hand_a_rate_is_held(sqs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("cli.redrive.by_hand.time", SimpleNamespace(sleep=slept.append))
    by_hand_move(sqs, queue(sqs, bodies=("a", "b", "c")), rate=4)
    assert slept == [0.25] * 3


class Tasks:
    """SQS as its API reference describes move tasks: the newest is listed, a handle only while it runs."""

    def __init__(self, *ended_before: dict[str, Any], to_move: int = 3, fails: str | None = None) -> None:
        self.tasks = list(ended_before)
        self.to_move, self.fails = to_move, fails
        self.started: list[dict[str, Any]] = []
        self.cancelled: list[str] = []
        self.looks_before_it_shows = 1
        self.gone_when_cancelled = False

    def start_message_move_task(self, **request: Any) -> dict[str, str]:
        self.started.append(request)
        self.tasks.insert(0, self.running(2_000))
        return {"TaskHandle": "task"}

    def running(self, started: int) -> dict[str, Any]:
        return {
            "TaskHandle": "task", "Status": "RUNNING", "StartedTimestamp": started,
            "ApproximateNumberOfMessagesMoved": 0, "ApproximateNumberOfMessagesToMove": self.to_move,
        }  # fmt: skip

    def list_message_move_tasks(self, *, SourceArn: str, MaxResults: int) -> dict[str, Any]:  # noqa: N803
        assert (SourceArn, MaxResults) == ("arn", 1)
        if self.started and self.looks_before_it_shows:
            self.looks_before_it_shows -= 1
            return {"Results": self.tasks[1:2]}
        if not self.tasks:
            return {}
        shown = dict(self.tasks[0])
        self.work(self.tasks[0])
        return {"Results": [shown]}

    def work(self, task: dict[str, Any]) -> None:
        if task["Status"] == "CANCELLING":
            self.end(task, "CANCELLED")
        elif task["Status"] == "RUNNING":
            task["ApproximateNumberOfMessagesMoved"] += 1
            if self.fails and task["ApproximateNumberOfMessagesMoved"] == 2:
                self.end(task, "FAILED")
                task["FailureReason"] = self.fails
            elif task["ApproximateNumberOfMessagesMoved"] == task["ApproximateNumberOfMessagesToMove"]:
                self.end(task, "COMPLETED")

    def end(self, task: dict[str, Any], status: str) -> None:
        task["Status"] = status
        del task["TaskHandle"]

    def cancel_message_move_task(self, *, TaskHandle: str) -> None:  # noqa: N803
        self.cancelled.append(TaskHandle)
        if self.gone_when_cancelled:
            self.end(self.tasks[0], "COMPLETED")
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": ""}}, "CancelMessageMoveTask")
        self.tasks[0]["Status"] = "CANCELLING"


ENDED = {"Status": "FAILED", "StartedTimestamp": 1_000, "FailureReason": "an old one"}
DEAD = DeadLetters(EVENTS, "url", "arn", "source")


def by_task_move(tasks: Tasks, *, rate: int | None = None, stop_at: int | None = None) -> tuple[moves.Moved, list[Any]]:
    stop, seen = threading.Event(), list[tuple[int, int]]()

    def report(done: int, total: int) -> None:
        seen.append((done, total))
        if done == stop_at:
            stop.set()

    ended = by_task.move(tasks, DEAD, rate=rate, stop=stop, report=report, poll_seconds=0.001)  # type: ignore[arg-type]
    return ended, seen


def test_a_task_is_started_and_followed_to_its_end() -> None:
    tasks = Tasks(ENDED)

    assert by_task_move(tasks, rate=20) == (moves.Moved(3, "completed"), [(number, 3) for number in range(4)])
    assert tasks.started == [{"SourceArn": "arn", "MaxNumberOfMessagesPerSecond": 20}]


def test_a_task_that_runs_already_is_followed_and_no_second_one_started() -> None:
    tasks = Tasks()
    tasks.tasks = [tasks.running(500)]

    assert by_task_move(tasks)[0] == moves.Moved(3, "completed")
    assert tasks.started == []


def test_a_task_that_fails_says_why() -> None:
    assert by_task_move(Tasks(fails="AWS.SimpleQueueService.NonExistentQueue"))[0] == moves.Moved(
        2, "failed", "AWS.SimpleQueueService.NonExistentQueue"
    )


def test_ctrl_c_cancels_the_task_once() -> None:
    tasks = Tasks(to_move=50)

    assert by_task_move(tasks, stop_at=4)[0] == moves.Moved(5, "cancelled")
    assert tasks.cancelled == ["task"]


def test_a_task_that_ends_while_it_is_cancelled_is_completed() -> None:
    tasks = Tasks(to_move=50)
    tasks.gone_when_cancelled = True

    assert by_task_move(tasks, stop_at=4)[0].status == "completed"


@pytest.fixture
def run(sqs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """The command in the folder of a run whose queues are in-process."""
    found = (queue(sqs, EVENTS, ("a", "b")), queue(sqs, RETRIES, ("c",)))
    monkeypatch.setattr(places, "of_run", lambda environ: Place(sqs, found, has_move_tasks=False))
    return lambda *options: main(["redrive", *options])


def shown(capsys: pytest.CaptureFixture[str]) -> list[list[Any]]:
    rows = json.loads(capsys.readouterr().out)["queues"]
    return [[row[key] for key in ("queue", "found", "held", "moved", "status", "reason")] for row in rows]


def test_it_counts_then_moves_all_and_then_there_is_nothing(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--dry-run", "--json") == 0
    assert shown(capsys) == [[EVENTS, 2, 0, 0, "counted", None], [RETRIES, 1, 0, 0, "counted", None]]
    assert run() == 0
    assert capsys.readouterr().out == f"{EVENTS}: 2 found, 2 moved\n{RETRIES}: 1 found, 1 moved\n"
    assert run("--json") == 0
    assert shown(capsys) == [[EVENTS, 0, 0, 0, "completed", None], [RETRIES, 0, 0, 0, "completed", None]]


def test_one_queue_alone(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--queue", RETRIES, "--json") == 0
    assert shown(capsys) == [[RETRIES, 1, 0, 1, "completed", None]]
    assert run("--queue", "Nothing") == 2
    assert capsys.readouterr().err == f"parley: no dead-letter queue 'Nothing': {EVENTS}, {RETRIES}\n"


def test_what_fails_is_said_and_the_other_queue_is_still_moved(
    run: Any, sqs: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=f"source-of-{EVENTS}")["QueueUrl"])
    assert run("--json") == 1
    said = capsys.readouterr()
    rows = json.loads(said.out)["queues"]
    assert [(row["moved"], row["status"]) for row in rows] == [(0, "failed"), (1, "completed")]
    assert said.err.startswith(f"parley: {EVENTS}: ")


def test_ctrl_c_exits_with_130_and_leaves_the_other_queue(
    run: Any, sqs: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = by_hand.move
    before = signal.getsignal(signal.SIGINT)  # ignored, where a shell runs the suite in the background

    def interrupted(*arguments: Any, report: moves.Report, **given: Any) -> moves.Moved:
        def one(done: int, total: int) -> None:
            report(done, total)
            if done == 1:
                os.kill(os.getpid(), signal.SIGINT)

        return real(*arguments, report=one, **given)

    monkeypatch.setattr(by_hand, "move", interrupted)
    assert run("--json") == 130
    assert shown(capsys) == [[EVENTS, 2, 0, 1, "cancelled", None], [RETRIES, 1, 0, 0, "cancelled", None]]
    assert signal.getsignal(signal.SIGINT) is before


def test_people_are_shown_how_far_it_has_come(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 0
    assert capsys.readouterr().err.splitlines()[0] == f"{EVENTS} 0/2"


@pytest.mark.parametrize("rate", ["0", "501", "x", "1.5"])
def test_a_rate_that_cannot_be_is_refused(rate: str) -> None:
    with pytest.raises(SystemExit) as ended:
        command_line("--rate", rate)
    assert ended.value.code == 2


def command_line(*options: str) -> int:
    return main(["redrive", *options])


def test_without_a_deployment_it_says_how_to_name_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command_line() == 2
    assert capsys.readouterr().err == "parley: which deployment? --stack-name NAME, or `parley up` in this folder\n"


@pytest.fixture
def gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a run has left that is over: nobody listens on port 1."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".parley").mkdir()
    urls = {"url": "http://127.0.0.1:1/1/dead", "arn": "arn", "source_url": "http://127.0.0.1:1/1/source"}
    left = {"sqs_url": "http://127.0.0.1:1", "region": "us-east-1", "own": True, "dead_letters": {EVENTS: urls}}
    (tmp_path / ".parley/queues.json").write_text(json.dumps(left))
    return tmp_path


def test_a_run_that_is_over_is_a_failure(gone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line("--json") == 1
    said = capsys.readouterr()
    assert json.loads(said.out)["queues"][0]["status"] == "failed"
    assert said.err.startswith(f"parley: {EVENTS}: Could not connect")


class CloudFormation:
    """A stack as it is listed, in two pages."""

    def __init__(self, urls: dict[str, str]) -> None:
        rows = [
            {"LogicalResourceId": name, "PhysicalResourceId": url, "ResourceType": "AWS::SQS::Queue"}
            for name, url in urls.items()
        ]
        rows.append({"LogicalResourceId": "HttpApi", "ResourceType": "AWS::ApiGatewayV2::Api"})
        self.pages = [{"StackResourceSummaries": rows[:2]}, {"StackResourceSummaries": rows[2:]}]

    def get_paginator(self, operation: str) -> CloudFormation:
        assert operation == "list_stack_resources"
        return self

    def paginate(self, *, StackName: str) -> list[Any]:  # noqa: N803
        if StackName != "parley":
            message = f"Stack with id {StackName} does not exist"
            raise ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "ListStackResources")
        return self.pages


@pytest.fixture
def stack(sqs: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    names = (EVENTS, "EventsQueue", RETRIES, "RetryQueue")
    urls = {name: sqs.create_queue(QueueName=f"parley-{name}")["QueueUrl"] for name in names}
    real: Any = boto3.Session.client

    def client(session: boto3.Session, service: str, **given: Any) -> Any:
        return CloudFormation(urls) if service == "cloudformation" else real(session, service, **given)

    monkeypatch.setattr(boto3.Session, "client", client)
    return urls


def test_a_stack_names_its_queues(stack: dict[str, str]) -> None:
    place = places.of_stack(places.session(region="us-east-1", profile=None), "parley")

    assert place.has_move_tasks
    assert [(queue.name, queue.url, queue.source_url) for queue in place.queues] == [
        (EVENTS, stack[EVENTS], stack["EventsQueue"]),
        (RETRIES, stack[RETRIES], stack["RetryQueue"]),
    ]
    assert place.queues[0].arn.endswith(f":parley-{EVENTS}")


class Proxy(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        page = b"<!doctype html>\n<title>Bad Gateway</title>\n"
        self.send_response(502)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        pass


def test_a_proxys_page_in_place_of_an_answer_is_a_failure_on_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "testing")
        assert command_line("--stack-name", "parley", "--region", "us-east-1") == 1
        server.shutdown()
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("parley: Unable to parse response")


def test_a_stack_that_is_not_there_or_not_parleys_is_a_wrong_command_line(
    stack: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command_line("--stack-name", "other") == 2
    assert capsys.readouterr().err == "parley: Stack with id other does not exist\n"
    stack.pop("RetryQueue")
    assert command_line("--stack-name", "parley") == 2
    assert capsys.readouterr().err == "parley: the stack parley has not Parley's queues\n"


def test_the_help_lists_every_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command_line("--help")
    said = capsys.readouterr().out
    assert all(f"\n  {status}" in said for status in ("0  ", "1  ", "2  ", "130"))
