"""The two tables: keys, how long things stay, and that a deleted stack leaves them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from parley.data_table import due, events
from tests.template.resources import of_type

if TYPE_CHECKING:
    from tests.template.translation import Template

TABLES = ("ConfigTable", "DataTable")


def test_exactly_two_tables_are_declared(translated: Template) -> None:
    assert set(of_type(translated, "AWS::DynamoDB::Table")) == set(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_a_table_outlives_its_stack_and_can_be_restored(translated: Template, table: str) -> None:
    resource = translated["Resources"][table]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    assert resource["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    own = {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": {"Ref": "KmsKeyArn"}}
    assert resource["Properties"]["SSESpecification"] == {"Fn::If": ["HasKey", own, {"SSEEnabled": True}]}
    assert "TableName" not in resource["Properties"]


@pytest.mark.parametrize("table", TABLES)
def test_a_table_is_paid_by_use_and_forgets_by_the_expiry_of_each_item(translated: Template, table: str) -> None:
    properties = translated["Resources"][table]["Properties"]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert {key["AttributeName"]: key["KeyType"] for key in properties["KeySchema"]} == {"pk": "HASH", "sk": "RANGE"}


class Recording(defaultdict[str, Any]):
    """An item that has every attribute, and remembers which ones were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.read: set[str] = set()

    def __missing__(self, name: str) -> Any:
        self.read.add(name)
        return {"pk": "U#UM0#0", "sk": f"{1:013d}#EV0", "isk": f"{1:013d}#EV0", "at": 1}.get(name, "")

    def get(self, name: str, default: Any = None) -> Any:
        self.read.add(name)
        return default


def test_the_index_has_what_is_read_from_it_and_no_payload(translated: Template) -> None:
    properties = translated["Resources"]["DataTable"]["Properties"]
    [index] = properties["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "ByTime"
    assert {key["AttributeName"]: key["KeyType"] for key in index["KeySchema"]} == {"ipk": "HASH", "isk": "RANGE"}
    assert index["Projection"]["ProjectionType"] == "INCLUDE"
    projected = index["Projection"]["NonKeyAttributes"]
    item = Recording()
    events.listed(item)
    due._due(item)
    assert set(projected) == item.read - {"pk", "sk", "ipk", "isk"}
    assert len(projected) <= 20, "DynamoDB takes no more"
