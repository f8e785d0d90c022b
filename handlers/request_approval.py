"""Request approval: for each message of the request queue, note the round and send its mails."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from botocore.exceptions import BotoCoreError, ClientError

from handlers.approvals import links, mail, rounds
from handlers.approvals.aws import CONFIG, PATIENT
from handlers.approvals.callback import Callback, as_known, settle
from handlers.approvals.decisions import Failure, ended, undecided
from handlers.approvals.message import MalformedMessage, Message, UnknownVersionError
from handlers.approvals.observability import count, logger, metrics
from handlers.approvals.record import DECIDED, Lease, Record
from handlers.approvals.store import Contended, Store
from handlers.contract.policy import Policy
from handlers.contract.workflow import WorkflowError

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

LONGEST_BACKOFF_SECONDS = 300
NOTE_PAUSE_SECONDS = 1
SPARE_SECONDS = 5  # of a worker's life, to say which messages are to come back

SNS, SQS = boto3.client("sns", config=PATIENT), boto3.client("sqs", config=CONFIG)
STORE = Store(boto3.client("dynamodb", config=CONFIG), os.environ["TABLE_NAME"])
CALLBACK = Callback(boto3.client("stepfunctions", config=CONFIG))
POLICY = Policy(
    approvers=tuple(json.loads(os.environ["APPROVERS"])),
    escalate_to=tuple(json.loads(os.environ["ESCALATE_TO"])),
    approvals_required=int(os.environ["APPROVALS_REQUIRED"]),
    rejections_required=int(os.environ["REJECTIONS_REQUIRED"]),
    prevent_self_approval=os.environ["PREVENT_SELF_APPROVAL"] == "true",
    audit_days=int(os.environ["AUDIT_DAYS"]),
)
PROCESSOR = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


class Pace:
    """At most one mail in so many seconds, over all calls that this worker serves."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._next = 0.0

    def wait(self) -> None:
        time.sleep(max(0.0, self._next - time.monotonic()))
        self._next = time.monotonic() + self._seconds


PACE = Pace(float(os.environ["MAIL_PAUSE_SECONDS"]))


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """An SQS batch; returns the messages that are to be delivered again."""
    # A worker cannot outlive its time-out, so neither does its right to send.
    worker_ends = int(time.time() + context.get_remaining_time_in_millis() / 1000) + 1

    def serve(record: SQSRecord) -> None:
        try:
            message = Message.parse(record.body)
            if message.late:
                tell_late_decision(message)
            else:
                ask(message, worker_ends)
        except Exception as error:
            seconds = retry_after(error, int(record.attributes.approximate_receive_count or 1))
            logger.exception("mails not sent, will be tried again", seconds=seconds, kind=type(error).__name__)
            _come_back(record.receipt_handle, seconds)
            raise

    return process_partial_response(event=event, record_handler=serve, processor=PROCESSOR, context=context)


def ask(message: Message, worker_ends: int) -> None:
    """Bring the record to the message's round and mail everybody who has to answer. Safe to run twice."""
    logger.append_keys(requestId=message.request_id, execution=message.execution_arn, round=message.round)
    lease = Lease(owner=str(uuid4()), until=worker_ends)
    secrets = {who: links.new_secret() for who in (*POLICY.approvers, *POLICY.escalate_to)}

    def begin(latest: Record) -> Record:
        for who in rounds.everybody(latest):  # a record may know people whom the config has dropped since
            secrets.setdefault(who, links.new_secret())
        digests = {who: links.digest(secret) for who, secret in secrets.items()}
        return rounds.begin(latest, message, lease, int(time.time()), digests)

    try:
        record = STORE.change(message.request_id, begin, new=lambda: rounds.new_record(message, POLICY))
    except rounds.Closed:
        # A dead letter of the round before was late: it closed the record, and found its token spent.
        cause = (
            f"Request {message.request_id} was given up before its approvers could be asked in round {message.round}"
        )
        failed = CALLBACK.give(message.task_token, Failure(error=WorkflowError.NOTIFICATION_FAILED, cause=cause))
        logger.warning("request is closed", outcome=WorkflowError.NOTIFICATION_FAILED.value if failed else "stale")
        return
    except rounds.Stale:
        logger.info("round is over, nothing to send", outcome="stale")
        return
    except rounds.TooFewApprovers as error:
        CALLBACK.give(message.task_token, Failure(error=WorkflowError.TOO_FEW_APPROVERS, cause=str(error)))
        logger.warning("refused", outcome=WorkflowError.TOO_FEW_APPROVERS.value)
        return
    if record.status in DECIDED:
        settle(STORE, CALLBACK, record, message.task_token)
        logger.info("answered a decision that was still to be handed over", outcome=record.status.value)
        return
    try:
        # Looked at after the record was written: a run that ends from now on finds its record.
        execution = as_known(CALLBACK, message.execution_arn)
        if execution.over:
            STORE.change(message.request_id, partial(ended, execution=execution))
            logger.info("the run is over, nobody is asked", outcome="over", ended=execution.status)
            return
        if record.version == 1:
            count("Requested")
        _send(record, message, secrets, worker_ends - SPARE_SECONDS)
    except Exception:
        STORE.change(message.request_id, lambda latest: rounds.release(latest, lease))
        raise


