"""Joining: who approved other values, and would have to agree, before a request can be approved. Pure functions."""

from typing import NamedTuple

from handlers.approvals.rules.quorum import Tally, tally
from handlers.approvals.rules.record import Answer, Decision, Record, Vote
from handlers.contract.record import Status


class WayOut(NamedTuple):
    """An answer that can be completed if some of these people join it, who had approved another one."""

    answer: Answer
    people: tuple[str, ...]


def may_join(record: Record, who: str, vote: Vote) -> bool:
    """Whether this vote leaves an answer of one's own for one that somebody else gave. That can be done once."""
    return vote.decision is Decision.APPROVE and any(vote.values == answer.values for answer in to_join(record, who))


def to_join(record: Record, who: str) -> list[Answer]:
    """The answers of others that this person may join."""
    mine = record.approvers[who].vote
    if record.status is not Status.OPEN or not mine or mine.withdrawn or mine.decision is not Decision.APPROVE:
        return []
    return [answer for answer in record.answers if answer.by and who not in answer.by]


def ways_out(record: Record) -> list[WayOut]:
    """Nothing while somebody who has yet to answer can complete an answer, or where joining would not help either."""
    answers, policy = record.answers, record.electorate
    if record.status is not Status.OPEN or not answers[0].by:
        return []
    waiting = [who for who in policy.everybody if who not in record.approvers or not record.approvers[who].vote]
    found = []
    for answer in answers:
        by = [*answer.by, *waiting]
        alone = tally(policy, by, ())
        if alone.approves:
            return []
        others = [who for other in answers if other is not answer for who in other.by]
        free = [who for who in others if answer in to_join(record, who)]
        useful = tuple(who for who in free if _short(tally(policy, [*by, who], ())) < _short(alone))
        if tally(policy, [*by, *useful], ()).approves:
            found.append(WayOut(answer, useful))
    return found


def _short(counted: Tally) -> int:
    return sum(count.missing for count in (counted.approvals, *counted.groups.values()))
