"""What each platform typically sends: the samples of `events/payloads`, each call another event."""

from __future__ import annotations

import re
import time
import uuid
from pathlib import Path
from typing import Any

from cli.demo.senders import SENDERS
from cli.up import seed
from tests.functional.gateway import DOMAIN, http_event

_FOLDER = Path(__file__).parents[2] / "events" / "payloads"
# The event that a platform sends most, and what in it is another in the next event.
TYPICAL = {
    "messagehub": ("messagehub/message_created.json", b'"id":118'),
    "autopilot": ("autopilot/onDialogueTurn.form", b"Sid=f60e7708db371f4005c432c1f038a6fc"),
    "watsonx": ("watsonx/message_logged.json", b"38f36bfb-c2aa-4600-9418-6ab422664e31"),
    "tropo": ("tropo/inbound_ask.json", b"f4140488a0036e725e112f4c74c12345"),
}


def body(platform: str) -> bytes:
    """A typical one, always another event of the same length."""
    file, identity = TYPICAL[platform]
    content = (_FOLDER / file).read_bytes()
    if platform == "tropo":
        # as it goes over the wire: the documentation's copy has broken lines and doubled backslashes
        content = re.sub(rb"\s*\n\s*", b"", content).replace(rb"\\\\", b"\\")
    assert identity in content
    new = uuid.uuid4().hex
    match platform:
        case "messagehub":
            changed = b'"id":%03d' % (int(new, 16) % 900 + 100)
        case "autopilot":
            changed = b"Sid=" + new.encode()
        case "watsonx":
            changed = str(uuid.UUID(new)).encode()
        case _:
            changed = new.encode()
    return content.replace(identity, changed, 1)


def call(platform: str) -> dict[str, Any]:
    """A genuine call of ingest, as the gateway hands it over."""
    source = next(source for source in seed.SOURCES if source.platform == platform)
    content = body(platform)
    secret, url = source.secret or "unsigned", f"https://{DOMAIN}{source.path}"
    headers = SENDERS[platform](url, secret, content, int(time.time()))
    return http_event("POST", source.path, headers=tuple(headers.items()), body=content)
