"""What the demo sends, to whom it must come out, and how that is judged. Pure: values in, values out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

ASSISTANT = "support-bot"

NATIVE = "native"
CLOUDEVENTS = "cloudevents"

OK = 200
DOWN = 503
REFUSED = (401, 403)


@dataclass(frozen=True, slots=True)
class Sample:
    """An event of a platform, from the platform's own documentation.

    Attributes:
        type: Its common type name, by which a webhook may subscribe.
        file: Under `events/payloads`.
    """

    platform: str
    event: str
    type: str
    file: str


@dataclass(frozen=True, slots=True)
class Forgery:
    """A call that its platform did not make.

    Attributes:
        sample: What it claims to be.
        signed_file: What the proof was made for, where it is another body.
        other_secret: Whether the proof was made with another secret.
        claim: What is wrong with it, in a few words.
    """

    sample: Sample
    claim: str
    signed_file: str | None = None
    other_secret: bool = False


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A webhook of the demo.

    Attributes:
        events: As `Events` takes them.
        format: As `Format` takes it.
        retry_schedule: As `RetrySchedule` takes it; None for the default.
        answers: What its receiver answers, call by call; the last for ever.
        own_secret: Whether the team gives the secret; else Parley makes one.
    """

    name: str
    events: str
    format: str = NATIVE
    retry_schedule: str | None = None
    answers: tuple[int, ...] = (OK,)
    own_secret: bool = False

    @property
    def path(self) -> str:
        """Where its receiver listens."""
        return f"/{self.name}"

    def wants(self, sample: Sample) -> bool:
        """Whether it subscribed to the event: all, by the platform's name, or by meaning."""
        return bool({"*", sample.event, sample.type} & set(self.events.split()))


PROOFS_IN: Mapping[str, str] = {
    "autopilot": "X-Twilio-Signature",
    "watsonx": "JWT in Authorization",
    "messagehub": "X-Chatwoot-Signature",
    "tropo": "Basic credentials",
}
"""What proves a platform's call, as it is shown."""

PROOFS_OUT: Mapping[str, tuple[str, ...]] = {
    "autopilot": ("twilio", "standardwebhooks"),
    "watsonx": ("PyJWT", "standardwebhooks"),
    "messagehub": ("Chatwoot HMAC", "standardwebhooks"),
    "tropo": ("standardwebhooks",),
}
"""What must have verified a platform's callback in its own format."""

CLOUD_EVENT_PROOFS = ("cloudevents", "standardwebhooks")
"""What must have verified a CloudEvent, whatever the platform."""

_TYPE_PREFIX = "dev.parley."

SAMPLES = (
    Sample("autopilot", "onDialogueTurn", "turn.completed", "autopilot/onDialogueTurn.form"),
    Sample("watsonx", "message_logged", "turn.completed", "watsonx/message_logged.json"),
    Sample("messagehub", "message_created", "message.received", "messagehub/message_created.json"),
    Sample("tropo", "result", "turn.completed", "tropo/actions_object.json"),
)
RETRIED = Sample("messagehub", "conversation_created", "conversation.started", "messagehub/conversation_created.json")

# Sent when the samples have come out: were one accepted, nobody would expect what comes of it.
FORGERIES = (
    Forgery(
        Sample("autopilot", "onDialogueEnd", "conversation.ended", "autopilot/onDialogueEnd.form"),
        "body changed after signing",
        signed_file="autopilot/onDialogueTurn.form",
    ),
    Forgery(
        Sample("watsonx", "cdr_logged", "call.completed", "watsonx/cdr_logged.json"),
        "JWT by another secret",
        other_secret=True,
    ),
    Forgery(
        Sample("messagehub", "message_updated", "message.updated", "messagehub/message_updated.json"),
        "body changed after signing",
        signed_file="messagehub/message_created.json",
    ),
    Forgery(
        Sample("tropo", "result", "turn.completed", "tropo/actions_array.json"),
        "another password",
        other_secret=True,
    ),
)

SUBSCRIBERS = (
    Subscriber("everything", "*", own_secret=True),
    Subscriber("by-meaning", "turn.completed message.received", format=CLOUDEVENTS),
    Subscriber("recovering", RETRIED.event, retry_schedule="1", answers=(DOWN, OK)),
)


