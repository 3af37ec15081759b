"""What happens by time alone: schedules invoke their functions, and a table's TTL removes what has expired."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cli.up.channel import Parent
from cli.up.deployment import Deployment
from cli.up.events import scheduled_event
from cli.up.pool import InvocationError, Pool
from cli.up.pump import say
from cli.up.resources import dynamodb_client

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from cli.up.template import Schedule, Table

TTL_EVERY_SECONDS = 60
"""DynamoDB deletes expired items within days; items are deleted late here too, but one can watch it happen."""


async def keep_schedule(schedule: Schedule, pool: Pool, *, region: str, time_scale: float) -> None:
    """Invokes the function every so often. A run that lasts longer than the interval delays the next."""
    interval = schedule.every_seconds / time_scale
    due = time.monotonic() + interval
    while True:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        due = max(due + interval, time.monotonic())
        event = json.loads(schedule.input) if schedule.input else scheduled_event(schedule.name, region, time.time())
        try:
            await pool.invoke(event)
        except InvocationError as error:
            say(f"{schedule.name}: {error}")


def delete_expired(client: DynamoDBClient, table: Table, name: str, now_seconds: int) -> int:
    """Deletes a table's items whose TTL attribute has passed; returns how many.

    Args:
        client: Client of the engine's tables.
        table: Its key and TTL attribute.
        name: The table's name.
        now_seconds: The present, in epoch seconds.
    """
    keys = [entry["AttributeName"] for entry in table.schema["KeySchema"]]
    names = {f"#k{index}": key for index, key in enumerate(keys)} | {"#ttl": str(table.ttl_attribute)}
    expired: dict[str, Any] = {":now": {"N": str(now_seconds)}}
    pages = client.get_paginator("scan").paginate(
        TableName=name,
        ProjectionExpression=", ".join(f"#k{index}" for index in range(len(keys))),
        FilterExpression="#ttl < :now",
        ExpressionAttributeNames=names,
        ExpressionAttributeValues=expired,
    )
    deleted = 0
    for page in pages:
        for item in page["Items"]:
            try:
                client.delete_item(
                    TableName=name,
                    Key={key: item[key] for key in keys},
                    # an item that was written anew since the scan stays
                    ConditionExpression="#ttl < :now",
                    ExpressionAttributeNames={"#ttl": str(table.ttl_attribute)},
                    ExpressionAttributeValues=expired,
                )
            except client.exceptions.ConditionalCheckFailedException:
                continue
            deleted += 1
    return deleted


async def keep_ttl(client: DynamoDBClient, table: Table, name: str, *, time_scale: float) -> None:
    """Deletes a table's expired items again and again."""
    while True:
        await asyncio.sleep(TTL_EVERY_SECONDS / time_scale)
        try:
            await asyncio.to_thread(delete_expired, client, table, name, int(time.time()))
        except (BotoCoreError, ClientError) as error:
            say(f"{table.logical_id}: {error}")


async def _main(parent: Parent) -> None:
    deployment = Deployment.from_json(parent.receive()["deployment"])
    template, scale = deployment.template, deployment.time_scale
    dynamodb = dynamodb_client(deployment.engine)
    parent.send({"ready": True})
    async with asyncio.TaskGroup() as tasks:
        for schedule in template.schedules:
            pool = Pool(deployment, template.functions[schedule.function], size=1)
            tasks.create_task(keep_schedule(schedule, pool, region=deployment.engine.region, time_scale=scale))
        for table in template.tables:
            if table.ttl_attribute:
                name = deployment.resources[table.logical_id][""]
                tasks.create_task(keep_ttl(dynamodb, table, name, time_scale=scale))


def main() -> None:
    """Keeps time until the supervisor is gone."""
    asyncio.run(_main(Parent.connect(sys.argv)))


if __name__ == "__main__":
    main()
