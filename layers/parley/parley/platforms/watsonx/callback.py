"""What a watsonx receiver is sent. Its proof is the JWT that every platform can have (`parley.signing.callback`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.platforms.json_callback import native

if TYPE_CHECKING:
    from parley.platforms.interface import Callback
    from parley.webhook import WebhookSecrets

__all__ = ["native", "sign"]


def sign(_callback: Callback, _secrets: WebhookSecrets, _delivery_sid: str, _now_seconds: int) -> dict[str, str]:
    """No header beside the JWT."""
    return {}
