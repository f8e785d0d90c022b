"""Where the emulator differs from AWS, the program is written for AWS and the sandbox bends here, in one place.

What must be changed inside the emulator is in `launcher.py`. Known and left: on AWS, a table's policy binds PartiQL's
writes, too; here nothing holds them against it.
"""

from __future__ import annotations

import json
from typing import Any

# AWS gives each API a host name; the emulator's needs DNS that not every machine has, so this is its path form.
# The stage is part of it: what appends a path to `apiEndpoint` gets an address that a browser and a function can open.
API_ENDPOINT = "{endpoint}/_aws/execute-api/{ApiId}/$default"
TASK_CALLBACKS = {"states:SendTaskSuccess", "states:SendTaskFailure", "states:SendTaskHeartbeat"}
STREAM_READS = {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"}
UNTOLD = (TASK_CALLBACKS, STREAM_READS, {"ses:SendEmail"})
UNKNOWN_KEYS = ("events:source", "ses:FromAddress")


def as_told_apart(policy: str) -> str:
    """AWS checks SendTask* against the state machine's ARN; the emulator, which cannot tell it from a token, against *.
    So it does for reads of a stream and for SES. And two conditions' keys, it does not have at all.

    Only statements that allow nothing but these are widened, so a statement that mixes them in with other actions
    is denied here, as a broken least-privilege rule should be.
    """
    document = json.loads(policy)
    for statement in statements(document):
        actions = set(one_or_many(statement.get("Action", [])))
        if statement["Effect"] == "Allow" and actions and any(actions <= one for one in UNTOLD):
            statement["Resource"] = "*"
        for operator in [*statement.get("Condition", ())]:
            for key in UNKNOWN_KEYS:
                statement["Condition"][operator].pop(key, None)
            if not statement["Condition"][operator]:
                del statement["Condition"][operator]
    return json.dumps(document)


def statements(document: dict[str, Any]) -> list[dict[str, Any]]:
    found = document["Statement"]
    return found if isinstance(found, list) else [found]


def one_or_many(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
