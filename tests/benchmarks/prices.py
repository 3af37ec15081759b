"""What AWS charges: one dated file beside this one, read here and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("prices.json")
_PRICES: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))

DATE: str = _PRICES["date"]
REGION: str = _PRICES["region"]
# How long a call of DynamoDB or SQS takes inside a region, and a receiver to answer: Lambda is paid while it waits.
AWS_CALL_SECONDS: float = _PRICES["assumed"]["aws_call_seconds"]
RECEIVER_SECONDS: float = _PRICES["assumed"]["receiver_seconds"]
# A function gets a share of a core by its memory; with so many megabytes it has one.
FULL_CORE_MEGABYTES: int = _PRICES["assumed"]["full_core_megabytes"]


def per_million(what: str) -> float:
    """Dollars for a million of something."""
    return float(_PRICES["per_million"][what])


def per_gigabyte(what: str) -> float:
    """Dollars for a gigabyte, or a gigabyte and month."""
    return float(_PRICES["per_gigabyte"][what])
