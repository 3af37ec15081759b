"""Where each item of the config table stands. Nothing else spells a key.

| item | pk | sk |
| --- | --- | --- |
| assistant | `AC…` | `UA…` |
| an assistant's name | `AC…` | `N#<unique name>` |
| an account's counters | `AC…` | `COUNT` |
| webhook | `UA…` | `UM…` |
| version of an assistant's set of webhooks | `UA…` | `UM#version` |
| source | `UA…` | `SR…` |
| a webhook's, a source's name | `UA…` | `N#W#<unique name>`, `N#S#<unique name>` |
| secrets of a webhook or source | `SEC#<sid>` | `S` |

The version sorts before every webhook, so that one query of `UM` reads it first. Secrets have partitions of their own
because IAM can tell functions apart by partition only (`dynamodb:LeadingKeys`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.attributes import to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Key = dict[str, AttributeValueTypeDef]

# DynamoDB takes no sort key of more than 1,024 bytes: a longer name, in a path, is nobody's.
MOST_NAME_CHARACTERS = 64


def _key(pk: str, sk: str) -> Key:
    return to_item({"pk": pk, "sk": sk})


def assistant(account_sid: str, assistant_sid: str) -> Key:
    """An assistant."""
    return _key(account_sid, assistant_sid)


def assistant_name(account_sid: str, unique_name: str) -> Key:
    """The name of an assistant, unique in its account."""
    return _key(account_sid, f"N#{unique_name}")


def counters(account_sid: str) -> Key:
    """How many webhooks an account has."""
    return _key(account_sid, "COUNT")


def webhook(assistant_sid: str, webhook_sid: str) -> Key:
    """A webhook without its secrets."""
    return _key(assistant_sid, webhook_sid)


def webhook_name(assistant_sid: str, unique_name: str) -> Key:
    """The name of a webhook, unique in its assistant."""
    return _key(assistant_sid, f"N#W#{unique_name}")


def webhooks_version(assistant_sid: str) -> Key:
    """Counts the changes of an assistant's webhooks."""
    return _key(assistant_sid, "UM#version")


def source(assistant_sid: str, source_sid: str) -> Key:
    """A source without its secrets."""
    return _key(assistant_sid, source_sid)


def source_name(assistant_sid: str, unique_name: str) -> Key:
    """The name of a source, unique in its assistant."""
    return _key(assistant_sid, f"N#S#{unique_name}")


def secrets(sid: str) -> Key:
    """What only the functions that sign or verify can read."""
    return _key(f"SEC#{sid}", "S")
