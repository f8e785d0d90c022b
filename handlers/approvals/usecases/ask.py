"""Ask: bring a record to the workflow's current round, and mail everybody who has to answer."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

from handlers.approvals.observability import count, logger
from handlers.approvals.rules import announcing, links, rounds
from handlers.approvals.rules.endings import Execution, ended, undecided
from handlers.approvals.rules.message import Announcement, Message
from handlers.approvals.rules.record import DECIDED, Lease, Record
from handlers.approvals.rules.refusal import Reason, Refusal
from handlers.approvals.usecases.hand_over import as_known, fail, fail_unmailed, hand_over
from handlers.approvals.usecases.ports import Clock, Mail, MailRefusedError, UnavailableError, Workflow
from handlers.approvals.usecases.records import Records
from handlers.contract.metrics import Metric
from handlers.contract.question import from_event
from handlers.contract.workflow import WorkflowError

NOTE_PAUSE_SECONDS = 1
SPARE_SECONDS = 5  # kept free at the end of a worker's time, to report which messages failed

Due = Callable[[Record], list[str]]
Send = Callable[[Record, str], tuple[str, Callable[[Record], Record]]]  # its kind, "" for none; and how to note it


class NotAskedError(Exception):
    """The message must be redelivered, or can never be served: its refusal says which."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.words or refusal.reason.value)
        self.refusal = refusal


