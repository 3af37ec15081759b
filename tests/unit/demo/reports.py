"""What a sound bundle's callbacks look like, made without Parley: by the senders and Standard Webhooks' own library."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from standardwebhooks import Webhook

from cli.demo.play import PAYLOADS
from cli.demo.receiver import Call
from cli.demo.scenario import CLOUDEVENTS, NATIVE
from cli.demo.senders import SENDERS

if TYPE_CHECKING:
    from cli.demo.scenario import Sample

SECRET = "秘密 a-team's-own-secret-of-some-length"
WEBHOOK_SID = "UM" + "0a" * 16
URL = "http://127.0.0.1:1/everything"


def payload(sample: Sample) -> bytes:
    return (PAYLOADS / sample.file).read_bytes()


def cloud_event(sample: Sample) -> bytes:
    body = payload(sample)
    is_form = sample.platform == "autopilot"
    original = dict(parse_qsl(body.decode(), keep_blank_values=True)) if is_form else json.loads(body)
    attributes = {
        "specversion": "1.0",
        "id": "EV1",
        "source": "/v1/Assistants/UA1",
        "type": f"dev.parley.{sample.type}",
        "platform": sample.platform,
        "platformevent": sample.event,
        "datacontenttype": "application/json",
    }
    return json.dumps({**attributes, "data": {"original": original}}).encode()


def callback(sample: Sample, secret: str = SECRET, at: float | None = None, webhook_format: str = NATIVE) -> Call:
    now = time.time() if at is None else at
    body = payload(sample)
    if webhook_format == CLOUDEVENTS:
        body = cloud_event(sample)
    elif sample.platform == "autopilot":
        parameters = dict(parse_qsl(body.decode(), keep_blank_values=True)) | {"WebhookSid": WEBHOOK_SID}
        body = urlencode(parameters).encode()
    if webhook_format == CLOUDEVENTS:
        headers = {"Content-Type": "application/cloudevents+json; charset=utf-8"}
    else:
        headers = SENDERS[sample.platform](URL, secret, body, int(now))
        if sample.platform == "watsonx":
            headers["Authentication"] = headers["Authorization"]
        if sample.platform == "tropo":
            del headers["Authorization"]
    key = "whsec_" + base64.b64encode(secret.encode()).decode()
    moment = datetime.fromtimestamp(int(now), tz=UTC)
    headers |= {
        "webhook-id": "DL1",
        "webhook-timestamp": str(int(now)),
        "webhook-signature": Webhook(key).sign("DL1", moment, body.decode()),
    }
    return Call("POST", URL, {name.lower(): value for name, value in headers.items()}, body)
