"""docs/metrics.md: what is counted and logged, which alarm watches it, from the code and the template themselves.

`python -m cli.metrics_page docs/metrics.md` writes it (`make metrics`); a test compares.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cli.architecture.drawing import of_type
from cli.up.intrinsics import load
from parley.telemetry import METRICS

_ROOT = Path(__file__).resolve().parents[1]
_INTRODUCTION = """\
# Metrics, alarms and log lines

Made by `make metrics` from `layers/parley/parley/telemetry.py` and `template.yaml`.

## What is counted

In CloudWatch under the namespace `Parley/` and the stack's name. The functions' metrics have one dimension, `service`,
the function's name, and stand inside the operation's own log line (CloudWatch's embedded metric format), once per batch
in the dispatcher. What API Gateway refuses, CloudWatch counts in its access log. An account's first ten custom metrics
and first ten alarms are free; beyond that a metric is 0.30 dollars a month for the hours in which it is written, an
alarm 0.10 for each metric that it reads.
"""
_IN_THE_ACCESS_LOG = {"OverRate": "platforms' calls that API Gateway refused, being over a rate (429)"}
_ALARMS = """
## Alarms

They go to the parameters `AlarmEmail` and `AlarmTopicArn`. More on each: [operations.md](operations.md).
"""
_LINES = """
## Log lines

One JSON object a line: `level`, `message` (the operation), `timestamp`, `request`, and what follows. `request` is API
Gateway's request id where there is one (its access log has it as `id`), else Lambda's. An event's SID leads through
all of them: `event` of `accepted`, `events` of `dispatched`, `event` of `attempted`. A receiver's `webhook-id` is the
delivery's SID, which the API resolves to its event.

| message | function | members | when |
| --- | --- | --- | --- |"""
_OPERATIONS = (
    ("accepted", "ingest", "event, type, bytes, ms", "a platform's call is in the queue"),
    ("emitted", "ingest", "event, type, bytes, ms", "an own bot's event is in the queue"),
    ("refused", "ingest", "status, error, route, ms, metric; source when it was too large", "a call was not taken"),
    (
        "dispatched",
        "dispatcher",
        "received, again, events, ms, metrics",
        "a batch is done; `again` of its messages come once more",
    ),
    (
        "attempted",
        "dispatcher",
        "event, webhook, number, trigger, code, error, ms, status",
        "an attempt, unless it was a first one that succeeded",
    ),
    ("changed", "dispatcher", "webhook, state, epoch", "the engine paused, resumed or disabled a webhook"),
    ("swept", "sweeper", "sent, ms, metric", "each minute"),
    (
        "called",
        "webhooks, history",
        "route, status, account, token, ms",
        "a call of the management API; `token` is its `jti`, or a digest",
    ),
    ("denied", "authorizer", "reason, route, issuer_error, metric", "a token was not accepted"),
)
_PRIVACY_AND_PRICE = """
Anything else is a warning or an error and says what went wrong. Never in a line: payloads and anything out of them,
names, secrets, tokens, header values, addresses of callers. A test runs every example through and looks for them.

An event that goes to ten webhooks in a batch of ten costs at most 500 bytes of log, API Gateway's access line
included; one that comes alone costs up to 850, because its batch's line is its own. A test counts them. START, END
and REPORT lines are off (`SystemLogLevel: WARN`): they would double it.
Tracing is off: X-Ray is 5 dollars per million traces, more than an event costs in all. Set `Tracing: Active` on a
function, and `xray:PutTraceSegments` in its role, should you need it for an hour.

For CloudWatch Logs Insights, over the log groups of the stack:

```text
fields @timestamp, @log, message, event, webhook, number, code, error, status
| filter event = "EV…" or events like "EV…"
| sort @timestamp
```
"""


def page(template: Mapping[str, Any]) -> str:
    """The page's text.

    Args:
        template: template.yaml as it is written.
    """
    alarms, filters = (of_type(template, f"AWS::{kind}") for kind in ("CloudWatch::Alarm", "Logs::MetricFilter"))
    return "".join(f"{line}\n" for line in _lines(alarms, filters))


def _lines(alarms: Mapping[str, Mapping[str, Any]], filters: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    watching = {(alarm.get("MetricName"), _service(alarm)): name for name, alarm in alarms.items()}
    yield _INTRODUCTION
    yield "| name | unit | `service` | what it counts | alarm |"
    yield "| --- | --- | --- | --- | --- |"
    for metric in METRICS:
        watched_by = watching.get((metric.name, metric.service))
        named = f"`{watched_by}`" if watched_by else "–"
        yield f"| `{metric.name}` | {metric.unit} | {metric.service} | {metric.meaning} | {named} |"
    for made in (each for found in filters.values() for each in found["MetricTransformations"]):
        name = made["MetricName"]
        yield f"| `{name}` | {made['Unit']} | – | {_IN_THE_ACCESS_LOG[name]} | `{watching[name, None]}` |"
    yield _ALARMS
    yield "| alarm | goes off when | what to do |"
    yield "| --- | --- | --- |"
    for name, alarm in alarms.items():
        yield f"| `{name}` | {_when(alarm)} | {_said(alarm)} |"
    yield _LINES
    for message, function, members, when in _OPERATIONS:
        yield f"| `{message}` | {function} | {members} | {when} |"
    yield _PRIVACY_AND_PRICE.rstrip("\n")


def _service(alarm: Mapping[str, Any]) -> str | None:
    return next((entry["Value"] for entry in alarm.get("Dimensions", ()) if entry["Name"] == "service"), None)


def _when(alarm: Mapping[str, Any]) -> str:
    if "Metrics" in alarm:
        watched, period_seconds, statistic = "errors in percent of invocations", 300, ""
    else:
        watched, period_seconds = f"`{alarm['MetricName']}`", alarm["Period"]
        statistic = {"Sum": "sum of ", "Maximum": "largest "}[alarm["Statistic"]]
    minutes = period_seconds * alarm["EvaluationPeriods"] // 60
    silence = ", or none is written" if alarm["TreatMissingData"] == "breaching" else ""
    lasting = f"{minutes} minutes" if minutes > 1 else "a minute"
    if enough := alarm.get("DatapointsToAlarm"):
        lasting = f"{enough * period_seconds // 60} of {lasting}"
    return f"{statistic}{watched} over {alarm['Threshold']} for {lasting}{silence}"


def _said(alarm: Mapping[str, Any]) -> str:
    described = alarm["AlarmDescription"]
    text = described if isinstance(described, str) else described["Fn::Sub"]
    return re.sub(r"\$\{(?:AWS::)?(\w+)(?:\.\w+)?\}", r"`\1`", text)


def main() -> None:
    """Write the page to the file that the command line names."""
    template = load((_ROOT / "template.yaml").read_text(encoding="utf-8"))
    Path(sys.argv[1]).write_text(page(template), encoding="utf-8")


if __name__ == "__main__":
    main()
