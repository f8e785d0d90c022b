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
    return [answer for answer in record.answers if answer.by and who not in answer.by] if _free(record, who) else []


def _free(record: Record, who: str) -> bool:
    """Whether they may leave the answer that they gave."""
    mine = record.approvers[who].vote
    return bool(record.status is Status.OPEN and mine and not mine.withdrawn and mine.decision is Decision.APPROVE)


def ways_out(record: Record) -> list[WayOut]:
    """Nothing while somebody who has yet to answer can complete an answer, or where joining would not help either."""
    if not record.fields or record.status is not Status.OPEN:
        return []
    answers, policy = record.answers, record.electorate
    if not answers[0].by:
        return []
    waiting = [who for who in policy.everybody if who not in record.votes and who not in record.lost]
    free = {who: tally(policy, [who], ()) for one in answers for who in one.by if _free(record, who)}
    found = []
    for answer in answers:
        by = [*answer.by, *waiting]
        alone = tally(policy, by, ())
        if alone.approves:
            return []
        useful = tuple(who for who, one in free.items() if who not in answer.by and _helps(one, alone))
        if tally(policy, [*by, *useful], ()).approves:
            found.append(WayOut(answer, useful))
    return found


def _helps(one: Tally, alone: Tally) -> bool:
    """Whether an approval that counts like that adds to what is missing."""
    pairs = zip((one.approvals, *one.groups.values()), (alone.approvals, *alone.groups.values()), strict=True)
    return any(mine.given and count.missing for mine, count in pairs)
