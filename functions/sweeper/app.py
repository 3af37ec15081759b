"""The sweeper function: wiring only."""

from __future__ import annotations

import os
import time
from functools import cache
from typing import TYPE_CHECKING, Any

from functions.sweeper.sweep import Ports, sweep
from parley import aws, telemetry
from parley.settings import SweeperSettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_RESERVE_MS = 5_000


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


@cache
def _ports() -> Ports:
    return Ports(SweeperSettings.from_environment(os.environ), aws.dynamodb(), aws.sqs(), _now_ms)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:  # noqa: ARG001 — Lambda's signature
    """A scheduled event in."""
    telemetry.begin(context.aws_request_id)
    sweep(_ports(), deadline_ms=_now_ms() + context.get_remaining_time_in_millis() - _RESERVE_MS)