@dataclass(frozen=True, slots=True)
class Callback:
    """A callback as the receiver reported it.

    Attributes:
        parameters: None where the body is no form.
        cloud_event: None where it is in the platform's own format.
    """

    path: str
    method: str
    platform: str
    event: str
    webhook_id: str
    verified: tuple[str, ...]
    problems: tuple[str, ...]
    body_sha256: str
    parameters: tuple[tuple[str, str], ...] | None
    cloud_event: Mapping[str, Any] | None
    answered: int

    @property
    def name(self) -> str:
        """Whose receiver it came to."""
        return self.path.strip("/")

    @classmethod
    def from_report(cls, report: Mapping[str, Any]) -> Callback:
        """From a line of the receiver's."""
        parameters = report["parameters"]
        return cls(
            path=report["path"],
            method=report["method"],
            platform=report["platform"],
            event=report["event"],
            webhook_id=report["webhook_id"],
            verified=tuple(report["verified"]),
            problems=tuple(report["problems"]),
            body_sha256=report["body_sha256"],
            parameters=None if parameters is None else tuple((name, value) for name, value in parameters),
            cloud_event=report["cloud_event"],
            answered=report["answered"],
        )


def problems_of(
    callback: Callback, sample: Sample, body: bytes, webhook_sid: str, webhook_format: str = NATIVE
) -> tuple[str, ...]:
    """What is wrong with a callback; nothing when it verified and says what the platform sent.

    In the platform's own format that is the same bytes; Autopilot's parameters equal the platform's but for
    `WebhookSid`, which names the webhook that is called. A CloudEvent has the common type, and the original in it.

    Args:
        callback: What came.
        sample: What was sent.
        body: The bytes that were sent.
        webhook_sid: Whose callback it is.
        webhook_format: What it is to be called with.
    """
    proofs = CLOUD_EVENT_PROOFS if webhook_format == CLOUDEVENTS else PROOFS_OUT[sample.platform]
    missing = [proof for proof in proofs if proof not in callback.verified]
    problems = list(callback.problems) or [f"not verified by {proof}" for proof in missing]
    if (callback.platform, callback.event) != (sample.platform, sample.event):
        problems.append(f"{callback.platform} {callback.event} came")
    if webhook_format == CLOUDEVENTS:
        return (*problems, *_problems_of_cloud_event(callback.cloud_event or {}, sample, body))
    if sample.platform == "autopilot":
        sent = dict(parse_qsl(body.decode(), keep_blank_values=True)) | {"WebhookSid": webhook_sid}
        same = callback.parameters is not None and sorted(callback.parameters) == sorted(sent.items())
    else:
        same = callback.body_sha256 == hashlib.sha256(body).hexdigest()
    if not same:
        problems.append("the body is not what was sent")
    return tuple(problems)


def _problems_of_cloud_event(cloud_event: Mapping[str, Any], sample: Sample, body: bytes) -> list[str]:
    problems = []
    if cloud_event.get("type") != f"{_TYPE_PREFIX}{sample.type}":
        problems.append(f"its type is {cloud_event.get('type')}")
    is_form = sample.platform == "autopilot"
    sent = dict(parse_qsl(body.decode(), keep_blank_values=True)) if is_form else json.loads(body)
    if (cloud_event.get("data") or {}).get("original") != sent:
        problems.append("the original in it is not what was sent")
    return problems


@dataclass(slots=True)
class Awaited:
    """What one event must still become: each subscriber's answers, in turn.

    Attributes:
        ids: The `webhook-id` of each subscriber's first attempt, which its later ones must repeat.
        attempts: How often each subscriber was called.
    """

    sample: Sample
    left: dict[str, list[int]]
    ids: dict[str, str] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, sample: Sample, subscribers: Sequence[Subscriber]) -> Awaited:
        """All that a sample must become."""
        return cls(sample, {each.path: list(each.answers) for each in subscribers if each.wants(sample)})

    @property
    def is_over(self) -> bool:
        """Whether everything came."""
        return not any(self.left.values())

    @property
    def paths_left(self) -> tuple[str, ...]:
        """Which subscribers are still to be called."""
        return tuple(path for path, answers in self.left.items() if answers)

    def take(self, callback: Callback) -> tuple[str, ...]:
        """Ticks a callback off; returns what is wrong with its coming."""
        answers = self.left.get(callback.path)
        if not answers:
            return ("nobody expected it",)
        expected = answers.pop(0)
        self.attempts[callback.path] = self.attempts.get(callback.path, 0) + 1
        problems = []
        if callback.answered != expected:
            problems.append(f"it was answered {callback.answered}, not {expected}")
        if self.ids.setdefault(callback.path, callback.webhook_id) != callback.webhook_id:
            problems.append("a second attempt has another webhook-id")
        return tuple(problems)
