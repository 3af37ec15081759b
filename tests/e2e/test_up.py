"""`parley up` in a process of its own, on the toy bundle: what it emulates, and that nothing of it is left behind."""

from __future__ import annotations

import base64
import ctypes
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import boto3
import pytest

from tests.e2e.processes import environment, state
from tests.e2e.toy import READY_SECONDS, STOP_SECONDS, TOY, Up, engine_of, refused, until

_ADOPT_ORPHANS = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    run = Up(tmp_path_factory.mktemp("up"), "--port", "0", "--time-scale", "12")
    try:
        run.ready()
        yield run
    finally:
        run.end()


def call(
    up: Up, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection(up.ready()["api_url"].removeprefix("http://"), timeout=20)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def items(up: Up) -> dict[str, str]:
    """What the toy's worker has written: `body/receive count` or an event source, and what came with it."""
    client = boto3.client(
        "dynamodb",
        endpoint_url=engine_of(up.folder),
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    found = client.scan(TableName="parley-local-Things", ConsistentRead=True)["Items"]
    return {item["pk"]["S"]: item["sk"]["S"] for item in found}


def wait_for_item(up: Up, key: str) -> None:
    until(lambda: key in items(up), 15)


def test_a_request_goes_through_as_the_gateway_hands_it_over(up: Up) -> None:
    connection = http.client.HTTPConnection(up.ready()["api_url"].removeprefix("http://"), timeout=20)
    connection.putrequest("POST", "/open/a%2Fb%20c?q=1&q=%2C", skip_accept_encoding=True)
    for name, value in [("X-Twice", "1"), ("X-Twice", "2"), ("Cookie", "a=1; b=2"), ("Content-Length", "3")]:
        connection.putheader(name, value)
    connection.endheaders(b"\xff=1")
    answer = connection.getresponse()
    document = json.loads(answer.read())
    connection.close()
    event = document["event"]

    assert answer.status == 200
    assert answer.headers.get_all("set-cookie") == ["a=1", "b=2"]
    assert answer.headers["content-type"] == "application/json"
    assert (event["rawPath"], event["pathParameters"]) == ("/open/a/b c", {"name": "a/b c"})
    assert event["rawQueryString"] == "q=1&q=%2C"
    assert event["headers"]["x-twice"] == "1,2"
    assert event["cookies"] == ["a=1", "b=2"]
    assert (event["isBase64Encoded"], base64.b64decode(event["body"])) == (True, b"\xff=1")
    assert event["requestContext"]["http"]["sourceIp"] == "127.0.0.1"
    assert document["environment"] == {
        "URL": up.ready()["api_url"],
        "SHARED": "yes",
        "TIME_SCALE": "12",
        "LEFT_OUT": None,
    }
    assert 0 < document["remaining_ms"] <= 3000
    assert document["arn"].endswith(":function:Echo")


def test_a_compressed_body_is_not_unpacked(up: Up) -> None:
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/octet-stream"}
    _, _, body = call(up, "POST", "/open/x", b"\x1f\x8b no gzip", headers)

    assert base64.b64decode(json.loads(body)["event"]["body"]) == b"\x1f\x8b no gzip"


def test_the_authorizer_decides_and_is_asked_once(up: Up) -> None:
    assert call(up, "GET", "/closed/x")[::2] == (401, b'{"message":"Unauthorized"}')
    assert call(up, "GET", "/closed/x", headers={"Authorization": "no"})[::2] == (403, b'{"message":"Forbidden"}')
    contexts = [
        json.loads(call(up, "GET", "/closed/x", headers={"Authorization": "let me in"})[2])["event"]["requestContext"]
        for _ in range(2)
    ]
    assert contexts[0]["authorizer"] == contexts[1]["authorizer"]
    assert contexts[0]["authorizer"]["lambda"]["account"] == "AC1"


def test_limits_are_the_gateways(up: Up) -> None:
    assert call(up, "GET", "/x", headers={"Authorization": "x" * 100_000})[0] == 431
    assert call(up, "POST", "/open/x", bytes(10 * 2**20 + 1))[0] == 413
    assert call(up, "POST", "/open/x", bytes(5 * 2**20))[0] == 413
    assert call(up, "POST", "/open/x", bytes(4 * 2**20))[0] == 200


def test_functions_that_raise_time_out_or_die_are_a_500_and_are_replaced(up: Up) -> None:
    for what in ("raise", "sleep", "die"):
        assert call(up, "POST", f"/open/{what}")[::2] == (500, b'{"message":"Internal Server Error"}')
    assert call(up, "POST", "/open/fine")[0] == 200
    log = (up.folder / ".parley" / "logs" / "Echo.log").read_text()
    assert "ValueError: as asked" in log
    assert "Task timed out after 3.00 seconds" in log


def test_an_environment_is_used_again(up: Up) -> None:
    pids = {json.loads(call(up, "POST", "/open/x")[2])["pid"] for _ in range(3)}

    assert len(pids) == 1


def test_an_environment_is_frozen_between_two_events(up: Up) -> None:
    def echo() -> int:
        answer = json.loads(call(up, "POST", "/open/x")[2])
        return int(answer["pid"])

    pid = echo()
    until(lambda: state(pid) == "T", 2)
    assert echo() == pid
    until(lambda: state(pid) == "T", 2)
    idle = {each for each in up.group_pids() if environment(each).get("AWS_LAMBDA_FUNCTION_NAME") == "Guard"}
    assert {state(each) for each in idle} == {"T"}, "an environment that has not been used yet"


def test_messages_come_back_until_they_are_done_or_dead(up: Up) -> None:
    # one after the other: messages of one batch share its fate; visibility is 60 s / 12 = 5 s, and the first message
    # may have to wait longer for its environment where much else runs
    for body, written in ((b"first", "first/1"), (b"fine", "fine/1"), (b"die once", "die once/2"), (b"fail", "fail/2")):
        assert call(up, "POST", "/open/queue", body, {"Content-Type": "text/plain"})[0] == 200
        wait_for_item(up, written)
    sqs = boto3.client(
        "sqs",
        endpoint_url=engine_of(up.folder),
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    dead = sqs.get_queue_url(QueueName="parley-local-Dead")["QueueUrl"]
    moved: list[str] = []

    def dead_lettered() -> bool:
        moved.extend(message["Body"] for message in sqs.receive_message(QueueUrl=dead).get("Messages", []))
        return "fail" in moved

    until(dead_lettered, 15)
    assert moved == ["fail"]
    assert "fail/3" not in items(up)
    assert "fine/2" not in items(up)


def test_a_function_that_sends_to_itself_is_stopped_after_sixteen_laps(up: Up) -> None:
    assert call(up, "POST", "/open/queue", b"lap 0", {"Content-Type": "text/plain"})[0] == 200
    log = up.folder / ".parley" / "logs" / "pump-WorkerJobs.log"
    until(lambda: "a recursive loop: not invoked for 1 message(s)" in log.read_text(), 30)
    written = items(up)

    assert {f"lap {number}/1" for number in range(16)} <= set(written)
    assert not [key for key in written if key.startswith("lap 16/")]


def test_a_schedule_runs_divided_by_the_time_scale(up: Up) -> None:
    wait_for_item(up, "aws.events")  # every minute / 12 = every 5 s


def test_a_gateway_that_dies_is_started_again_on_its_port(up: Up) -> None:
    def gateways() -> set[int]:
        return {pid for pid in up.group_pids() if "cli.up.gateway" in Path(f"/proc/{pid}/cmdline").read_text()}

    [before] = gateways()
    os.kill(before, signal.SIGKILL)
    assert call(up, "POST", "/open/x")[0] == 200
    assert gateways() not in (set(), {before})


def test_the_ready_object_is_on_stdout_and_in_the_file_and_sigterm_leaves_nothing(tmp_path: Path) -> None:
    run = Up(tmp_path, "--port", "0")
    ready = run.ready()
    engine, pids = engine_of(tmp_path), run.group_pids()
    started = time.monotonic()
    output, _ = run.end()

    assert time.monotonic() - started < STOP_SECONDS
    assert run.process.returncode == 0
    assert [json.loads(line) for line in output.splitlines()] == [ready]
    assert set(ready) == {"api_url", "account_sid", "token", "console_url", "jwks"}
    assert (tmp_path / ".parley" / "token").read_text() == ready["token"]
    assert len(pids) >= 5
    assert not [pid for pid in pids if state(pid)]
    assert refused(ready["api_url"])
    assert refused(engine)


def test_a_killed_supervisor_leaves_nothing(tmp_path: Path) -> None:
    run = Up(tmp_path, "--port", "0")
    ready = run.ready()
    call(run, "POST", "/open/x")
    pids = run.group_pids()
    run.end(signal.SIGKILL)

    until(lambda: not [pid for pid in pids if state(pid)], 3)
    assert refused(ready["api_url"])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process adopt orphans")
def test_a_killed_supervisor_leaves_nothing_to_a_process_of_its_own_session(tmp_path: Path) -> None:
    """As in a container whose first process is the shell that runs the tests: no group of workers is orphaned there, so
    the kernel ends none of the frozen ones.
    """
    adopts = ctypes.CDLL(None).prctl
    assert adopts(_ADOPT_ORPHANS, 1, 0, 0, 0) == 0
    try:
        run = Up(tmp_path, "--port", "0")
        run.ready()
        call(run, "POST", "/open/x")
        pids = run.group_pids()
        assert any(state(pid) == "T" for pid in pids), "a worker is frozen"
        run.end(signal.SIGKILL)
        until(lambda: not [pid for pid in pids if state(pid)], 5)
    finally:
        adopts(_ADOPT_ORPHANS, 0, 0, 0, 0)
        for pid in pids:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def test_a_signal_before_it_is_ready_ends_it_too(tmp_path: Path) -> None:
    run = Up(tmp_path, "--port", "0")
    until(lambda: len(run.group_pids()) > 1, 10)
    pids = run.group_pids()
    run.end(signal.SIGINT)

    assert run.process.returncode == 0
    assert not [pid for pid in pids if state(pid)]
    assert not run.ready_file.exists()


def test_a_function_that_cannot_be_imported_says_so_and_is_a_500(tmp_path: Path) -> None:
    broken = shutil.copytree(TOY.parent, tmp_path / "broken") / "template.yaml"
    broken.write_text(broken.read_text().replace("toy.app.echo", "toy.app.gone"))
    run = Up(tmp_path, "--port", "0", template=broken)
    try:
        run.ready()
        assert call(run, "POST", "/open/x")[::2] == (500, b'{"message":"Internal Server Error"}')
        assert run.process.stderr
        said = next(line for line in run.process.stderr if "cannot start" in line)
    finally:
        run.end()
    assert said == "Echo: toy.app.gone cannot start: AttributeError: module 'toy.app' has no attribute 'gone'\n"


def test_a_template_that_cannot_be_run_is_an_error(tmp_path: Path) -> None:
    run = Up(tmp_path, "--port", "0", template=tmp_path / "none.yaml")
    _, errors = run.process.communicate(timeout=20)

    assert run.process.returncode == 1
    assert "parley up: cannot read" in errors
    assert "Traceback" not in errors


def test_a_given_port_that_is_taken_is_an_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = Up(tmp_path, "--port", str(port))
        output, errors = run.process.communicate(timeout=20)

    assert run.process.returncode == 2
    assert output == ""
    assert f"cannot listen on 127.0.0.1 port {port}: Address already in use" in errors


def test_without_a_port_the_next_free_one_is_taken_and_said(tmp_path: Path) -> None:
    run = Up(tmp_path)
    try:
        port = int(run.ready()["api_url"].rpartition(":")[2])
        second = Up(tmp_path_of(tmp_path, "second"))
        try:
            next_port = int(second.ready()["api_url"].rpartition(":")[2])
        finally:
            _, errors = second.end()
    finally:
        run.end()
    assert 3000 <= port < next_port < 3100
    assert f"port 3000 is taken: using {next_port}" in errors


def tmp_path_of(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


def test_an_engine_that_the_environment_names_is_used_and_left_clean(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (tmp_path / "engine.log").open("wb") as log:
        engine = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-p", str(port)], stdout=log, stderr=log, cwd=tmp_path
        )
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: not refused(url), READY_SECONDS)
        run = Up(tmp_path, "--port", "0", environ={"AWS_ENDPOINT_URL_SQS": url})
        run.ready()
        assert engine_of(tmp_path) == f"http://host.containers.internal:{port}"
        assert not [pid for pid in run.group_pids() if "cli.up.engine" in Path(f"/proc/{pid}/cmdline").read_text()]
        assert call(run, "POST", "/open/queue", b"x", {"Content-Type": "text/plain"})[0] == 200
        run.end()
        client = boto3.client(
            "dynamodb",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )
        assert client.list_tables()["TableNames"] == []
    finally:
        engine.kill()
        engine.wait()