@dataclass(frozen=True, kw_only=True)
class Ask:
    """Serves the request queue. Every method is idempotent."""

    records: Records
    workflow: Workflow
    mail: Mail
    clock: Clock

    def serve(self, message: Message | Announcement, worker_ends: int) -> None:
        """`worker_ends` (epoch seconds): when this worker's lease on the round's mails ends.

        Raises NotAskedError and UnavailableError.
        """
        if isinstance(message, Announcement):
            self._announce(message, worker_ends)
        elif message.late:
            self._tell_late_decision(message)
        else:
            self._ask(message, worker_ends)

    def _ask(self, message: Message, worker_ends: int) -> None:
        lease = Lease(owner=str(uuid4()), until=worker_ends)
        secrets: dict[str, str] = {}
        record, refusal = self.records.open(message.request_id, partial(self._begin, message, lease, secrets))
        if refusal or not record:
            self._refuse(message, refusal or Refusal(reason=Reason.GONE), record)
        elif record.status in DECIDED:
            hand_over(self.records, self.workflow, record, message.task_token)
        else:
            try:
                self._send_if_running(record, message, secrets, worker_ends - SPARE_SECONDS)
            except Exception as error:
                refused = str(error) if isinstance(error, MailRefusedError) else ""
                self.records.change(record, partial(rounds.release, lease=lease, refused=refused))
                raise

    def _announce(self, announcement: Announcement, worker_ends: int) -> None:
        lease = Lease(owner=str(uuid4()), until=worker_ends)
        seen = self.records.store.get(announcement.request_id)
        if not seen:
            logger.info("the record is gone, nobody is told", outcome="gone")
            return
        begin = partial(announcing.begin, announcement=announcement, lease=lease, now=int(self.clock.now()))
        record, refusal = self.records.change(seen, begin)
        if refusal and refusal.reason is Reason.BUSY:
            raise NotAskedError(refusal)
        if refusal:
            logger.info("nobody is left to be told", outcome="stale")
            return

        def due(latest: Record) -> list[str]:
            # Another ending frees the lease: whoever has it by then tells of that one.
            taken = latest.lease and latest.lease.owner != lease.owner
            return [] if taken else announcing.to_be_told(latest)

        def send(latest: Record, who: str) -> tuple[str, Callable[[Record], Record]]:
            told = self.mail.announce(latest, who)
            return "decision" if told else "", partial(announcing.told, who=who, status=latest.status)

        try:
            record, failed = self._mail(record, due, send, worker_ends - SPARE_SECONDS)
        finally:  # also if somebody is due since: another announcement tells them
            self.records.change(record, partial(rounds.release, lease=lease))
        if failed:
            raise failed

    def _begin(
        self, message: Message, lease: Lease, secrets: dict[str, str], latest: Record | None
    ) -> Record | Refusal:
        record = latest or rounds.new_record(message)
        if isinstance(record, Refusal):
            return record
        for who in rounds.everybody(record):
            secrets.setdefault(who, links.new_secret())
        digests = {who: links.digest(secret) for who, secret in secrets.items()}
        return rounds.begin(record, message, lease, int(self.clock.now()), digests)

    def _refuse(self, message: Message, refusal: Refusal, record: Record | None) -> None:
        match refusal.reason:
            case Reason.STALE:
                logger.info("round is over, nothing to send", outcome="stale")
            case Reason.GIVEN_UP:
                # A late dead letter of the previous round closed the record, but its token was already spent.
                cause = (
                    f"Request {message.request_id} was given up before its approvers could be asked "
                    f"in round {message.round}"
                )
                fail(self.workflow, message.task_token, WorkflowError.NOTIFICATION_FAILED, cause)
            case Reason.TOO_FEW:
                self._tell_without_record(message)
                fail(self.workflow, message.task_token, WorkflowError.TOO_FEW_APPROVERS, refusal.words)
            case Reason.DUPLICATE:
                fail(self.workflow, message.task_token, WorkflowError.DUPLICATE, refusal.words)
            case Reason.OUT_OF_REACH if record:  # no token was left when the mail came back
                token, cause = message.task_token, refusal.words
                fail_unmailed(self.records, self.workflow, record, token, message.round, cause)
            case _:
                raise NotAskedError(refusal)

    def _send_if_running(self, record: Record, message: Message, secrets: dict[str, str], give_up: float) -> None:
        # Checked after the record is written: a run that ends from now on finds its record.
        execution = as_known(self.workflow, message.execution_arn)
        if execution.over:
            self.records.change(record, partial(ended, execution=execution))
            logger.info("the run is over, nobody is asked", outcome="over", ended=execution.status)
            return
        if record.version == 1:
            count(Metric.REQUESTED)

        def due(latest: Record) -> list[str]:
            return rounds.recipients(latest) if latest.round == message.round else []

        def send(latest: Record, who: str) -> tuple[str, Callable[[Record], Record]]:
            kind = rounds.kind(latest, who)
            self.mail.ask(latest, who, kind, secrets[who])
            return kind.value, partial(rounds.mailed, who=who, round_=message.round)

        record, failed = self._mail(record, due, send, give_up)
        for who in rounds.to_be_told(record, by_event=_by_event(execution)):
            self._leave_out(record, who)
            record = self._note(record, partial(rounds.told_left_out, who=who), give_up)
        if failed:
            raise failed

    def _mail(self, record: Record, due: Due, send: Send, give_up: float) -> tuple[Record, UnavailableError | None]:
        """Each one who is due, noted in the record, which is returned; and the trouble with somebody, if any."""
        failed: UnavailableError | None = None
        troubled = False
        for who in due(record):
            # Somebody may have answered, or the next round may have begun, while the earlier mails went out.
            if who not in due(record):
                continue
            began = self.clock.now()
            self._in_time(give_up)
            try:
                outcome, note = send(record, who)
            except UnavailableError as error:
                # Whoever cannot be mailed keeps nobody else from it. A second one in a row is an outage, and without
                # time for another such call, the worker would die in it.
                if troubled or 2 * self.clock.now() - began > give_up:
                    raise
                failed, troubled = error, True
                continue
            troubled = False
            record = self._note(record, note, give_up)
            if outcome:
                count(Metric.MAILS)
                logger.info("mail sent", outcome=outcome)
        return record, failed

    def _tell_without_record(self, message: Message) -> None:
        """The run is about to fail. Nothing notes these mails: a message that is delivered again repeats them."""
        execution = as_known(self.workflow, message.execution_arn)
        if not execution.over:
            record = rounds.unasked(message)
            for who in rounds.to_be_told(record, by_event=_by_event(execution)):
                self._leave_out(record, who)

    def _leave_out(self, record: Record, who: str) -> None:
        self.mail.leave_out(record, who)
        logger.info("mail sent", outcome="left out")

    def _in_time(self, give_up: float) -> None:
        """A worker that dies hides its messages for much longer than the next attempt waits."""
        if self.clock.now() > give_up:
            raise UnavailableError("OutOfTime", "mails take longer than the function has")

    def _note(self, record: Record, mailed: Callable[[Record], Record], give_up: float) -> Record:
        """A mail that is not recorded is sent again, so this retries until the worker runs out of time."""
        while True:
            try:
                noted, _ = self.records.change(record, mailed)
            except UnavailableError as error:
                if self.clock.now() > give_up:
                    raise
                logger.warning("mail sent but not noted, will be tried again", kind=error.kind)
                self.clock.sleep(NOTE_PAUSE_SECONDS)
            else:
                return noted

    def _tell_late_decision(self, message: Message) -> None:
        """The last round is over, and the workflow could not close the record: report the decision in it, if any."""
        record = self.records.store.get(message.request_id)
        if record and (refusal := rounds.foreign(record, message)):
            self._refuse(message, refusal, record)
        elif record and record.status in DECIDED:
            hand_over(self.records, self.workflow, record, message.task_token)
        else:
            fail(self.workflow, message.task_token, *undecided(record, message.request_id))


def _by_event(execution: Execution) -> bool:
    """An execution that could not be looked at may have been started by one."""
    return not execution.started_with or from_event(execution.started_with)
