"""docs/costs.md: its prices are those of the benchmarks, its figures those that `make bench` counted last."""

from __future__ import annotations

import json
import re
from typing import Any

from cli.up.template import Template
from tests.benchmarks.prices import RECEIVER_SECONDS
from tests.documents.blocks import ROOT, text_of

TEXT = text_of("docs/costs.md")
PRICES: dict[str, Any] = json.loads((ROOT / "tests/benchmarks/prices.json").read_bytes())
COUNTED: dict[str, float] = json.loads((ROOT / "tests/benchmarks/baseline.json").read_bytes())
PLATFORMS = ("messagehub", "autopilot", "watsonx", "tropo")


def numbers(line: str) -> list[float]:
    return [float(cell) for cell in re.findall(r"[0-9]+(?:\.[0-9]+)?", line)]


def test_the_table_of_events_is_what_was_counted_beside_published_prices() -> None:
    price = PRICES["per_million"]
    rows = [numbers(line) for line in re.findall(r"(?m)^\| [0-9]+ \|.*$", TEXT)]
    assert [row[0] for row in rows] == [1, 3, 10, 100]
    for webhooks, *figures in rows:
        counted = [COUNTED[f"cost.usd_per_million.f{webhooks:.0f}.{platform}"] for platform in PLATFORMS]
        sns = price["sns_publish"] + webhooks * price["sns_http_delivery"]
        eventbridge = price["eventbridge_event"] + webhooks * price["eventbridge_api_destination"]
        assert figures == [round(figure, 2) for figure in (*counted, sns, eventbridge)]
    assert f"{COUNTED['cost.usd_per_million.f10.function_url']:.2f} dollars" in TEXT
    assert f"{COUNTED['cost.beside.data_out.f10']:.2f} for ten callbacks each" in TEXT


def test_the_prices_are_those_that_the_figures_were_made_with() -> None:
    told = re.findall(r"(?m)^\| [^|]+ \| (?:million|gigabyte)[^|]* \| ([0-9.]+) \|$", TEXT)
    known = {**PRICES["per_million"], **PRICES["per_gigabyte"]}
    assert len(told) == 10
    assert {float(price) for price in told} <= set(known.values())
    assert f"in {PRICES['region']}, as published on {PRICES['date']}" in TEXT.lower()


def test_its_words_on_who_is_cheaper_are_true() -> None:
    price = PRICES["per_million"]
    ten = price["eventbridge_event"] + 10 * price["eventbridge_api_destination"]
    assert ten < COUNTED["cost.usd_per_million.f10"]
    assert price["sns_publish"] + price["sns_http_delivery"] < COUNTED["cost.usd_per_million.f1"]


def test_a_lone_event_costs_what_a_batch_shares() -> None:
    # sent, received and deleted by itself
    requests = 3 - COUNTED["units.sqs_requests"]
    invocations = 1 - COUNTED["units.dispatcher_invocations"]
    more = (
        requests * PRICES["per_million"]["sqs_request"]
        + invocations * PRICES["per_million"]["lambda_request"]
        + 350 / 1000 * PRICES["per_gigabyte"]["logs_ingested"]
    )
    assert f"{requests:.1f} requests to SQS, {invocations:.1f} invocations" in TEXT.replace("\n", " ")
    price = PRICES["per_million"]["lambda_arm64_gb_second"]
    functions = Template(ROOT / "template.yaml", {}).functions
    waiting = invocations * RECEIVER_SECONDS * functions["DispatcherFunction"].memory_mb / 1024 * price
    told = f"about {more + waiting:.1f}0 dollars more: {more:.1f}0 for"
    assert told in TEXT.replace("\n", " ")
    assert f"{waiting:.1f}0, reckoned and not measured" in TEXT
