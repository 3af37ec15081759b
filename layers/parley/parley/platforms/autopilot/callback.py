"""What an Autopilot receiver is sent: the parameters that came, with our `WebhookSid`, as a form or as a query.

However the event came: a GET to us may be a POST to the receiver and the reverse. A GET is at most 8,000 bytes of URL.
`Memory` is never in it, as Autopilot itself never put it there. If the rest is too long, it is shortened in this order
until it fits, and the header `Parley-Shortened` names what was:

1. parameters that the documents do not name are dropped, the last first;
2. `DialoguePayloadUrl`, then `Fields` (a JSON text: half of it is nothing) are dropped;
3. `AssistantResponse`, `CurrentInput`, `CollectErrorMessage`, `ActionsError`, `CollectOutput` are cut at a character;
4. all others are cut likewise, the last first: only parameters longer than any that Autopilot sends come to this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from parley.platforms import form
from parley.platforms.interface import Callback
from parley.signing import twilio

if TYPE_CHECKING:
    from parley.event import Event
    from parley.webhook import Webhook, WebhookSecrets

LONGEST_GET_BYTES = 8_000
SHORTENED = "Parley-Shortened"

_WEBHOOK_SID = b"WebhookSid"
_MEMORY = b"Memory"
_DROPPED = (b"DialoguePayloadUrl", b"Fields", b"Field")
_CUT = (b"AssistantResponse", b"CurrentInput", b"CollectErrorMessage", b"ActionsError", b"CollectOutput")
_OTHERS = (
    b"Sid EventDate WebhookSid Event EventType AccountSid AssistantSid DialogueSid UserIdentifier CurrentTask Language "
    b"Channel DialogueEntryPoint DialogueEndReason InvocationMethod TaskEndReason CollectName CollectSid "
    b"CollectFieldType CollectAttempt CollectFieldFilled CollectFieldName CollectSuccess CollectValidation ActionsUrl "
    b"ActionsMethod ActionsHttpResponse ActionsValidation"
).split()
_DOCUMENTED = frozenset((*_DROPPED, *_CUT, *_OTHERS))

_LATER_BYTES = range(0b1000_0000, 0b1100_0000)  # of a UTF-8 character: 10xxxxxx

# The names in the header come from the sender: it must not grow with them.
_MOST_NAMED = 20
_LONGEST_NAMED = 64


def _with_query(url: str, query: str) -> str:
    """The query behind the one that the URL already has."""
    if not query:
        return url
    if "?" not in url:
        return f"{url}?{query}"
    return f"{url}{'' if url.endswith(('?', '&')) else '&'}{query}"


def _size(pair: tuple[bytes, bytes]) -> int:
    return form.encoded_size(pair[0]) + form.encoded_size(pair[1]) + len("&=")  # the first has ? for &


def _cut(pair: tuple[bytes, bytes], excess: int) -> tuple[bytes, bytes]:
    """The pair, shorter by at least that many encoded bytes if it can be; never inside a UTF-8 character."""
    name, value = pair
    target = _size(pair) - excess
    low, high = 0, max(0, min(len(value), target))
    while low < high:  # the longest beginning that fits
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _size((name, value[:middle])) <= target else (low, middle - 1)
    for _ in range(3):  # a character has three later bytes at most
        if 0 < low < len(value) and value[low] in _LATER_BYTES:
            low -= 1
    return name, value[:low]


def _named(names: list[bytes]) -> str:
    shown = [quote(name[:_LONGEST_NAMED]) for name in names[:_MOST_NAMED]]
    more = len(names) - len(shown)
    return ",".join([*shown, *([f"+{more}"] if more else [])])


def shorten(pairs: form.Pairs, most_bytes: int) -> tuple[form.Pairs, str | None]:
    """The pairs in at most that many bytes of query, the sign before it counted, by the rules above.

    Args:
        pairs: Without `Memory`.
        most_bytes: Less than what empty values need cannot be reached; the query is then as short as it gets.

    Returns:
        The pairs that are left, and what `Parley-Shortened` says; None when nothing had to go.
    """
    excess = sum(map(_size, pairs)) - most_bytes
    if excess <= 0:
        return pairs, None
    kept: list[tuple[bytes, bytes] | None] = list(pairs)
    places = range(len(pairs))
    unknown = [place for place in reversed(places) if pairs[place][0] not in _DOCUMENTED]
    droppable = [place for name in _DROPPED for place in places if pairs[place][0] == name]
    texts = [place for name in _CUT for place in places if pairs[place][0] == name]
    others = [place for place in reversed(places) if place not in {*unknown, *droppable, *texts}]
    dropped: list[bytes] = []
    cut: list[bytes] = []
    for place in [*unknown, *droppable]:
        if excess > 0:
            excess -= _size(pairs[place])
            kept[place] = None
            dropped.append(pairs[place][0])
    for place in [*texts, *others]:
        if excess > 0 and pairs[place][1]:
            kept[place] = shorter = _cut(pairs[place], excess)
            excess -= _size(pairs[place]) - _size(shorter)
            cut.append(pairs[place][0])
    said = [f"{verb}={_named(names)}" for verb, names in (("dropped", dropped), ("cut", cut)) if names]
    return tuple(pair for pair in kept if pair is not None), "; ".join(said) or None


def native(event: Event, webhook: Webhook) -> Callback:
    """The callback in the webhook's method.

    A body that is no form (an unrecognised event) goes as it came, by POST, with its hash in the URL's query, where
    Twilio's validator looks for it.
    """
    if not form.is_form(event.method, event.content_type):
        url = _with_query(webhook.url, f"{twilio.BODY_HASH}={twilio.body_hash(event.payload)}")
        headers = {"Content-Type": event.content_type} if event.content_type else {}
        return Callback(method="POST", url=url, headers=headers, body=event.payload)
    params = form.replace(event.payload, _WEBHOOK_SID, webhook.sid.encode())
    if webhook.method != "GET":
        content_type = (None if event.method == "GET" else event.content_type) or form.CONTENT_TYPE
        return Callback(method="POST", url=webhook.url, headers={"Content-Type": content_type}, body=params)
    pairs = tuple(pair for pair in form.parse(params) if pair[0] != _MEMORY)
    pairs, shortened = shorten(pairs, LONGEST_GET_BYTES - len(webhook.url.encode()))
    headers = {SHORTENED: shortened} if shortened else {}
    return Callback(method="GET", url=_with_query(webhook.url, form.encode(pairs)), headers=headers, body=b"")


def sign(callback: Callback, secrets: WebhookSecrets, _delivery_sid: str, _now_seconds: int) -> dict[str, str]:
    """Twilio's signature by the newest secret, over the URL as it is called and the form's parameters."""
    is_form = form.is_form(callback.method, callback.headers.get("Content-Type"))
    params = form.parse(callback.body) if is_form else ()
    return {twilio.HEADER: twilio.signature(secrets.secrets[0], callback.url, params)}
