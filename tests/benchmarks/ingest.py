"""How long ingest's own code takes for an event, warm: the whole handler and the SDK, up to the request's first byte.

The floor is what nobody can leave out: parsing the body, and one HMAC over it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from contextlib import contextmanager
from statistics import median
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from botocore.awsrequest import AWSResponse
from moto import mock_aws

from tests.benchmarks import payloads
from tests.benchmarks.bundle import Bundle, bundle, never_stale, written
from tests.benchmarks.results import Result, spread
from tests.load.counting import percentile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.benchmarks.run import Bench

CALLS = 2000
_WARMING = 100
_BUDGET_MS = 1.0
_ANSWER = json.dumps({"MessageId": "0" * 36, "MD5OfMessageBody": "0" * 32}).encode()


class _Body:
    """What botocore reads an answer from."""

    def stream(self, **_: object) -> Iterator[bytes]:
        yield _ANSWER


@contextmanager
def _answered(found: Bundle) -> Iterator[None]:
    """SQS takes every message at once, and nothing is sent; while the fake is there, it answers."""

    headers: Any = {"content-type": "application/x-amz-json-1.0"}
    answer: Any = lambda **_: AWSResponse("http://sqs", 200, headers, _Body())  # noqa: E731 — a hook has no better name
    found.session.register("before-send.sqs.SendMessage", answer)
    yield
    found.session.unregister("before-send.sqs.SendMessage", answer)


def measure(bench: Bench) -> Iterator[Result]:
    """By platform."""
    aws = mock_aws()
    aws.start()
    with bundle(metered=False) as found, _answered(found), never_stale(), written():
        ingest = found.function("IngestFunction")
        for platform in payloads.TYPICAL:
            ingest(payloads.call(platform))  # the sources are known from here on
        aws.stop()
        own = {platform: _measure(platform, ingest) for platform in payloads.TYPICAL}
    for platform, (samples, floors) in own.items():
        how = f"{CALLS} calls, {spread(samples, 3)}; the SDK included, its socket not"
        name = f"ingest.warm.{platform}"
        yield Result(f"{name}.p50", median(samples), "ms", how)
        yield Result(f"{name}.p99", percentile(sorted(samples), 99), "ms", how, _BUDGET_MS)
        ratio = median(samples) / median(floors)
        yield Result(f"{name}.ratio", ratio, "×", f"p50 to parsing and one HMAC, {median(floors):.4f} ms, alternating")
    samples, _ = own["messagehub"]
    yield Result("ingest.own_seconds", median(samples) / 1000, "s", "what costs are reckoned with")


def _measure(platform: str, ingest: Callable[[Any], Any]) -> tuple[list[float], list[float]]:
    """Milliseconds of the handler and of the floor, by turns."""
    samples: list[float] = []
    floors: list[float] = []
    for number in range(_WARMING + CALLS):
        body, event = payloads.body(platform), payloads.call(platform)
        started = time.thread_time_ns()
        answer = ingest(event)
        ended = time.thread_time_ns()
        _floor(platform, body)
        floor = time.thread_time_ns() - ended
        assert answer["statusCode"] == 200, answer
        if number >= _WARMING:
            samples.append((ended - started) / 1e6)
            floors.append(floor / 1e6)
    return samples, floors


def _floor(platform: str, body: bytes) -> bytes:
    if platform == "autopilot":
        params = parse_qsl(body.decode(), keep_blank_values=True)
        return hmac.digest(b"secret", "".join(name + value for name, value in sorted(params)).encode(), hashlib.sha1)
    json.loads(body)
    return hmac.digest(b"secret", body, hashlib.sha256)
