"""ClickFunnels MessageHub, which is Chatwoot: JSON, proven by `X-Chatwoot-Signature` where it is signed."""

from __future__ import annotations

from parley.platforms.interface import OPTIONAL, Platform
from parley.platforms.messagehub import callback, guide, naming, proof, reply

PLATFORM = Platform(
    name="messagehub",
    methods=frozenset({"POST"}),
    names=naming.NAMES,
    secret_rule=OPTIONAL,
    bare_token=False,
    verify=proof.verify,
    describe=naming.describe,
    answer=reply.answer,
    native=callback.native,
    sign=callback.sign,
    steps=guide.steps,
)
