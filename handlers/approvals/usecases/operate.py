"""Operate: what an operator may do about a request. None of it answers for anybody."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from handlers.approvals.observability import count, logger
from handlers.approvals.rules import links, reminding
from handlers.approvals.rules.endings import cancelled, ended
from handlers.approvals.rules.record import Record
from handlers.approvals.rules.refusal import Refusal
from handlers.approvals.rules.rounds import Kind
from handlers.approvals.usecases.ports import Clock, Mail, MailRefusedError, UnavailableError, Workflow
from handlers.approvals.usecases.records import Records
from handlers.contract.metrics import Metric
from handlers.contract.visible import one_line
from handlers.contract.workflow import WorkflowError


class NotDoneError(Exception):
    """What was ordered cannot be done, in words for the operator."""


@dataclass(frozen=True, kw_only=True)
class Operate:
    """`by` is always who it was as AWS says, never what they say. Each method raises NotDoneError, UnavailableError."""

    records: Records
    workflow: Workflow
    mail: Mail
    clock: Clock

    def remind(self, request_id: str, to: Sequence[str], by: str, give_up: float) -> dict[str, Any]:
        """Mail a fresh link to these people, or to all who wait: {"reminded": [...], "refused": {who: why not}}.

        Old links stay good. Begins no mail after `give_up` (epoch seconds). One that fails counts, too, and can be
        repeated in a minute: the link was written before it was sent. To mail nobody is an error.
        """
        record, reminded, refused = self._record(request_id), list[str](), dict[str, str]()
        for who in dict.fromkeys(reminding.as_asked(record, one) for one in to) or record.unanswered:
            try:
                record = self._remind(record, who, by, give_up)
                reminded.append(who)
            except NotDoneError as error:
                refused[who] = str(error)
            except UnavailableError as error:
                # Whoever cannot be mailed keeps nobody else from it. A refusal alone has words for people.
                words = str(error) if isinstance(error, MailRefusedError) else error.kind
                refused[who] = f"the mail to {who} failed: {words}"
                logger.error("not reminded", outcome="fault", kind=error.kind, by=by)
        if not reminded:
            raise NotDoneError("; ".join(dict.fromkeys(refused.values())) or "nobody waits for an answer")
        return {"reminded": reminded, "refused": refused}

    def _remind(self, record: Record, who: str, by: str, give_up: float) -> Record:
        now = self.clock.now()
        if now > give_up:
            raise NotDoneError(f"no time was left for {who}: remind them again")
        secret = links.new_secret()
        rule = partial(reminding.remind, who=who, by=by, digest=links.digest(secret), now=int(now))
        record = self._change(record, rule)
        self.mail.ask(record, who, Kind.BY_HAND, secret)
        count(Metric.MAILS)
        logger.info("mail sent", outcome=Kind.BY_HAND.value, by=by)
        return record

    def cancel(self, request_id: str, execution_arn: str, why: str, by: str) -> dict[str, Any]:
        """End the run of a request, or an execution that may not have asked yet, as `Cancelled`: {"executionArn"}.

        What is over or decided cannot be: an approval goes on, whoever cancels meanwhile.
        """
        found = [self._record(request_id)] if request_id else self.records.of_execution(execution_arn)
        record = next(iter(found), None)
        arn = record.execution_arn if record else execution_arn
        logger.append_keys(execution=arn)
        execution = self.workflow.execution(arn)
        if not execution.running:
            if record:
                self.records.change(record, partial(ended, execution=execution))
            raise NotDoneError(f"{arn} is over: {execution.status}")
        cause = f"{by}: {one_line(why, len(why))}"
        if record:
            record = self._change(record, partial(cancelled, cause=cause))
            cause = record.ended.cause if record.ended else cause  # of whoever was first
        self.workflow.stop(arn, WorkflowError.CANCELLED, cause)
        logger.info("the run is stopped", outcome="cancelled", by=by)
        return {"executionArn": arn}

    def _record(self, request_id: str) -> Record:
        record = self.records.store.get(request_id)
        if not record:
            raise NotDoneError(f"there is no request {request_id}")
        logger.append_keys(requestId=request_id, execution=record.execution_arn)
        return record

    def _change(self, record: Record, rule: Callable[[Record], Record | Refusal]) -> Record:
        changed, refusal = self.records.change(record, rule)
        if refusal:
            raise NotDoneError(refusal.words or refusal.reason.value)
        return changed
