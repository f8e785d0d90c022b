"""The rows: every AWS call of every function, and in which scenario it is made to go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.faults.calls import Call
from tests.faults.proxy import Fault

API, ASK, GIVE_UP, RECONCILE = "approval_api", "request_approval", "give_up_request", "reconcile_request"
# A mail has gone out, and before that was noted its sender died (or was not told): asked again, it goes out again.
UNTOLD = {Fault.LOST: 1, Fault.CRASH_AFTER: 1}
UNNOTED = {Fault.CRASH_BEFORE: 1}
# The mail to the operator is not noted by whoever lives on, but by Lambda's next try, which sends it again.
REFUSED = {Fault.THROTTLED: 1, Fault.SERVER_ERROR: 1}
UNSURE = REFUSED | UNNOTED | {Fault.CRASH_AFTER: 1}


@dataclass(frozen=True, kw_only=True)
class Row:
    """`number`: which of the handler's calls of this operation, from where the scenario begins.

    doubled  mails that go out once more, by fault; where none is named, none may
    """

    call: Call
    scenario: str
    number: int
    purpose: str
    doubled: Mapping[Fault, int] = field(default_factory=dict)


def _rows(handler: str, scenario: str, *calls: tuple) -> list[Row]:
    return [
        Row(
            call=Call(handler, place, operation),
            scenario=scenario,
            number=number,
            purpose=purpose,
            doubled=doubled[0] if doubled else {},
        )
        for place, operation, number, purpose, *doubled in calls
    ]


ROWS = [
    *_rows(
        API,
        "look",
        ("_open, get 1", "GetItem", 1, "find the request"),
        ("as_known, execution 1", "DescribeExecution", 1, "see whether anybody waits"),
    ),
    *_rows(
        API,
        "approve",
        ("_open, get 1", "GetItem", 1, "find the request"),
        ("as_known, execution 1", "DescribeExecution", 1, "see whether anybody waits"),
        ("_vote, change 2", "GetItem", 2, "read before the vote"),
        ("_vote, change 2", "UpdateItem", 1, "write the vote"),
        ("settle, give 1", "SendTaskSuccess", 1, "hand the answer over"),
        ("settle, change 1", "GetItem", 3, "read before noting that it is handed over"),
        ("settle, change 1", "UpdateItem", 2, "note that it is handed over"),
    ),
    *_rows(API, "reject", ("settle, give 1", "SendTaskFailure", 1, "hand the answer over")),
    *_rows(
        API,
        "press, but the run was stopped",
        ("_vote, change 1", "GetItem", 2, "read before closing"),
        ("_vote, change 1", "UpdateItem", 1, "close the request"),
    ),
    *_rows(
        API,
        "press, but the workflow has the answer",
        ("settle, execution 1", "DescribeExecution", 1, "see what became of the run"),
        ("settle, change 2", "GetItem", 4, "read before noting that it is handed over"),
        ("settle, change 2", "UpdateItem", 2, "note that it is handed over"),
    ),
    *_rows(
        ASK,
        "ask",
        ("ask, change 1", "GetItem", 1, "look for the record"),
        ("ask, change 1", "PutItem", 1, "make the record"),
        ("as_known, execution 1", "DescribeExecution", 1, "see whether anybody waits"),
        ("_publish, publish 1", "Publish", 1, "send the first mail", UNTOLD),
        ("_note, change 1", "GetItem", 2, "read before noting the first mail", UNNOTED | {Fault.CRASH_AFTER: 1}),
        ("_note, change 1", "UpdateItem", 1, "note the first mail", UNNOTED),
        ("_publish, publish 1", "Publish", 2, "send the last mail", UNTOLD),
        ("_note, change 1", "UpdateItem", 2, "note the last mail", UNNOTED),
    ),
    *_rows(ASK, "remind", ("ask, change 1", "UpdateItem", 1, "take the next round")),
    *_rows(
        ASK,
        "ask, but SNS refuses at first",
        ("ask, change 3", "GetItem", 2, "read before giving the lease back"),
        ("ask, change 3", "UpdateItem", 1, "give the lease back"),
        ("_come_back, change_message_visibility 1", "ChangeMessageVisibility", 1, "bring the retry forward"),
    ),
    *_rows(
        ASK,
        "ask, but the run was stopped",
        ("ask, change 2", "GetItem", 2, "read before closing"),
        ("ask, change 2", "UpdateItem", 2, "close the request"),
    ),
    *_rows(
        ASK,
        "asked for a late decision",
        ("tell_late_decision, get 1", "GetItem", 1, "read what was decided"),
    ),
    *_rows(
        ASK,
        "asked for a late decision, and there is none",
        ("tell_late_decision, give 1", "SendTaskFailure", 1, "say that there is none"),
    ),
    *_rows(ASK, "ask what is given up", ("ask, give 1", "SendTaskFailure", 1, "fail the run")),
    *_rows(ASK, "ask too few", ("ask, give 2", "SendTaskFailure", 1, "refuse")),
    *_rows(
        ASK,
        "ask what is decided",
        ("settle, give 1", "SendTaskSuccess", 1, "hand the answer over"),
        ("settle, change 1", "GetItem", 2, "read before noting that it is handed over"),
        ("settle, change 1", "UpdateItem", 1, "note that it is handed over"),
    ),
    *_rows(ASK, "ask what is rejected", ("settle, give 1", "SendTaskFailure", 1, "hand the answer over")),
    *_rows(
        ASK,
        "ask, but the workflow has the answer",
        ("settle, execution 1", "DescribeExecution", 1, "see what became of the run"),
        ("settle, change 2", "GetItem", 3, "read before noting that it is handed over"),
        ("settle, change 2", "UpdateItem", 2, "note that it is handed over"),
    ),
    *_rows(
        GIVE_UP,
        "give up",
        ("give_up, get 1", "GetItem", 1, "find the record"),
        ("give_up, give 1", "SendTaskFailure", 1, "fail the run"),
        ("give_up, change 1", "GetItem", 2, "read before closing"),
        ("give_up, change 1", "UpdateItem", 1, "close the request"),
    ),
    *_rows(
        GIVE_UP,
        "give up what is decided",
        ("settle, give 1", "SendTaskSuccess", 1, "hand the answer over"),
        ("settle, change 1", "GetItem", 2, "read before noting that it is handed over"),
        ("settle, change 1", "UpdateItem", 1, "note that it is handed over"),
    ),
    *_rows(GIVE_UP, "give up what is rejected", ("settle, give 1", "SendTaskFailure", 1, "hand the answer over")),
    *_rows(
        GIVE_UP,
        "give up, but the workflow has the answer",
        ("settle, execution 1", "DescribeExecution", 1, "see what became of the run"),
        ("settle, change 2", "GetItem", 3, "read before noting that it is handed over"),
        ("settle, change 2", "UpdateItem", 2, "note that it is handed over"),
    ),
    *_rows(
        RECONCILE,
        "told that the run was stopped",
        ("_when_over, execution 1", "DescribeExecution", 1, "see how it ended"),
        ("reconcile, requests_of 1", "Query", 1, "find the request"),
        ("reconcile, change 1", "GetItem", 1, "read before closing"),
        ("reconcile, change 1", "UpdateItem", 1, "close the request"),
        ("_tell, publish 1", "Publish", 1, "tell the operator", UNTOLD),
        ("_tell, change 1", "GetItem", 2, "read before noting that the operator is told", UNSURE),
        ("_tell, change 1", "UpdateItem", 2, "note that the operator is told", REFUSED | UNNOTED),
    ),
]
