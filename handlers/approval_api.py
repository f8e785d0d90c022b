"""Approval API: the page behind a mailed link (GET, HEAD: changes nothing) and the decision (POST)."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import boto3
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from botocore.exceptions import BotoCoreError, ClientError

from handlers.approvals import decisions, links, page
from handlers.approvals.aws import CONFIG
from handlers.approvals.callback import Callback, Execution, as_known, settle
from handlers.approvals.decisions import NoRoom, Refusal, Refused
from handlers.approvals.observability import count, logger, metrics
from handlers.approvals.page import State
from handlers.approvals.record import DECIDED, Decision, Record, Status, Vote
from handlers.approvals.store import Contended, Store

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

USER_AGENT_LIMIT = 256  # characters of it that are kept
SHOWN_AGAIN = 10 * page.COMMENT_LIMIT  # characters of a comment that is too long: megabytes would come back as more
LONGEST_PART = 64  # characters of a link's request id or secret
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
LINK = "/approvals/<request_id>/<secret>"
NO_ANSWER = (ClientError, BotoCoreError, Contended)

STORE = Store(boto3.client("dynamodb", config=CONFIG), os.environ["TABLE_NAME"])
CALLBACK = Callback(boto3.client("stepfunctions", config=CONFIG))

app = APIGatewayHttpResolver()


class BadForm(Exception):  # noqa: N818 - what was posted, not this program, is wrong
    """What was posted is no decision; `comment` is what had been typed."""

    def __init__(self, status: int, message: str, comment: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.comment = comment


@dataclass(frozen=True, kw_only=True)
class Link:
    """A link that was really sent: whose it is, the request as it stands, and the execution if it has ended."""

    who: str
    record: Record
    ended: Execution | None = None


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """An HTTP API event, payload format 2.0."""
    return app.resolve(event, context)


@app.get(LINK)
def show(request_id: str, secret: str) -> Response[str]:
    link = _open(request_id, secret)
    return _reply(200, _state(link), link) if link else _reply(404, State.UNKNOWN)


@app.head(LINK)
def probe(request_id: str, secret: str) -> Response[str]:
    shown = show(request_id, secret)
    shown.body = ""
    return shown


@app.post(LINK)
def decide(request_id: str, secret: str) -> Response[str]:
    link = _open(request_id, secret)
    if not link:
        return _reply(404, State.UNKNOWN)
    try:
        decision, comment = _posted()
    except BadForm as error:
        return _reply(error.status, _state(link), link, error=str(error), comment=error.comment)
    return _vote(link, decision, comment)


if os.environ["ONE_CLICK"] == "true":

    @app.get(f"{LINK}/approve")
    def approve(request_id: str, secret: str) -> Response[str]:
        """For teams that switched `oneClick` on and accept that whatever follows the link approves."""
        link = _open(request_id, secret)
        return _vote(link, Decision.APPROVE, "") if link else _reply(404, State.UNKNOWN)

    app.post(f"{LINK}/approve")(decide)


@app.not_found
def no_such_page(_error: Exception) -> Response[str]:
    return _reply(404, State.UNKNOWN)


@app.exception_handler(list(NO_ANSWER))  # type: ignore[untyped-decorator] # Powertools gives it no types
def out_of_order(error: Exception) -> Response[str]:
    """AWS did not answer, or not in time. Whatever was recorded before stays, so pressing again is safe."""
    logger.error("an AWS call failed", outcome="fault", kind=type(error).__name__)
    return _reply(503, State.FAULT)


def _open(request_id: str, secret: str) -> Link | None:
    """The request and the holder of this link. An unknown request and a wrong secret look the same from outside."""
    record = STORE.get(request_id) if _plausible(request_id, secret) else None
    who = links.holder(record, secret) if record else None
    if not record or not who:
        logger.info("unknown link", outcome="unknown")
        return None
    logger.append_keys(requestId=record.request_id, execution=record.execution_arn, round=record.round)
    if record.status is not Status.OPEN:
        return Link(who=who, record=record)
    execution = as_known(CALLBACK, record.execution_arn)
    if execution.running:
        return Link(who=who, record=record)
    return Link(who=who, record=decisions.ended(record, execution), ended=execution)


def _plausible(request_id: str, secret: str) -> bool:
    """Ours are 36 and 43 ASCII characters; what is much longer is not worth a look into the table."""
    return all(part.isascii() and 0 < len(part) <= LONGEST_PART for part in (request_id, secret))


def _vote(link: Link, decision: Decision, comment: str) -> Response[str]:
    http = app.current_event.request_context.http
    vote = Vote(
        decision=decision,
        comment=comment,
        at=int(time.time()),
        source_ip=http.get("sourceIp") or "",
        user_agent=(http.get("userAgent") or "")[:USER_AGENT_LIMIT],  # a client need not say what it is
    )
    refusal = None
    try:
        if link.ended:
            STORE.change(link.record.request_id, partial(decisions.ended, execution=link.ended))
        record = STORE.change(link.record.request_id, partial(decisions.cast, who=link.who, vote=vote))
    except Refused as refused:
        record, refusal = refused.record, refused.reason
    except NoRoom as error:
        return _reply(400, _state(link), link, error=str(error), comment=comment)
    except NO_ANSWER as error:
        logger.error("not recorded, or not known to be", outcome="fault", kind=type(error).__name__)
        return _reply(503, State.FAULT, link, comment=comment)
    logger.info("vote", outcome=refusal.value if refusal else decision.value, status=record.status.value)
    if refusal is None and record.status in DECIDED and link.record.status is Status.OPEN:
        count(record.status.value.capitalize())
    try:
        record = settle(STORE, CALLBACK, record)
    except NO_ANSWER as error:
        logger.error("recorded, but not handed over yet", outcome="pending", kind=type(error).__name__)
        return _reply(503, State.PENDING, Link(who=link.who, record=record))
    return _answered(Link(who=link.who, record=record), decision, refusal)


def _answered(link: Link, decision: Decision, refusal: Refusal | None) -> Response[str]:
    """What somebody sees who has pressed: the same again after the same press, a conflict if it did not count."""
    state, mine = _state(link), link.record.approvers[link.who].vote
    if refusal is Refusal.VOTED and mine and mine.decision is not decision and state in {State.THANKS, State.PENDING}:
        return _reply(409, State.VOTED, link)
    return _reply(200 if state in {State.THANKS, State.PENDING} else 409, state, link)


def _state(link: Link) -> State:
    record = link.record
    if record.status is Status.CLOSED:
        return State.CLOSED
    if record.status is Status.EXPIRED:
        return State.EXPIRED
    if record.approvers[link.who].vote:
        return State.PENDING if record.status in DECIDED and not record.handed_over else State.THANKS
    refusal = decisions.refusal(record, link.who, int(time.time()))
    return State(refusal.value) if refusal else State.OPEN


def _posted() -> tuple[Decision, str]:
    """The decision and the comment, from the page's form or from JSON. Raises BadForm."""
    event = app.current_event
    kind = event.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {FORM, JSON}:
        raise BadForm(415, f"The content type must be {FORM} or {JSON}.")
    try:
        text = event.decoded_body or ""
        fields = json.loads(text) if kind == JSON else _form(text)
    except (ValueError, RecursionError) as error:
        raise BadForm(400, "The decision could not be read.") from error
    if not isinstance(fields, dict):
        raise BadForm(400, 'The body must be an object: {"decision": "approve" or "reject", "comment": text}.')
    comment = _comment(fields.get("comment", ""))
    decision = fields.get("decision")
    if decision not in list(Decision):
        raise BadForm(400, "The decision must be approve or reject.", comment)
    return Decision(decision), comment


