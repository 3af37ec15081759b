"""Ingest's handler, called many times in a process of its own: Lambda's Python where there is one, the built artifact.

`ingest.py` starts it, with a file of rounds of calls by platform and one for the times. It imports nothing but what
the function has in Lambda. SQS takes every message at once, and nothing is sent.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from botocore.awsrequest import AWSResponse

from functions.ingest import app, sources
from parley import aws

WARMING = 100
_ANSWER = json.dumps({"MessageId": "0" * 36, "MD5OfMessageBody": "0" * 32}).encode()


class _Body:
    """What botocore reads an answer from."""

    def stream(self, **_: object) -> Iterator[bytes]:
        yield _ANSWER


def _taken(**_: object) -> AWSResponse:
    headers: Any = {"content-type": "application/x-amz-json-1.0"}
    body: Any = _Body()
    return AWSResponse("http://sqs", 200, headers, body)


def _measure(platform: str, events: list[dict[str, Any]]) -> list[list[float]]:
    """Milliseconds of the handler and of the floor, by turns."""
    samples: list[float] = []
    floors: list[float] = []
    context: Any = None
    for number, event in enumerate(events):
        body = event["body"].encode()
        started = time.thread_time_ns()
        answer = app.lambda_handler(event, context)
        ended = time.thread_time_ns()
        _floor(platform, body)
        floor = time.thread_time_ns() - ended
        assert answer["statusCode"] == 200, answer
        if number >= WARMING:
            samples.append((ended - started) / 1e6)
            floors.append(floor / 1e6)
    return [samples, floors]


def _floor(platform: str, body: bytes) -> bytes:
    """What nobody can leave out: parsing the body, and one HMAC over it."""
    if platform == "autopilot":
        params = parse_qsl(body.decode(), keep_blank_values=True)
        return hmac.digest(b"secret", "".join(name + value for name, value in sorted(params)).encode(), hashlib.sha1)
    json.loads(body)
    return hmac.digest(b"secret", body, hashlib.sha256)


def main() -> None:
    """Read the calls, write the times."""
    calls, times = map(Path, sys.argv[1:])
    sources.FRESH_SECONDS = 10.0**9  # the sources are read by the first calls, and never again
    taken: Any = _taken  # a hook's answer is taken for the service's, which its type does not say
    aws.session().register("before-send.sqs.SendMessage", taken)
    rounds: list[dict[str, list[dict[str, Any]]]] = json.loads(calls.read_text(encoding="utf-8"))
    measured = [{platform: _measure(platform, events) for platform, events in each.items()} for each in rounds]
    times.write_text(json.dumps(measured))


if __name__ == "__main__":
    main()
