"""Runs in a function's interpreter: imports its module, calls it with an event and prints timings on the last line.

JSON on standard input says what to run: `module` and `event` for a function, or `services` for the floor, which imports
boto3, makes their clients and calls each as often as it is named; `known` has ARNs and names. A floor without services
is the logger that our functions use.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
import time
from typing import Any


class Context:
    """Lambda's context object."""

    function_name = function_version = "probe"
    memory_limit_in_mb = 512
    aws_request_id = "00000000-0000-0000-0000-000000000000"
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:probe"
    log_group_name = log_stream_name = "probe"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 15_000


def function(given: dict[str, Any]) -> Any:
    handler = importlib.import_module(given["module"]).handler
    return lambda: handler(given["event"], Context())


def clients(given: dict[str, Any]) -> Any:
    import boto3  # noqa: PLC0415 - timed

    known: dict[str, dict[str, Any]] = given["known"]
    made = {service: boto3.client(service) for service in dict.fromkeys(given["services"])}

    def call() -> None:
        for service in given["services"]:
            operation, request = known[service]["operation"], known[service]["request"]
            getattr(made[service], operation)(**request)

    return call


def logger(_given: dict[str, Any]) -> Any:
    if importlib.util.find_spec("aws_lambda_powertools"):
        from aws_lambda_powertools import Logger  # noqa: PLC0415 - timed

        made = Logger(service="floor")
        return lambda: made.info("nothing", requestId="none")
    import logging  # noqa: PLC0415 - timed

    logging.basicConfig(stream=sys.stdout, level=logging.INFO)
    return lambda: logging.getLogger("floor").info("nothing")


def main() -> None:
    given = json.load(sys.stdin)
    load = function if "module" in given else clients if given["services"] else logger
    wall, cpu = time.perf_counter(), time.process_time()
    answer = load(given)
    loaded_wall, loaded_cpu = time.perf_counter(), time.process_time()
    answer()
    answered_wall, answered_cpu = time.perf_counter(), time.process_time()
    seconds = {
        "load": loaded_wall - wall,
        "load_cpu": loaded_cpu - cpu,
        "answer": answered_wall - loaded_wall,
        "answer_cpu": answered_cpu - loaded_cpu,
    }
    print()
    print(json.dumps({name: took * 1000 for name, took in seconds.items()}))


if __name__ == "__main__":
    main()