def tell_late_decision(message: Message) -> None:
    """The last round is over, and the workflow could not close the record: say what it holds. Safe to run twice."""
    logger.append_keys(requestId=message.request_id, execution=message.execution_arn, round=message.round)
    record = STORE.get(message.request_id)
    if record:
        rounds.check_origin(record, message)
    if record and record.status in DECIDED:
        settle(STORE, CALLBACK, record, message.task_token)
        logger.info("handed a late decision over", outcome=record.status.value)
        return
    error, cause = undecided(record, message.request_id)
    taken = CALLBACK.give(message.task_token, Failure(error=error, cause=cause))
    logger.warning("nothing was decided", outcome=error.value if taken else "stale")


def _send(record: Record, message: Message, secrets: dict[str, str], give_up: float) -> None:
    for who in rounds.recipients(record):
        # Somebody may have answered, or the next round may have begun, while the mails before this one went out.
        if record.round != message.round or who not in rounds.recipients(record):
            continue
        PACE.wait()
        kind = rounds.kind(record, who)
        _publish(record, who, kind, secrets[who])
        record = _note(record, partial(rounds.mailed, who=who, round_=message.round), give_up)
        count("Mails")
        logger.info("mail sent", outcome=kind.value)


def _note(record: Record, mailed: Callable[[Record], Record], give_up: float) -> Record:
    """What is not noted is sent again, so this is tried for as long as the worker lives."""
    while True:
        try:
            return STORE.change(record.request_id, mailed)
        except (BotoCoreError, ClientError, Contended) as error:
            if time.time() > give_up:
                raise
            logger.warning("mail sent but not noted, will be tried again", kind=type(error).__name__)
            time.sleep(NOTE_PAUSE_SECONDS)


def _publish(record: Record, who: str, kind: rounds.Kind, secret: str) -> None:
    link = links.url(os.environ["APPROVAL_URL"], record.request_id, secret)
    one_click = f"{link}/approve" if os.environ["ONE_CLICK"] == "true" else ""
    environment, timezone = os.environ["ENVIRONMENT"], os.environ["TIMEZONE"]
    SNS.publish(
        TopicArn=os.environ["TOPIC_ARN"],
        Subject=mail.subject(record, kind, environment, timezone),
        Message=mail.body(record, who, kind, link, environment, timezone, one_click),
        MessageAttributes={"approver": {"DataType": "String", "StringValue": who}},
    )


def retry_after(error: Exception, received: int) -> int:
    """Seconds until a message is tried again: what never can succeed goes to the dead-letter queue without delay."""
    if isinstance(error, MalformedMessage) and not isinstance(error, UnknownVersionError):
        return 0
    if isinstance(error, rounds.Busy):
        return error.seconds
    return int(min(2**received, LONGEST_BACKOFF_SECONDS))


def _come_back(receipt_handle: str, seconds: int) -> None:
    """Without this, a mail that failed would wait for the queue's whole visibility time-out."""
    try:
        SQS.change_message_visibility(
            QueueUrl=os.environ["QUEUE_URL"], ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
        )
    except Exception:  # noqa: BLE001 - then it comes back when the visibility time-out ends
        logger.warning("the retry could not be brought forward")
