"""What a Tropo receiver is sent: also for a body that was read only after repair, the bytes that came.

Tropo itself signed nothing, so there is no proof of its own. The receiver's answer, once its program, is not executed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.platforms.json_callback import native

if TYPE_CHECKING:
    from parley.platforms.interface import Callback
    from parley.webhook import WebhookSecrets

__all__ = ["native", "sign"]


def sign(_callback: Callback, _secrets: WebhookSecrets, _delivery_sid: str, _now_seconds: int) -> dict[str, str]:
    """No header of Tropo's own."""
    return {}