def _form(text: str) -> dict[str, str]:
    fields = parse_qs(text, keep_blank_values=True, max_num_fields=20, errors="strict")
    return {name: values[0] for name, values in fields.items()}


def _comment(value: Any) -> str:
    if not isinstance(value, str):
        raise BadForm(400, "The comment must be text.")
    comment = value.replace("\r\n", "\n").strip()  # a browser counts a line break as one character and sends two
    try:
        comment.encode()
    except UnicodeEncodeError as error:
        raise BadForm(400, "The comment must be valid Unicode text.") from error
    if len(comment) > page.COMMENT_LIMIT:
        raise BadForm(
            400,
            f"The comment must be at most {page.COMMENT_LIMIT:,} characters long; this one has {len(comment):,}.",
            comment[:SHOWN_AGAIN],
        )
    return comment


def _reply(status: int, state: State, link: Link | None = None, *, error: str = "", comment: str = "") -> Response[str]:
    if _wants_json():
        body = json.dumps(_as_json(state, link, error), ensure_ascii=False)
        return Response(status, body=body, headers=page.HEADERS | {"Content-Type": JSON})
    body = page.html(
        state,
        record=link.record if link else None,
        who=link.who if link else "",
        environment=os.environ["ENVIRONMENT"],
        timezone=os.environ["TIMEZONE"],
        error=error,
        comment=comment,
        now=int(time.time()),
    )
    return Response(status, body=body, headers=dict(page.HEADERS))


def _wants_json() -> bool:
    accepted = app.current_event.headers.get("accept", "").lower()
    return JSON in accepted and "text/html" not in accepted


def _as_json(state: State, link: Link | None, error: str) -> dict[str, Any]:
    """The request for a program: {"state", "error"?, "request"?}; times are ISO 8601, UTC."""
    answer: dict[str, Any] = {"state": state.value} | ({"error": error} if error else {})
    if not link:
        return answer
    record = link.record
    return answer | {
        "request": {
            "requestId": record.request_id,
            "title": record.title,
            "details": record.details,
            "requestedBy": record.requested_by,
            "requestedAt": record.requested_at,
            "scheduledFor": record.scheduled_for,
            "deadline": decisions.iso(record.deadline),
            "status": record.status.value,
            "approvalsRequired": record.approvals_required,
            "rejectionsRequired": record.rejections_required,
            "you": link.who,
            "votes": decisions.said(record),
        }
    }
