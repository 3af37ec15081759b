"""The page: the drawing from the template, the path of an event, the invariants with the tests that guard them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cli.architecture import drawing
from cli.architecture.invariants import INVARIANTS
from cli.up.intrinsics import load

if TYPE_CHECKING:
    from cli.architecture.drawing import Template

_ROOT = Path(__file__).resolve().parents[2]
PAGE = _ROOT / "docs" / "architecture.md"

_HEAD = """\
<!-- Made by `make architecture` from template.yaml and cli/architecture; do not edit. -->
# Architecture

Seven functions, two queues with their dead letters, two tables, one API. When nothing happens, Lambda polls the queues
and the sweeper looks at the table each minute.

"""
_AFTER_DIAGRAM = """
Arrows to queues are messages that a function may send; dotted ones are dead letters. Each is what the template says,
roles included, and so are the tables that [each function](#functions) reads and writes. With the parameter
`IngestByFunctionUrl` platforms call `IngestFunction` past the API.

"""
_PATH = """
## The path of an event

```mermaid
sequenceDiagram
    participant P as platform
    participant I as IngestFunction
    participant Q as EventsQueue
    participant D as DispatcherFunction
    participant T as DataTable
    participant R as receivers
    P->>I: POST /ingest/{platform}/{source}/{token}
    I->>I: verify, name
    I->>Q: the raw bytes, deflated
    I-->>P: 2xx
    Q->>D: ten at most
    D->>T: which of them are committed? (strong read)
    D->>R: each to its webhooks, signed, at once
    R-->>D: answers
    D->>T: each failure, with the time of its next attempt
    D->>T: the event with its results, if it is not there: the commit
    D-->>Q: done
```

1. **Ingest** takes the raw bytes, finds the source by its SID and token, verifies the platform's proof, reads the
   event's name, and queues it. The answer is 2xx only when the queue has it (invariant 1). What is not genuine
   leaves a count. What is genuine and not understood is kept raw, as `unrecognised`.
2. **The event's SID** follows from source, event name and the platform's own identity, so a platform's repeat is the
   same key; without an identity it is random.
3. **The dispatcher** asks which events are committed, matches the others to the assistant's webhooks (routes are
   kept for a few seconds and asked for by a version counter), and posts to all of them at once. More than ten
   webhooks: the event is put first, with its number of chunks, then a message for each chunk.
4. **Failures first, event last.** Each target that did not succeed becomes an item with a due time; then one
   conditional put of the event commits. A crash before the commit repeats the posts, with the same `webhook-id`; a
   crash after it repeats nothing.
5. **A retry** comes by `RetryQueue` at its time, or from the sweeper, which looks each minute for what is due. It
   claims its item (a lease and the attempt's number), reads webhook and event again, posts, and writes what came of
   it by a condition.
6. **A webhook whose receiver keeps failing** is paused: its items leave the due index and wait under the webhook.
   One of them probes it each minute; after the first success the rest is drained, oldest first.
   [states.md](states.md) has every state.
7. **Replays** are jobs in the same table, a step at a time, by `RetryQueue` and the sweeper.

## Why it looks like this

The [decisions log](decisions.md) says why, line by line. Three that shape the rest:

- Queues only make things prompt. What is owed to a webhook is an item in the table with a due time, so a message
  that is lost is found, and "what has not been delivered" is a query.
- Packing makes ten subscribers cost little more than one: their posts are made in one invocation, and their results
  are one item.
- Proof is checked where the body is. The authorizer sees tokens of the management API alone; a platform's signature
  covers a body, which an API Gateway authorizer never gets.

## Functions

"""
_TABLES = """
One table is configuration, one is what happened. Partition keys say what an item is:

| item | table | `pk` | `sk` | in the index |
| --- | --- | --- | --- | --- |
| assistants, webhooks, sources | `ConfigTable` | their account's or assistant's SID | | |
| secrets | `ConfigTable` | `SEC#` and the SID | | |
| event | `DataTable` | assistant and conversation | the SID | by assistant and time of receipt |
| result of a chunk | `DataTable` | the event's | the SID and the chunk | |
| undelivered: an event × webhook | `DataTable` | `U#` webhook, shard | time of receipt, event | by due time |
| delivery that failed first and is over | `DataTable` | `D#` webhook, shard | time of receipt, event | |
| a webhook's trouble | `DataTable` | `H#` webhook | | by its next look |
| replay | `DataTable` | `J#` webhook | the SID | by its next step |
| an id that was emitted | `DataTable` | `E#` | | |

An undelivered item is in the index while it has a due time; one that waits for a paused webhook has none.

"""
_INVARIANTS = """
## Invariants

What must hold whatever happens. The simulation ([simulation.md](simulation.md)) plays the real dispatcher and
sweeper in random schedules with faults before and after every side effect; the others are named tests.

"""


def template() -> Template:
    """template.yaml, as it is written."""
    return dict(load((_ROOT / "template.yaml").read_text(encoding="utf-8")))


def page(declared: Template) -> str:
    """The page.

    Args:
        declared: The template, intrinsic functions in their long forms.
    """
    rows = (
        (str(number), _sentence(text), "<br/>".join(f"`{test}`" for test in tests))
        for number, (text, tests) in enumerate(INVARIANTS, start=1)
    )
    return "".join(
        [
            _HEAD,
            drawing.diagram(declared),
            _AFTER_DIAGRAM,
            _PATH.lstrip("\n"),
            drawing.functions(declared),
            "\n## Routes\n\n",
            drawing.routes(declared),
            "\n## Queues\n\n",
            drawing.queues(declared),
            "\n## Tables\n\n",
            drawing.tables(declared),
            _TABLES,
            _INVARIANTS.lstrip("\n"),
            drawing.table(("#", "invariant", "tests"), rows),
        ]
    )


def _sentence(text: str) -> str:
    return " ".join(text.split())
