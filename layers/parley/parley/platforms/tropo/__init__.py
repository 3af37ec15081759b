"""Tropo Web API: JSON, proven by credentials in the URL where the source has them."""

from __future__ import annotations

from parley.platforms.interface import USERINFO, Platform
from parley.platforms.tropo import callback, guide, naming, proof, reply

PLATFORM = Platform(
    name="tropo",
    methods=frozenset({"POST"}),
    names=naming.NAMES,
    secret_rule=USERINFO,
    bare_token=False,
    verify=proof.verify,
    describe=naming.describe,
    answer=reply.answer,
    native=callback.native,
    sign=callback.sign,
    steps=guide.steps,
)
