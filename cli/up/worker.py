"""One Lambda environment: imports a handler and answers one event at a time.

Knows what Lambda's own runtime client knows: the handler's name, the context object, how errors are reported.
Whatever the handler prints goes to the function's log.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cli.up.channel import Json, Parent

MAX_RESPONSE_BYTES = 6_291_556
"""Lambda's limit for the answer to a synchronous invocation."""


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """The second argument of a handler, with the attributes of Lambda's Python runtime."""

    function_name: str
    memory_limit_in_mb: int
    invoked_function_arn: str
    aws_request_id: str
    log_group_name: str
    log_stream_name: str
    deadline_ms: int
    function_version: str = "$LATEST"
    identity: None = None
    client_context: None = None

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until this environment is killed; never below 0."""
        return max(0, self.deadline_ms - int(time.time() * 1000))


Handler = Callable[[Any, LambdaContext], Any]


def load_handler(name: str) -> Handler:
    """The function behind `package.module.function`."""
    module, _, function = name.rpartition(".")
    handler: Handler = getattr(importlib.import_module(module), function)
    return handler


def describe(error: BaseException) -> dict[str, Any]:
    """An exception as Lambda answers it."""
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "stackTrace": traceback.format_tb(error.__traceback__),
    }


def answer(handler: Handler, event: Json, context: LambdaContext) -> dict[str, Any]:
    """What goes back for one event: `{"result": …}` or `{"error": …}`."""
    try:
        result = handler(event, context)
        if len(json.dumps(result)) > MAX_RESPONSE_BYTES:
            raise ValueError("Response payload size exceeded maximum allowed payload size (6291556 bytes).")  # noqa: TRY301
    except Exception as error:  # noqa: BLE001 (whatever a handler raises is an answer)
        traceback.print_exc()
        return {"error": describe(error)}
    return {"result": result}


def main() -> None:
    """Serves events until the parent is gone."""
    parent = Parent.connect(sys.argv)
    try:
        handler = load_handler(os.environ["_HANDLER"])
    except Exception as error:  # noqa: BLE001 (whatever an import raises ends this environment)
        traceback.print_exc()
        parent.send({"error": describe(error)})
        sys.exit(1)
    parent.send({"ready": True})
    while True:
        call = parent.receive()
        context = LambdaContext(
            function_name=os.environ["AWS_LAMBDA_FUNCTION_NAME"],
            memory_limit_in_mb=int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]),
            invoked_function_arn=call["arn"],
            aws_request_id=call["request_id"],
            log_group_name=os.environ["AWS_LAMBDA_LOG_GROUP_NAME"],
            log_stream_name=os.environ["AWS_LAMBDA_LOG_STREAM_NAME"],
            deadline_ms=call["deadline_ms"],
        )
        os.environ["_X_AMZN_TRACE_ID"] = call["trace"]  # boto3 sends it on
        parent.send(answer(handler, call["event"], context))


if __name__ == "__main__":
    main()
