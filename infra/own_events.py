"""Finds event patterns that match events of this workflow itself: each run would start the next one.

A pattern is held against a model of those events. What is not known before the deployment (account, region, the end of
the state machine's name) may be anything there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any

OR = "$or"
MACHINE = "workflow-machine-"  # how the state machine's name begins; Pulumi adds its end
# Where the sign of a `Stretch` stands, the text is not known.
MACHINE_ARN = f"arn:~:states:~:#:stateMachine:{MACHINE}&"
EXECUTION_ARN = f"arn:~:states:~:#:execution:{MACHINE}&:~"


class Stretch(Enum):
    """Text of unknown length, of known characters."""

    ANY = "*"
    WITHOUT_COLON = "~"
    DIGITS = "#"
    HEX_DIGITS = "&"

    def takes(self, one: object) -> bool:
        return one is Stretch.ANY or (isinstance(one, str) and re.fullmatch(CHARACTERS[self], one) is not None)


CHARACTERS = {
    Stretch.ANY: "(?s:.)",
    Stretch.WITHOUT_COLON: "[^:]",
    Stretch.DIGITS: "[0-9]",
    Stretch.HEX_DIGITS: "[0-9a-f]",
}
SIGNS = {one.value: one for one in Stretch}
UNKNOWN = object()  # the whole of a stretch, which only Stretch.ANY can spell
Glob = tuple[object, ...]  # characters and stretches


class Kind(Enum):
    """What stands in a modelled field, if no text, null, true or false does."""

    NUMBER = "some number"
    ABSENT = "no such field"


ANYTHING = ("*", None, True, False, Kind.NUMBER, Kind.ABSENT)
OPTIONAL_TEXT = ("*", None, Kind.ABSENT)
OPTIONAL_NUMBER = (Kind.NUMBER, None, Kind.ABSENT)
# The possible values of each field.
Event = Mapping[str, tuple[Any, ...]]

ANY_EVENT: Event = {
    "version": ("0",),
    "source": ("aws.states",),
    **dict.fromkeys(("id", "time"), ("*",)),
    "account": ("#",),
    "region": ("~",),
    "replay-name": ("*", Kind.ABSENT),
}
# https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
STATUS_CHANGE: Event = {
    **ANY_EVENT,
    "detail-type": ("Step Functions Execution Status Change",),
    "resources": (EXECUTION_ARN,),
    "detail.executionArn": (EXECUTION_ARN,),
    "detail.stateMachineArn": (MACHINE_ARN,),
    "detail.name": ("*",),
    "detail.status": ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"),
    "detail.startDate": (Kind.NUMBER,),
    **dict.fromkeys(("detail.stopDate", "detail.redriveCount", "detail.redriveDate"), OPTIONAL_NUMBER),
    **dict.fromkeys(("detail.input", "detail.output", "detail.error", "detail.cause"), OPTIONAL_TEXT),
    **dict.fromkeys(("detail.redriveStatus", "detail.redriveStatusReason"), OPTIONAL_TEXT),
    **dict.fromkeys(("detail.stateMachineVersionArn", "detail.stateMachineAliasArn"), (None, Kind.ABSENT)),
    **dict.fromkeys(("detail.inputDetails", "detail.outputDetails"), (None, Kind.ABSENT)),
    **dict.fromkeys(("detail.inputDetails.included", "detail.outputDetails.included"), (True, False, Kind.ABSENT)),
}
# The values in and below these depend on the caller and the trail.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
CALL_TEXTS = (
    *("detail.eventVersion", "detail.eventTime", "detail.eventID", "detail.eventCategory", "detail.requestID"),
    *("detail.awsRegion", "detail.recipientAccountId", "detail.sourceIPAddress", "detail.userAgent"),
)
CALL_OBJECTS = (
    *("detail.userIdentity.*", "detail.requestParameters.*", "detail.responseElements.*"),
    *("detail.additionalEventData.*", "detail.tlsDetails.*"),
)
# Recorded by a trail: the calls that start an execution and answer it.
# https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-states.html
RECORDED_CALL: Event = {
    **ANY_EVENT,
    "detail-type": ("AWS API Call via CloudTrail",),
    "detail.eventSource": ("states.amazonaws.com",),
    "detail.eventName": ("StartExecution", "SendTaskSuccess", "SendTaskFailure"),
    "detail.eventType": ("AwsApiCall",),
    "detail.readOnly": (False,),
    "detail.requestParameters.stateMachineArn": (MACHINE_ARN, Kind.ABSENT),
    "detail.responseElements.executionArn": (EXECUTION_ARN, Kind.ABSENT),
    "detail.managementEvent": (True, False),
    **dict.fromkeys(CALL_TEXTS, OPTIONAL_TEXT),
    **dict.fromkeys(CALL_OBJECTS, ANYTHING),
}


def combinations(pattern: Mapping[str, Any]) -> int:
    """The number of patterns after expanding $or."""
    return math.prod(
        sum(map(combinations, value)) if key == OR else combinations(value) if isinstance(value, dict) else 1
        for key, value in pattern.items()
    )


def could_match(pattern: Mapping[str, Any], *, literal_arns: bool = False) -> bool:
    """Whether a pattern that is well formed, of few combinations, could match an event of this workflow.

    An ARN that is written out names another state machine, since this one's name ends as nobody can foresee. It may
    have been copied after the first deployment, though: `literal_arns` counts those that look like this one's.
    """
    return any(
        all(_could(values, _field(event, name), literal_arns=literal_arns) for name, values in branch.items())
        for branch in _branches(pattern, "", [{}])
        for event in (STATUS_CHANGE, RECORDED_CALL)
    )


def _branches(node: Mapping[str, Any], above: str, so_far: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The pattern without $or: each branch has its values by dotted path. As AWS does it, the last of a path counts."""
    for key, value in node.items():
        if key == OR:
            so_far = [branch for one in value for branch in _branches(one, above, so_far)]
        elif isinstance(value, dict):
            so_far = _branches(value, f"{above}{key}.", so_far)
        else:
            so_far = [{**branch, f"{above}{key}": value} for branch in so_far]
    return so_far


