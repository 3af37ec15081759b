"""Why a delivery stands as it does: every reason there is, and what comes next. Plain values in, plain values out.

A delivery that goes its ordinary way has none: `delivered` (its receiver answered 2xx) and `retrying` by its schedule.
"""

from __future__ import annotations

from dataclasses import dataclass

from parley import webhook

# on its way
RETRY_AFTER = "retry_after"
SLOW_LANE = "slow_lane"
CROWDED = "crowded"
DISPATCHER_ERROR = "dispatcher_error"
RESEND = "resend"
REPLAY = "replay"
TEST = "test"
# waiting with its webhook
PAUSED = webhook.PAUSED
GONE = webhook.GONE
BY_USER = webhook.BY_USER
FAILING = webhook.FAILING
# ended
SCHEDULE_ENDED = "schedule_ended"
WEBHOOK_DELETED = "webhook_deleted"
RETENTION_ENDED = "retention_ended"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason.

    Attributes:
        statuses: Which a delivery with this reason may have.
        means: How it came to that.
        then: What happens next, by itself or by whose doing.
    """

    name: str
    statuses: tuple[str, ...]
    means: str
    then: str


REASONS = (
    Reason(
        RETRY_AFTER,
        ("retrying",),
        "its receiver asked, with `Retry-After` on 429 or 503, that its webhook be left alone",
        "the attempt that was due is made when that time is over, an hour at most; none is used up",
    ),
    Reason(
        SLOW_LANE,
        ("retrying",),
        "three of its webhook's last five attempts took over a second",
        "its first attempt is made at once, by itself, out of everybody else's way",
    ),
    Reason(
        CROWDED,
        ("retrying",),
        "the events that came with it were so large that one function's memory would not have held all their callbacks",
        "its first attempt is made at once, in another batch",
    ),
    Reason(
        DISPATCHER_ERROR,
        ("retrying", "exhausted"),
        "dispatching its event failed fifty times, so the event was recorded without posting; or, `exhausted`, eight"
        " dispatchers in a row died at an attempt",
        "its first attempt is made a minute later; of one that is exhausted nothing but `delivery.exhausted` is"
        " announced, and a resend or a replay sends it again",
    ),
    Reason(RESEND, ("retrying",), "it was over, and somebody sent it again by hand", "one attempt at once"),
    Reason(REPLAY, ("retrying",), "a replay sends it", "one attempt in the replay's turn"),
    Reason(
        TEST,
        ("retrying", "exhausted"),
        "it is a test event's",
        "one attempt at once; if it fails, the delivery is exhausted and no schedule begins",
    ),
    Reason(
        PAUSED,
        ("waiting",),
        "its webhook is paused, because its receiver kept failing",
        "it may be the event that probes; after the first success it is sent, oldest first. No attempt is used up",
    ),
    Reason(
        GONE,
        ("waiting",),
        "a receiver answered 410, which disabled the webhook",
        "it is sent when the webhook is enabled again, else it expires",
    ),
    Reason(BY_USER, ("waiting",), "its webhook was disabled by a user", "as for `gone`"),
    Reason(
        FAILING,
        ("waiting",),
        "its webhook was disabled, because nothing succeeded for five days",
        "as for `gone`",
    ),
    Reason(
        SCHEDULE_ENDED,
        ("exhausted",),
        "the attempt after the schedule's last entry failed",
        "nothing; `delivery.exhausted` is announced. A resend or a replay sends it again",
    ),
    Reason(
        WEBHOOK_DELETED,
        ("cancelled",),
        "its webhook, or the assistant with all of them, was deleted",
        "nothing",
    ),
    Reason(
        RETENTION_ENDED,
        ("expired",),
        "its event was kept for `RetentionDays` and is gone",
        "nothing",
    ),
)
