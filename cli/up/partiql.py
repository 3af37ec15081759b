"""`INSERT` with parameters, the one statement of PartiQL that the bundle uses: moto's parser knows no parameters in it,
and writes over what is there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from moto.dynamodb.exceptions import ConditionalCheckFailed
from moto.dynamodb.models import DynamoDBBackend

_INSERT = re.compile(r"""INSERT INTO "([\w.-]+)" VALUE \{('\w+': \?(?:, '\w+': \?)*)\}""")


def inserted(statement: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The table and the item of an `INSERT`.

    Raises:
        ValueError: When it is another statement.
    """
    found = _INSERT.fullmatch(statement["Statement"])
    if found is None:
        raise ValueError(f"not the INSERT that is known here: {statement['Statement']}")
    names = [part.partition("'")[0] for part in found[2].removeprefix("'").split(", '")]
    return found[1], dict(zip(names, statement["Parameters"], strict=True))


def teach_moto() -> None:
    """Makes moto insert as DynamoDB does: an item that is there is refused, the other statements run."""

    def batch_execute_statement(self: DynamoDBBackend, statements: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [_answer(self, *inserted(statement)) for statement in statements]

    DynamoDBBackend.batch_execute_statement = batch_execute_statement  # type: ignore[method-assign] # it has no other place for it


def _answer(backend: DynamoDBBackend, table: str, item: dict[str, Any]) -> dict[str, Any]:
    try:
        backend.put_item(table, item, condition_expression="attribute_not_exists(pk)")
    except ConditionalCheckFailed:
        return {"Error": {"Code": "DuplicateItem", "Message": "Duplicate primary key exists in table"}}
    return {"TableName": table}
