"""What a cold start of each function must not import: each of these was measured to cost milliseconds that the design's
budgets do not have (docs/performance.md), and comes back by one careless line.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# The API client of the SDK is botocore's; tools and tests' packages have no place in any function.
NOWHERE = {"aws_xray_sdk", "boto3", "cli", "jsonschema", "moto", "requests", "s3transfer", "tests", "twilio", "yaml"}
RESOLVER = "aws_lambda_powertools.event_handler"
NOT_IMPORTED = {
    "authorizer": {"aiohttp", "botocore.session", "pydantic", "urllib3", "urllib.request", RESOLVER},
    "ingest": {"aiohttp", "cryptography", "jwt", "pydantic", RESOLVER},
    "webhooks": {"aiohttp", "cryptography", "jwt", "pydantic"},
    "history": {"aiohttp", "cryptography", "jwt", "pydantic"},
    "dispatcher": {
        *("cryptography", "jwt", "pydantic", RESOLVER),
        *("functions.dispatcher.replaying", "parley.data_table.event_lists", "parley.data_table.jobs"),
    },
    "sweeper": {"aiohttp", "cryptography", "jwt", "pydantic", RESOLVER},
}


@pytest.mark.parametrize("function", NOT_IMPORTED)
def test_a_cold_start_imports_nothing_that_it_does_not_use(function: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import functions.{function}.app, sys; print(*sys.modules, sep='\\n')"],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "layers" / "parley"))),
            "POWERTOOLS_SERVICE_NAME": function,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    imported = set(done.stdout.split())
    assert f"functions.{function}.app" in imported
    assert imported & (NOWHERE | NOT_IMPORTED[function]) == set()
    assert {name.partition(".")[2].partition(".")[0] for name in imported if name.startswith("functions.")} == {
        function
    }
