"""IBM watsonx Assistant log webhooks: JSON, proven by a JWT or a header of the owner's own."""

from __future__ import annotations

from parley.platforms.interface import GENERATED, Platform
from parley.platforms.watsonx import callback, guide, naming, proof, reply

PLATFORM = Platform(
    name="watsonx",
    methods=frozenset({"POST"}),
    names=naming.NAMES,
    secret_rule=GENERATED,
    bare_token=True,
    verify=proof.verify,
    describe=naming.describe,
    answer=reply.answer,
    native=callback.native,
    sign=callback.sign,
    steps=guide.steps,
)
