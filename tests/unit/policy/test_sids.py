"""SIDs: which are equal, and which lead back to which."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parley import sids

hexes = st.integers(0, 2**128 - 1).map(lambda number: f"{number:032x}")
texts = st.text(min_size=1, max_size=20)


def of(identity: str | None = "i", conversation: str | None = "c", rid: str = "r", name: str = "n") -> str:
    return sids.event_sid(
        assistant_sid="UA1", source_sid="SR1", event_name=name, conversation_id=conversation, identity=identity, rid=rid
    )


@given(event=hexes, webhook=hexes)
def test_a_delivery_leads_back_to_its_event(event, webhook):
    event_sid, webhook_sid = f"EV{event}", f"UM{webhook}"
    delivery = sids.delivery_sid(event_sid, webhook_sid)
    assert sids.is_sid(delivery, sids.DELIVERY)
    assert sids.event_sid_of(delivery, webhook_sid) == event_sid


@given(event=hexes, one=hexes, other=hexes)
def test_one_event_has_different_deliveries_at_different_webhooks(event, one, other):
    equal = sids.delivery_sid(f"EV{event}", f"UM{one}") == sids.delivery_sid(f"EV{event}", f"UM{other}")
    assert equal == (one == other)


@given(identity=texts, conversation=st.none() | texts, one=texts, other=texts)
def test_a_repeat_has_the_same_sid_whatever_its_acceptance(identity, conversation, one, other):
    assert of(identity, conversation, one) == of(identity, conversation, other)


@given(conversation=st.none() | texts, one=texts, other=texts)
def test_without_identity_every_receipt_is_an_event(conversation, one, other):
    assert (of(None, conversation, one) == of(None, conversation, other)) == (one == other)


def test_name_and_identity_tell_events_apart():
    assert len({of(), of(identity="j"), of(name="m"), of(identity=None, rid="i")}) == 4


@given(conversation=texts, one=texts, other=texts)
def test_a_conversation_is_one_partition(conversation, one, other):
    partition = sids.conversation_partition("UA1", conversation)
    assert sids.partition_of(of(one, conversation)) == sids.partition_of(of(other, conversation)) == partition


def test_parts_do_not_run_together():
    assert sids.conversation_partition("UA1", "ab") != sids.conversation_partition("UA1a", "b")


def test_new_sids_have_their_kind():
    sid = sids.new_sid(sids.WEBHOOK)
    assert sids.is_sid(sid, "UM")
    assert not sids.is_sid(sid, "UA")
    assert not sids.is_sid(sid.upper(), "UM")
    assert not sids.is_sid(sid + "0", "UM")
    assert not sids.is_sid(sid + "\n", "UM")


@given(digits=hexes, text=texts)
def test_what_stands_for_a_sid_in_an_item_leads_back_to_it(digits, text):
    sid = f"{sids.ACCOUNT}{digits}"
    assert sids.to_bytes(sid, sids.ACCOUNT) == bytes.fromhex(digits)
    for whole, kind in ((sid, sids.ACCOUNT), (sid, sids.SOURCE), (text, sids.SOURCE)):
        assert sids.from_bytes(sids.to_bytes(whole, kind), kind) == whole
