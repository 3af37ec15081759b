"""Twilio Autopilot event webhooks: forms or queries, proven by `X-Twilio-Signature`."""

from __future__ import annotations

from parley.platforms.autopilot import callback, guide, naming, proof, reply
from parley.platforms.interface import REQUIRED, Platform

PLATFORM = Platform(
    name="autopilot",
    methods=frozenset({"GET", "POST"}),
    names=naming.NAMES,
    secret_rule=REQUIRED,
    bare_token=False,
    verify=proof.verify,
    describe=naming.describe,
    answer=reply.answer,
    native=callback.native,
    sign=callback.sign,
    steps=guide.steps,
)
