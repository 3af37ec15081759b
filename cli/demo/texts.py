"""What the demo says around its tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cli.demo.scenario import ASSISTANT, FORGERIES, NATIVE, SUBSCRIBERS
from cli.demo.show import duration

if TYPE_CHECKING:
    from cli.demo.configure import Configured
    from cli.demo.play import Total
    from cli.demo.scenario import Callback


def opening(receiver_url: str, libraries: Mapping[str, str]) -> list[str]:
    """Who takes part."""
    versions = ", ".join(f"{name} {version}" for name, version in libraries.items())
    return [
        "",
        f"Receiver    {receiver_url}, a process that cannot import Parley and verifies with {versions}",
        f"Assistant   {ASSISTANT}, with a source for each platform and these webhooks:",
        *(
            f"  {each.name:<11} Events={each.events}"
            + (f", Format={each.format}" if each.format != NATIVE else "")
            + (f", RetrySchedule={each.retry_schedule}; down at first" if each.retry_schedule else "")
            for each in SUBSCRIBERS
        ),
    ]


def closing(total: Total, folder: str) -> list[str]:
    """The total; `folder` is where the run leaves its files."""
    forgeries = f"{total.refused} of {len(FORGERIES)} forgeries refused"
    counted = f"{total.events} events in, {total.callbacks} callbacks out, {forgeries}."
    logs = f"What each function and process said is in {folder}/logs."
    if total.problems:
        return ["", f"FAILED: {counted}", *(f"  - {problem}" for problem in total.problems), logs]
    slowest, recovered = duration(total.slowest_seconds), duration(total.recovered_seconds)
    return [
        "",
        f"Total: {counted}",
        "Every callback verified, and its body is byte for byte what the platform sent (Autopilot: plus WebhookSid)",
        "or, with Format=cloudevents, one vocabulary for all platforms with the original in it.",
        f"Slowest first attempt {slowest}, starting the functions included; the receiver that was down: {recovered}.",
    ]


def next_steps(api_url: str, folder: str, configured: Configured, *, terminal: bool) -> list[str]:
    """What to try; commands with a secret only on a terminal, where the secret still opens something."""
    if not terminal:
        return [
            "",
            "Next: `parley up` stays up for your own experiments; README.md says where each platform's URL goes.",
        ]
    assistant = f"{api_url}/v1/Assistants/{ASSISTANT}"
    header = f'-H "Authorization: Bearer $(cat {folder}/token)"'
    tropo = configured.sources["tropo"]
    sent = "-H 'Content-Type: application/json' --data-binary @events/payloads/tropo/actions_array.json"
    return [
        "",
        "Next, in another terminal:",
        "  what came in, and what became of it",
        f"    curl {header} {assistant}/Events",
        "  one of your own, with Tropo's proof, which is a password; it comes out below",
        f"    curl -u {tropo.secret} {sent} {tropo.ingest_url}",
        "  your own receiver",
        f"    curl {header} -d UniqueName=mine -d 'Events=*' -d WebhookUrl=http://127.0.0.1:8000/ {assistant}/Webhooks",
        "  README.md says where each platform's callback URL goes, and how to deploy.",
        "",
    ]


def later(callback: Callback) -> str:
    """A callback that came after the total."""
    judged = "; ".join(callback.problems) or f"verified by {', '.join(callback.verified)}"
    return f"  {callback.platform} {callback.event} at {callback.name}: {judged}"
