"""Look and answer: what the holder of a link can do."""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from handlers.approvals.observability import count, logger, measure
from handlers.approvals.rules import links
from handlers.approvals.rules.decisions import cast
from handlers.approvals.rules.endings import ended
from handlers.approvals.rules.record import DECIDED, Choice, Record, Vote
from handlers.approvals.rules.refusal import Refusal
from handlers.approvals.usecases.hand_over import as_known, hand_over
from handlers.approvals.usecases.ports import Clock, UnavailableError, Workflow
from handlers.approvals.usecases.records import Records
from handlers.contract.metrics import Metric
from handlers.contract.record import Status

USER_AGENT_LIMIT = 256  # characters of it that are kept


class Seen(NamedTuple):
    """A valid link: whose it is, and the stored record."""

    who: str
    record: Record


class Pressed(NamedTuple):
    """The result of pressing. `recorded` is False if it is not known whether the vote was stored."""

    seen: Seen
    refusal: Refusal | None = None
    recorded: bool = True
    handed_over: bool = True  # False: recorded, but the workflow could not be told yet


@dataclass(frozen=True, kw_only=True)
class Page:
    """Looking changes nothing; pressing is idempotent."""

    records: Records
    workflow: Workflow
    clock: Clock

    def look(self, path: links.Path) -> Seen | None:
        """None for an unknown request and a wrong secret alike. Raises UnavailableError.

        Does not check whether the workflow still waits: somebody who opens a link may never press, and a run's end
        reaches its record within a second.
        """
        record = None
        # As given: a task of your own may make ids with capitals.
        for spelling in dict.fromkeys((path.request_id, path.request_id.lower())):
            record = record or self.records.store.get(spelling)
        who = links.holder(record, path.secret) if record else None
        if not record or not who:
            return None
        logger.append_keys(requestId=record.request_id, execution=record.execution_arn, round=record.round)
        return Seen(who=who, record=record)

    def press(self, seen: Seen, choice: Choice, *, source_ip: str, user_agent: str) -> Pressed:
        """Count one answer on the record seen, and hand the decision over if this makes one."""
        vote = Vote(
            decision=choice.decision,
            comment=choice.comment,
            digest=choice.digest or seen.record.digest,
            values=choice.values,
            at=int(self.clock.now()),
            source_ip=source_ip,
            user_agent=user_agent[:USER_AGENT_LIMIT],
        )
        try:
            pressed = self._cast(seen, vote)
        except UnavailableError as error:
            logger.error("not recorded, or not known to be", outcome="fault", kind=error.kind)
            return Pressed(seen=seen, recorded=False)
        record, refusal = pressed.seen.record, pressed.refusal
        outcome = refusal.reason.value if refusal else vote.decision.value
        logger.info("vote", outcome=outcome, status=record.status.value)
        decides = refusal is None and record.status in DECIDED and seen.record.status is Status.OPEN
        told = True
        try:
            record = hand_over(self.records, self.workflow, record)
        except UnavailableError as error:
            logger.error("recorded, but not handed over yet", outcome="pending", kind=error.kind)
            told = False
        if decides and record.status in DECIDED:
            count(Metric(record.status.value.capitalize()))
            if record.asked_at:
                measure(Metric.DECISION_SECONDS, record.decided_at - record.asked_at)
        return pressed._replace(seen=Seen(who=seen.who, record=record), handed_over=told)

    def _cast(self, seen: Seen, vote: Vote) -> Pressed:
        """Refuse an answer to a run that is over. Handing a decision over shows whether the run still waits, so only a
        vote that leaves the request open has to ask."""
        record, rule = seen.record, partial(cast, who=seen.who, vote=vote)
        after = rule(record)
        if isinstance(after, Record) and after != record and after.status is Status.OPEN:
            execution = as_known(self.workflow, record.execution_arn)
            if not execution.running:
                record, _ = self.records.change(record, partial(ended, execution=execution))
        record, refusal = self.records.change(record, rule)
        return Pressed(seen=Seen(who=seen.who, record=record), refusal=refusal)
