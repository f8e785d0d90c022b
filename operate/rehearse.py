"""`rehearse`: requests from start to end on the deployed stack, and what has to be true around them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from itertools import chain
from uuid import uuid4

from botocore.awsrequest import AWSRequest

from handlers.approvals.faces import wording
from handlers.approvals.rules.record import Decision, Record
from handlers.contract.digests import digest
from handlers.contract.metrics import NAMESPACE, Metric
from handlers.contract.question import request_id
from handlers.contract.record import Status
from handlers.contract.visible import one_line
from handlers.contract.workflow import AFTER_APPROVAL, Ending, WorkflowError
from operate import act
from operate.doctor import REDEPLOY, Check, Doctor, Found, Looks, checks
from operate.letters import SECRETS
from operate.look import voted
from operate.outputs import OperateError
from operate.stack import FAILURES, REQUESTS, Stack

PATIENCE = 300  # seconds that AWS has for each thing that it has to do
AS_ASKED = "answered as asked"
DETAILS = "This is a rehearsal: nothing waits for it. Please open the link and press {}: that {} the main processing."
DEAD_LETTERS = "requests-dead-letters"


class Rehearsal:
    """People have `people_seconds` to answer. Whoever takes the checks calls `stop` afterwards, whatever happens."""

    def __init__(self, stack: Stack, *, approve: bool, people_seconds: float) -> None:
        self._stack, self._target, self._client, self._reader = stack, stack.target, stack.client, stack.reader
        self._people_seconds = people_seconds
        self._asked = Decision.APPROVE if approve else Decision.REJECT
        self._outcome = Status.APPROVED if approve else Status.REJECTED
        self._begun = datetime.now(UTC)
        self._trace = f"1-{int(self._begun.timestamp()):08x}-{os.urandom(12).hex()}"
        self._runs, self._id, self._cancelled_id = list[str](), "", ""
        button, does = ("Approve", "starts") if approve else ("Reject", "does not start")
        self._question = (str(uuid4()), f"please press {button}", DETAILS.format(button, does))

    def would_run(self) -> str:
        """The ARN of the function that an approval starts."""
        return str(json.loads(self._definition())["States"][AFTER_APPROVAL]["Arguments"]["FunctionName"])

    def checks(self) -> Iterator[Check]:
        """Each as soon as it is made. What cannot come any more, once nobody was asked or has answered, is missing."""
        doctor = Doctor(self._stack)
        yield from checks(chain(doctor.policies(), doctor.people(), doctor.starts(), self._facts()))
        for one in checks(self._story()):
            yield one
            if not one.ok:
                return
        yield from checks(chain(self._trail(), doctor.letters(), doctor.alarms()))

    def stop(self) -> None:
        """Cancel those of its runs that are not over. Their records stay, and expire."""
        for arn in self._runs:
            try:
                if not self._reader.ended(arn):
                    act.cancel(self._stack, arn, "The rehearsal is over.")
                    self._stack.say(f"{arn} has been stopped.")
            except FAILURES as error:
                self._stack.warn(f"{arn} could not be stopped: {error}")

    def _facts(self) -> Looks:
        for name in self._target["queues"]:
            yield f"redrive policies of {name}", partial(self._redrive, name)
        for name, group in self._target["logGroups"].items():
            yield f"retention of {name}", partial(self._retention, group)
        yield "definition", self._deployed
        yield "page without a link", self._no_page

    def _story(self) -> Looks:
        yield "asked", self._ask
        yield "mailed", self._mailed
        self._stack.say(f"Open the mail of the rehearsal and press {self._asked.value.capitalize()}.")
        yield AS_ASKED, self._answered

    def _trail(self) -> Looks:
        yield "link opened", partial(self._log, "page", self._id, "shown")
        yield "record", self._noted
        yield "ending", self._end
        yield "second start", self._start_again
        yield "cancelled, and its record closed", self._cancel
        idle = {"give-up", "bounce"} | (set() if self._outcome is Status.APPROVED else {"workflow-process"})
        for name in self._target["functions"]:
            if name not in idle:
                yield f"log of {name}", partial(self._log, name, self._cancelled_id if name == "operate" else self._id)
        for name, group in self._target["logGroups"].items():
            yield f"no link and no token in {name}", partial(self._secrets, group)
        decided = Metric(self._outcome.value.capitalize())
        for metric, service in ((Metric.REQUESTED, "ask"), (Metric.MAILS, "ask"), (decided, "page")):
            yield f"metric {metric}", partial(self._metric, metric, service)
        yield "trace", self._traced

    def _redrive(self, name: str) -> Found:
        queues, names = self._target["queues"], ["QueueArn", "RedrivePolicy", "RedriveAllowPolicy"]
        url = self._stack.url(queues[name])
        told = self._client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        target, allowed = (json.loads(told.get(kind) or "{}") for kind in names[1:])
        beside = told["QueueArn"].rpartition(":")[0]
        # Without the second, any queue of the account may send its dead letters there.
        sources = {"redrivePermission": "byQueue", "sourceQueueArns": [f"{beside}:{queues[REQUESTS]}"]}
        ok = allowed == (sources if name == DEAD_LETTERS else {"redrivePermission": "denyAll"})
        letters = f"{beside}:{queues[DEAD_LETTERS]}" if name == REQUESTS else None
        ok = ok and target.get("deadLetterTargetArn") == letters
        return found(ok, "as deployed" if ok else "changed", REDEPLOY)

    def _retention(self, group: str) -> Found:
        days = self._target["logRetentionDays"]
        groups = self._client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        kept = [one.get("retentionInDays", "all") for one in groups if one["logGroupName"] == group]
        return found(kept == [days], f"{kept[0]} days, deployed with {days}" if kept else "gone", REDEPLOY)

    def _definition(self) -> str:
        machine = self._target["stateMachineArn"]
        return str(self._client("stepfunctions").describe_state_machine(stateMachineArn=machine)["definition"])

    def _deployed(self) -> Found:
        ok = digest(self._definition()) == self._target["definition"]
        return found(ok, "as deployed" if ok else "changed", REDEPLOY)

    def _no_page(self) -> Found:
        status, _ = act.send(AWSRequest("GET", f"{self._target['approvalApiUrl']}/"))
        return found(status == HTTPStatus.NOT_FOUND, f"HTTP {status}", REDEPLOY)

    def _start(self, event: str, title: str, details: str) -> tuple[str, str]:
        """The ARN of a run, started as by this event, and the id of its request. It is traced for sure."""
        # Not by its caller's ARN: whoever rehearses may be the one who presses, and would be barred.
        detail = {"title": f"Rehearsal: {title}", "details": details, "requestedBy": "python -m operate rehearse"}
        start = {"id": event, "source": "operate", "detail-type": "Rehearsal", "detail": detail}
        arn = self._client("stepfunctions").start_execution(
            stateMachineArn=self._target["stateMachineArn"],
            input=json.dumps(start),
            traceHeader=f"Root={self._trace};Sampled=1",
        )["executionArn"]
        self._runs.append(arn)
        return arn, request_id(start, arn)

    def _ask(self) -> Found:
        run, self._id = self._start(*self._question)
        act.until(lambda: self._reader.by_id(self._id) or self._reader.ended(run), PATIENCE)
        record = self._reader.by_id(self._id)
        if record:
            return f"request {self._id} needs {wording.quorum(record, record.tally)}", ""
        todo = "the logs of generate and ask: generate_task has to ask about an event of detail-type Rehearsal"
        return f"nobody: {self._state(run)}", todo

    def _mailed(self) -> Found:
        act.until(lambda: all(one.mailed_round for one in self._record().approvers.values()), PATIENCE)
        asked = self._record().approvers
        missing = ", ".join(who for who, one in asked.items() if not one.mailed_round)
        todo = f"the log of ask; python -m operate show {self._id}"
        return found(not missing, f"not {missing}" if missing else ", ".join(asked), todo)

    def _answered(self) -> Found:
        def answered() -> bool:
            record = self._record()
            return record.status is not Status.OPEN or self._against(record) or bool(self._reader.ended(self._runs[0]))

        act.until(answered, self._people_seconds)
        record = self._record()
        if self._against(record):
            then = "the main processing runs" if record.status is Status.APPROVED else "its run is stopped"
            said = f"{voted(record)}; the rehearsal asked to {self._asked.value}; {then}"
            return said, "undo what ran; ask them to read before they press; rehearse again"
        ok = record.status is self._outcome
        todo = "have as many press as it needs; docs/operations.md: a mail did not arrive"
        return found(ok, voted(record) if ok else f"not decided: {self._state(self._runs[0])}", todo)

    def _against(self, record: Record) -> bool:
        return any(vote.decision is not self._asked for vote in record.votes.values())

    def _noted(self) -> Found:
        """Without address and browser, a vote is no evidence."""

        def noted() -> bool:
            record = self._record()
            return record.handed_over and all(vote.source_ip and vote.user_agent for vote in record.votes.values())

        said = "votes with address and browser, and the hand-over"
        return found(ok := act.until(noted, PATIENCE), said if ok else f"without {said}", "the log of page")

    def _end(self) -> Found:
        run = self._runs[0]
        ended = act.until(lambda: self._reader.ended(run), PATIENCE)
        ok = ended.get("status") == Ending.SUCCEEDED
        if self._outcome is Status.REJECTED:
            named = any(who in ended.get("cause", "") for who in self._record().votes)
            ok = ended.get("error") == WorkflowError.REJECTED and named
        return found(ok, self._state(run), f"docs/operations.md, by ending; the history of {run}")

    def _start_again(self) -> Found:
        again, _ = self._start(*self._question)
        ended = act.until(lambda: self._reader.ended(again), PATIENCE)
        ok = ended.get("error") == WorkflowError.DUPLICATE and self._runs[0] in ended.get("cause", "")
        return found(ok, self._state(again), "the log of ask: it has to end as Duplicate of the first")

    def _cancel(self) -> Found:
        """Through the door; its record learns of it by an event only."""
        arn, self._cancelled_id = self._start(str(uuid4()), "nothing to do", "It is cancelled at once.")
        act.until(lambda: self._reader.by_id(self._cancelled_id) or self._reader.ended(arn), PATIENCE)
        act.cancel(self._stack, self._cancelled_id, "The rehearsal has shown that it can be cancelled.")
        ended = act.until(lambda: self._record(self._cancelled_id).ended, PATIENCE)
        error = ended.error if ended else "it is open"
        todo = "the log of reconcile; its rule; the queue reconcile-undelivered"
        return found(error == WorkflowError.CANCELLED, error, todo)

    def _log(self, function: str, *words: str) -> Found:
        group, pattern = self._target["logGroups"][f"{function}-logs"], " ".join(f'"{word}"' for word in words)
        lines = act.until(lambda: self._stack.logged(group, pattern, self._begun), PATIENCE)
        return found(lines, f"{len(lines)} lines about the request", "may its role write there? Has it been called?")

    def _secrets(self, group: str) -> Found:
        lines = self._stack.logged(group, '?"/approvals/" ?taskToken', self._begun)
        bad = sum(bool(SECRETS.search(line)) for _, line in lines)
        return found(not bad, f"{bad} lines", "whoever reads it can answer for people: find what logs links or tokens")

    def _metric(self, metric: Metric, service: str) -> Found:
        of, since = {"label": self._target["label"], "service": service}, self._begun - timedelta(minutes=1)
        total = act.until(lambda: sum(self._stack.measured(NAMESPACE, metric, of, "Sum", since)), PATIENCE)
        return found(total, f"{total:.0f}", f"the log of {service}, which has it as JSON")

    def _traced(self) -> Found:
        def parts() -> list[str]:
            traces = self._client("xray").batch_get_traces(TraceIds=[self._trace])["Traces"]
            names = {json.loads(one["Document"])["name"] for trace in traces for one in trace["Segments"]}
            return sorted(names) if len(names) > 1 else []  # the state machine and at least one function

        seen = act.until(parts, PATIENCE)
        return found(seen, ", ".join(seen) or f"none of {self._trace}", "may the roles write to X-Ray?")

    def _record(self, name: str = "") -> Record:
        record = self._reader.by_id(name or self._id)
        if not record:
            raise OperateError(f"the record of {name or self._id} is gone")
        return record

    def _state(self, arn: str) -> str:
        execution = self._reader.execution(arn)
        return one_line(" ".join(execution.get(name, "") for name in ("status", "error", "cause")), 300)


def found(ok: object, detail: str, remedy: str) -> Found:
    return detail, "" if ok else remedy