def _field(event: Event, name: str) -> tuple[Any, ...]:
    parts = name.split(".")
    below = event.get(".".join([*parts[:2], "*"]), (Kind.ABSENT,)) if len(parts) > 2 else (Kind.ABSENT,)  # noqa: PLR2004
    return event.get(name, below)


def _could(values: Iterable[Any], given: tuple[Any, ...], *, literal_arns: bool) -> bool:
    return any(_takes(value, one, literal_arns=literal_arns) for value in values for one in given)


def _takes(value: Any, given: Any, *, literal_arns: bool) -> bool:
    if isinstance(value, dict):
        ((matcher, operand),) = value.items()
        return _matches(matcher, operand, given)
    if isinstance(value, str):
        known = literal_arns or not isinstance(given, str) or MACHINE not in given
        return isinstance(given, str) and known and _meet(tuple(value), _some(given))
    if value is None or isinstance(value, bool):
        return given is value
    return given is Kind.NUMBER


def _matches(matcher: str, operand: Any, given: Any) -> bool:
    if matcher == "exists":
        return (given is not Kind.ABSENT) is operand
    if given is Kind.ABSENT:
        return False
    if matcher == "anything-but":
        return not _excluded(operand, given)
    if matcher == "numeric":
        return given is Kind.NUMBER
    if matcher == "cidr":
        return False  # no field of these events is known to hold nothing but an IP address
    return isinstance(given, str) and _within(matcher, operand, given, _some)


def _excluded(operand: Any, given: Any) -> bool:
    """Whether every value that `given` stands for is one of those."""
    matcher, inner = next(iter(operand.items())) if isinstance(operand, dict) else ("exactly", operand)
    listed = inner if isinstance(inner, list) else [inner]
    return isinstance(given, str) and any(_within(matcher, one, given, _all) for one in listed)


def _within(matcher: str, operand: Any, given: str, reading: Callable[[str], Glob]) -> bool:
    """Whether a text matcher can take what `given` stands for; with `_all`, whether it takes all of that."""
    if isinstance(operand, dict):  # only {"equals-ignore-case": text} inside of prefix and suffix
        (operand,) = operand.values()
        operand, given = operand.casefold(), given.casefold()
    if not isinstance(operand, str):
        return False
    if matcher == "equals-ignore-case":
        operand, given = operand.casefold(), given.casefold()
    wanted: Glob = _wildcard(operand) if matcher == "wildcard" else tuple(operand)
    wanted = (
        (*wanted, Stretch.ANY) if matcher == "prefix" else (Stretch.ANY, *wanted) if matcher == "suffix" else wanted
    )
    return _meet(wanted, reading(given))


def _some(modelled: str) -> Glob:
    return tuple(SIGNS.get(one, one) for one in modelled)


def _all(modelled: str) -> Glob:
    return tuple(UNKNOWN if one in SIGNS else one for one in modelled)


def _wildcard(operand: str) -> Glob:
    letters = iter(operand)
    return tuple(next(letters) if one == "\\" else Stretch.ANY if one == "*" else one for one in letters)


def _meet(wanted: Glob, given: Glob) -> bool:
    """Whether some text matches both."""
    ahead, seen = [(0, 0)], set()
    while ahead:
        at = here, there = ahead.pop()
        if at in seen:
            continue
        seen.add(at)
        left, right = wanted[here : here + 1], given[there : there + 1]
        if not left and not right:
            return True
        if left == (Stretch.ANY,):
            ahead += [(here + 1, there)] + [(here, there + 1) for _ in right]
        if right and isinstance(right[0], Stretch):
            ahead += [(here, there + 1)] + [(here + 1, there) for one in left if right[0].takes(one)]
        if left and left == right:
            ahead.append((here + 1, there + 1))
    return False
