"""Twilio's own Python client, in the two versions that people still have, against a running `parley up`.

What is done with it stands in twilio_scenarios.py, which a process of each version's environment runs.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from cli.signing_keys import SigningKey
from tests.documents.blocks import fenced, text_of
from tests.e2e.bundle import Bundle
from tests.e2e.twilio_scenarios import SCENARIOS

PROJECT = Path(__file__).resolve().parents[2]
PYTHONS = {"8.10.3": Path(sys.executable), "7.17.0": PROJECT / ".venv-twilio7" / "bin" / "python"}
LIMIT = 11  # what a scenario needs for its pages
ACCOUNTS = ("main", "assistants", "pages", "limit", "other")
SECONDS = 60

Results = Mapping[str, str | None]


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey.generate()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, key: SigningKey) -> Iterator[Bundle]:
    jwks = json.dumps({"keys": [key.jwk()]})
    with Bundle(
        tmp_path_factory.mktemp("up"), "--parameter", f"Jwks={jwks}", "--parameter", f"MaxWebhooksPerAccount={LIMIT}"
    ) as run:
        yield run


def run_scenarios(bundle: Bundle, key: SigningKey, version: str) -> Results:
    """In accounts of this version's own: neither sees what the other has made."""
    digit = list(PYTHONS).index(version) + 1
    accounts = {name: f"AC{digit}{number:031x}" for number, name in enumerate(ACCOUNTS)}
    main = accounts["main"]
    tokens = {name: key.token(sid, lifetime_seconds=600) for name, sid in accounts.items()}
    tokens |= {
        "read only": key.token(main, scopes=["read"], lifetime_seconds=600),
        # inside of the authorizer's tolerance for clocks, so that a function has to refuse it
        "expired a moment ago": key.token(main, lifetime_seconds=-20),
        "another key": SigningKey.generate().token(main, lifetime_seconds=600),
    }
    told = {"api_url": bundle.api_url, "account_sids": accounts, "tokens": tokens, "limit": LIMIT}
    done = subprocess.run(
        [PYTHONS[version], "-I", Path(__file__).with_name("twilio_scenarios.py")],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["version"] == version
    results: Results = report["results"]
    return results


@pytest.fixture(scope="module", params=PYTHONS)
def results(request: pytest.FixtureRequest, bundle: Bundle, key: SigningKey) -> Results:
    version = request.param
    if not PYTHONS[version].exists():
        pytest.skip(f"twilio {version} is not installed; `make test` does that")
    return run_scenarios(bundle, key, version)


def test_the_client_as_the_guide_points_it(bundle: Bundle, key: SigningKey) -> None:
    namespace: dict[str, Any] = {}
    [snippet] = fenced(text_of("docs/platforms/autopilot.md"), "python")
    exec(snippet, namespace)  # noqa: S102 (the document's own snippet)

    account = "AC9" + "0" * 31
    client = namespace["client"](bundle.api_url, account, key.token(account, lifetime_seconds=600))
    client.autopilot.v1.assistants.create(unique_name="my-bot")

    assert client.autopilot.v1.assistants("my-bot").webhooks.list() == []


@pytest.mark.parametrize("scenario", [scenario.__name__ for scenario in SCENARIOS])
def test_the_client(results: Results, scenario: str) -> None:
    assert results[scenario] is None, results[scenario]
