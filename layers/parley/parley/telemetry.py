"""What a function tells of itself: one wide line for each operation, with the operation's metrics in the same line.

An event's SID is the correlation id: ingest's line says it beside the gateway's request id, every message that is about
an event carries it, and so does the line of each batch and attempt. `webhook-id` leads back to it.

Metrics are CloudWatch's embedded metric format (its specification: "Embedded metric format" in the CloudWatch user
guide): members of the line, which CloudWatch takes out; a line of their own would cost as much again.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics

COUNT = "Count"
SECONDS = "Seconds"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric that a function writes, under the dimension `service` with the function's name."""

    name: str
    service: str
    unit: str
    meaning: str


# What docs/metrics.md is made from. The first ten metrics of an account are free, and one that is not written costs
# nothing: each here is one that somebody acts upon.
METRICS = (
    Metric("Refused", "ingest", COUNT, "calls without a genuine proof or to an unknown URL; own bots' wrong events"),
    Metric("TooLarge", "ingest", COUNT, "genuine calls whose body could not be made to fit (413)"),
    Metric("NotKept", "ingest", COUNT, "calls answered 503, because a table or queue could not serve"),
    Metric("AuthorizationDenied", "authorizer", COUNT, "tokens that were not accepted (403)"),
    Metric("AttemptsDelivered", "dispatcher", COUNT, "callbacks answered 2xx, all attempts counted"),
    Metric("AttemptsFailed", "dispatcher", COUNT, "callbacks that failed, all attempts but a 410, which disables"),
    Metric("DeliveriesExhausted", "dispatcher", COUNT, "deliveries given up at the end of their schedule"),
    Metric("EventsUnrecognised", "dispatcher", COUNT, "events kept raw, because their name or body is not known"),
    Metric("RepeatsRecognised", "dispatcher", COUNT, "a platform's own repeats, which are not sent again"),
    Metric("WebhooksPaused", "dispatcher", COUNT, "paused webhooks that were looked after, each once a minute"),
    Metric("SweepLag", "sweeper", SECONDS, "how long the oldest due entry was overdue when the sweeper came"),
)
_UNITS = {metric.name: metric.unit for metric in METRICS}


def logger() -> Logger:
    """The function's logger; every module of a function that asks gets the same.

    Its lines say nothing that the log group's name does not: function, service and place in the code would be half of
    what an event's log may cost (design section 7), the trace id alone 55 bytes of it.
    """
    made = Logger(location=None, use_rfc3339=True, utc=True, xray_trace_id=None)
    made.remove_keys(["service"])
    return made


_logger = logger()


def begin(request_id: str) -> None:
    """Every line from here on says which request it is of, until the next one begins.

    Args:
        request_id: The gateway's where there is one: its access log says the same; else Lambda's.
    """
    _logger.append_keys(request=request_id)


def tell(operation: str, counts: Mapping[str, float] | None = None, **said: object) -> None:
    """Write an operation's line.

    Args:
        operation: What was done, in the past tense.
        counts: Values of metrics by their names in `METRICS`.
        said: Further members of the line; those that are None are left out.
    """
    if not logging.getLogger(_logger.service).isEnabledFor(logging.INFO):
        return
    _logger.info(operation, extra={**said, **(_embedded(counts) if counts else {})})


def _embedded(counts: Mapping[str, float]) -> Mapping[str, Any]:
    metrics = EphemeralMetrics()
    for name, value in counts.items():
        metrics.add_metric(name=name, unit=_UNITS[name], value=value)
    return metrics.serialize_metric_set()


@dataclass(slots=True)
class Tally:
    """What a batch comes to, gathered while it is worked on and told in one line at its end.

    Attributes:
        counts: By metric.
        events: SIDs of the events that were dispatched or committed, in the order in which they came.
    """

    counts: Counter[str] = field(default_factory=Counter)
    events: dict[str, None] = field(default_factory=dict)

    def begin(self) -> None:
        """Forget the batch before."""
        self.counts.clear()
        self.events.clear()

    def count(self, name: str, number: int = 1) -> None:
        """Add to a metric of `METRICS`; nothing is not written."""
        if number:
            self.counts[name] += number

    def event(self, sid: str) -> None:
        """This event was worked on; several times in a batch is once."""
        self.events[sid] = None
