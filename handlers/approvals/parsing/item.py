"""A record as one DynamoDB item, in plain values. Attributes have the names of the record's fields, in camel case."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from handlers.approvals.parsing.fields import check_version
from handlers.approvals.parsing.policy import read_policy
from handlers.approvals.rules.record import Approver, Decision, Ended, Lease, Record, Undelivered, Vote, Withdrawn
from handlers.contract.plain import camel_case, plain
from handlers.contract.policy import Policy
from handlers.contract.record import Attribute, Status

SCHEMA_VERSION = 1  # incremented when the item's shape changes
# Left out while they are empty. `votes` has to be: only the page may write it, and it makes no record.
SOMETIMES = frozenset(
    {
        Attribute.TASK_TOKEN.value,
        Attribute.VOTES.value,
        Attribute.ASKED.value,
        "fields",
        "links",
        "lease",
        "ended",
        "decidedBy",
        "toldOthers",
        "toldLeftOut",
        "refused",
        "remindedBy",
        "answeredWithoutVote",
        "answerMismatched",
        "operatorTold",
    }
)

MARKS = frozenset({"told", "undelivered", "reminders", "remindedAt"})  # of an approver, likewise
ANSWERED = frozenset({"values", "withdrawn"})  # of a vote, left out while they are empty, too


def to_item(record: Record) -> dict[str, Any]:
    item = plain(record) | {
        "schemaVersion": SCHEMA_VERSION,
        Attribute.VOTES.value: {who: _said(vote) for who, vote in record.votes.items()},
        Attribute.ASKED.value: record.asked,
        "operatorTold": round(record.operator_told * 1000),  # milliseconds: a table has no binary fractions
    }
    for approver in item["approvers"].values():
        del approver["vote"]
        for name in MARKS.intersection(name for name, value in approver.items() if not value):
            del approver[name]
    return {name: value for name, value in item.items() if value or name not in SOMETIMES}


def from_item(item: Mapping[str, Any]) -> Record:
    """Raises NewerVersionError for an item from a newer release, and ValueError for one of an unknown version."""
    check_version(f"the record of request {item[Attribute.REQUEST_ID]}", item.get("schemaVersion"), SCHEMA_VERSION)
    votes, policy = item.get(Attribute.VOTES, {}), read_policy(item["policy"])
    read = {
        "status": Status(item[Attribute.STATUS]),
        "policy": policy,
        "approvers": {
            who: Approver(
                **_named(Approver, approver)
                | {
                    "links": tuple(approver["links"]),
                    "vote": _vote(votes[who]) if who in votes else None,
                    "undelivered": Undelivered(**approver["undelivered"]) if "undelivered" in approver else None,
                }
            )
            for who, approver in _in_order(item["approvers"], policy)
        },
        "lease": Lease(**_named(Lease, item["lease"])) if "lease" in item else None,
        "ended": Ended(**item["ended"]) if "ended" in item else None,
        "told_others": tuple(item.get("toldOthers", ())),
        "told_left_out": tuple(item.get("toldLeftOut", ())),
        "operator_told": item.get("operatorTold", 0) / 1000,
    }
    return Record(**_named(Record, item) | read).as_voted()


def _said(vote: Vote) -> dict[str, Any]:
    return {name: value for name, value in plain(vote).items() if value or name not in ANSWERED}


def _vote(item: Mapping[str, Any]) -> Vote:
    withdrawn = Withdrawn(**item["withdrawn"]) if "withdrawn" in item else None
    return Vote(**_named(Vote, item) | {"decision": Decision(item["decision"]), "withdrawn": withdrawn})


def _in_order(approvers: Mapping[str, Any], policy: Policy) -> list[tuple[str, Any]]:
    """As the policy names them; DynamoDB keeps no order in a map.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
    """
    place = {who: number for number, who in enumerate(policy.everybody)}
    return sorted(approvers.items(), key=lambda entry: (place.get(entry[0], len(place)), entry[0]))


def _named(kind: type[Approver | Lease | Record | Vote], item: Mapping[str, Any]) -> dict[str, Any]:
    """What the item has of this class, by field."""
    return {field.name: item[name] for field in fields(kind) if (name := camel_case(field.name)) in item}
