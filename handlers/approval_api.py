"""Approval API: the page behind a mailed link (GET, HEAD: changes nothing) and the decision (POST)."""

from __future__ import annotations

import base64
import json
import os
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from handlers.approvals import browser, decisions, links, page
from handlers.approvals.aws import CONFIG
from handlers.approvals.callback import Callback, Execution, as_known, settle
from handlers.approvals.decisions import NoRoom, Refusal, Refused
from handlers.approvals.observability import count, logger, metrics
from handlers.approvals.page import FormError, State
from handlers.approvals.record import DECIDED, Decision, Record, Vote
from handlers.approvals.store import Contended, Store
from handlers.contract.once import RepeatedError, once
from handlers.contract.record import Status

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

USER_AGENT_LIMIT = 256  # characters of it that are kept
SHOWN_AGAIN = 10 * page.COMMENT_LIMIT  # characters of a comment that is too long: megabytes would come back as more
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
CHANGED = "The request is not what it was when this page was shown. Please read it again."
ELSEWHERE = (
    "It came from another site, or from a viewer inside a mail program. "
    "Please open the link of the mail in a browser and answer there."
)
FIELDS = frozenset({"decision", "comment", "digest"})
METHODS = frozenset({"GET", "HEAD", "POST"})
NO_ANSWER = (ClientError, BotoCoreError, Contended)

STORE = Store(boto3.client("dynamodb", config=CONFIG), os.environ["TABLE_NAME"])
CALLBACK = Callback(boto3.client("stepfunctions", config=CONFIG))
ONE_CLICK = os.environ["ONE_CLICK"] == "true"


class NoDecision(Exception):  # noqa: N818 - what was posted, not this program, is wrong
    """What was posted is no decision.

    `error` says what is wrong, and in which field of the form, "" if it is the body as a whole; None if nothing is: the
    button was pressed that decides nothing. `comment` is what had been typed.
    """

    def __init__(self, status: int, message: str, *, field: str = "", comment: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.error = FormError(message=message, field=field) if message else None
        self.comment = comment


@dataclass(frozen=True, kw_only=True)
class Link:
    """A link that was really sent: whose it is, the request as it stands, and the execution if it has ended."""

    who: str
    record: Record
    ended: Execution | None = None


@dataclass(frozen=True)
class Answer:
    """What is answered, before it becomes a page or JSON. `comment` is what had been typed."""

    status: int
    state: State
    link: Link | None = None
    error: FormError | None = None
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class Posted:
    """What somebody answers. `digest` is that of the question which the page showed, "" from a program without one."""

    decision: Decision
    comment: str = ""
    digest: str = ""


UNKNOWN = Answer(404, State.UNKNOWN)


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """An HTTP API event, payload format 2.0. Whatever comes to the API comes here; headers are in lower case."""
    try:
        answer = _answer(event)
    except NO_ANSWER as error:
        # AWS did not answer, or not in time. Whatever was recorded before stays, so pressing again is safe.
        logger.error("an AWS call failed", outcome="fault", kind=type(error).__name__)
        answer = Answer(503, State.FAULT)
    return _response(event, answer)


def _answer(event: dict[str, Any]) -> Answer:
    """GET and HEAD look, POST decides; with `oneClick`, a GET of the link that approves at once decides, too."""
    method, path = _http(event)["method"], links.parse(event["rawPath"])
    if path and path.at_once and not ONE_CLICK:
        path = None
    link = _open(path) if path and method in METHODS else None
    if not path or not link:
        logger.info("unknown link", outcome="unknown")
        return UNKNOWN
    if method == "POST":
        return _press(event, link)
    if method == "GET" and path.at_once and browser.opened(event["headers"]):
        return _vote(event, link, Posted(decision=Decision.APPROVE))
    return Answer(200, _state(link), link)


def _press(event: dict[str, Any], link: Link) -> Answer:
    posted: Posted | NoDecision
    try:
        posted = _posted(event)
    except NoDecision as nothing:
        posted = nothing
    if browser.from_another_site(event["headers"]):
        posted = NoDecision(403, ELSEWHERE, comment=posted.comment)
    if isinstance(posted, NoDecision):
        logger.info("nothing decided", outcome="refused" if posted.error else "shown", status=posted.status)
        return Answer(posted.status, _state(link), link, posted.error, posted.comment)
    return _vote(event, link, posted)


def _open(path: links.Path) -> Link | None:
    """The request and the holder of this link. An unknown request and a wrong secret look the same from outside."""
    record = None
    for spelling in dict.fromkeys(links.spellings(path.request_id)):
        record = record or STORE.get(spelling)
    who = links.holder(record, path.secret) if record else None
    if not record or not who:
        return None
    logger.append_keys(requestId=record.request_id, execution=record.execution_arn, round=record.round)
    if record.status is not Status.OPEN:
        return Link(who=who, record=record)
    execution = as_known(CALLBACK, record.execution_arn)
    if execution.running:
        return Link(who=who, record=record)
    return Link(who=who, record=decisions.ended(record, execution), ended=execution)


def _vote(event: dict[str, Any], link: Link, posted: Posted) -> Answer:
    http = _http(event)
    vote = Vote(
        decision=posted.decision,
        comment=posted.comment,
        digest=posted.digest or link.record.digest,
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
        return Answer(400, _state(link), link, FormError(message=str(error), field="comment"), posted.comment)
    except NO_ANSWER as error:
        logger.error("not recorded, or not known to be", outcome="fault", kind=type(error).__name__)
        return Answer(503, State.FAULT, link, comment=posted.comment)
    logger.info("vote", outcome=refusal.value if refusal else posted.decision.value, status=record.status.value)
    if refusal is Refusal.CHANGED:
        link = Link(who=link.who, record=record)
        return Answer(409, _state(link), link, FormError(message=CHANGED, field=""), posted.comment)
    if refusal is None and record.status in DECIDED and link.record.status is Status.OPEN:
        count(record.status.value.capitalize())
    try:
        record = settle(STORE, CALLBACK, record)
    except NO_ANSWER as error:
        logger.error("recorded, but not handed over yet", outcome="pending", kind=type(error).__name__)
        return Answer(503, State.PENDING, Link(who=link.who, record=record))
    return _answered(Link(who=link.who, record=record), posted.decision, refusal)


def _answered(link: Link, decision: Decision, refusal: Refusal | None) -> Answer:
    """What somebody sees who has pressed: the same again after the same press, a conflict if it did not count."""
    state, mine = _state(link), link.record.approvers[link.who].vote
    if refusal is Refusal.VOTED and mine and mine.decision is not decision and state in {State.THANKS, State.PENDING}:
        return Answer(409, State.VOTED, link)
    return Answer(200 if state in {State.THANKS, State.PENDING} else 409, state, link)


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


def _posted(event: dict[str, Any]) -> Posted:
    """From the page's form or from JSON. Raises NoDecision."""
    kind = event["headers"].get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {FORM, JSON}:
        raise NoDecision(415, f"The content type must be {FORM} or {JSON}.")
    try:
        text = _body(event)
        # Pairs, not a dictionary: of a field that comes twice, that would keep one and lose the other.
        pairs = json.loads(text, object_pairs_hook=tuple) if kind == JSON else _form(text)
    except (ValueError, RecursionError) as error:
        raise NoDecision(400, "The decision could not be read.") from error
    if not isinstance(pairs, tuple):
        raise NoDecision(400, 'The body must be an object: {"decision": "approve" or "reject", "comment": text}.')
    try:
        given = once((name, value) for name, value in pairs if name in FIELDS)
    except RepeatedError as error:
        typed = "\n".join(value for name, value in pairs if name == "comment" and isinstance(value, str))
        raise NoDecision(
            400,
            f"The {error.name} must be given once; it came {error.times} times.",
            field=error.name,
            comment=typed[:SHOWN_AGAIN],
        ) from error
    comment, decision, digest = _comment(given.get("comment", "")), given.get("decision"), given.get("digest", "")
    if kind == FORM and page.LOOK in dict(pairs):
        raise NoDecision(200, "", comment=comment)
    if decision not in list(Decision):
        raise NoDecision(400, "The decision must be approve or reject.", field="decision", comment=comment)
    if not isinstance(digest, str):
        raise NoDecision(400, "The digest must be text.", comment=comment)
    return Posted(decision=Decision(decision), comment=comment, digest=digest)


def _body(event: dict[str, Any]) -> str:
    body = event.get("body") or ""
    return base64.b64decode(body).decode() if event.get("isBase64Encoded") else body


def _form(text: str) -> tuple[tuple[str, str], ...]:
    return tuple(parse_qsl(text, keep_blank_values=True, max_num_fields=20, errors="strict"))


def _comment(value: Any) -> str:
    if not isinstance(value, str):
        raise NoDecision(400, "The comment must be text.", field="comment")
    comment = value.replace("\r\n", "\n").strip()  # a browser counts a line break as one character and sends two
    try:
        comment.encode()
    except UnicodeEncodeError as error:
        raise NoDecision(400, "The comment must be valid Unicode text.", field="comment") from error
    if len(comment) > page.COMMENT_LIMIT:
        raise NoDecision(
            400,
            f"The comment must be at most {page.COMMENT_LIMIT:,} characters long; this one has {len(comment):,}.",
            field="comment",
            comment=comment[:SHOWN_AGAIN],
        )
    return comment


def _http(event: dict[str, Any]) -> dict[str, Any]:
    http: dict[str, Any] = event["requestContext"]["http"]
    return http


def _response(event: dict[str, Any], answer: Answer) -> dict[str, Any]:
    headers = dict(page.HEADERS)
    if _http(event)["method"] == "HEAD":
        body = ""
    elif _wants_json(event):
        body = json.dumps(_as_json(answer), ensure_ascii=False)
    else:
        body = _as_page(answer)
    if _wants_json(event):
        headers["Content-Type"] = JSON
    return {"statusCode": answer.status, "headers": headers, "body": body, "isBase64Encoded": False}


def _wants_json(event: dict[str, Any]) -> bool:
    accepted = event["headers"].get("accept", "").lower()
    return JSON in accepted and "text/html" not in accepted


def _as_page(answer: Answer) -> str:
    link = answer.link
    return page.html(
        answer.state,
        record=link.record if link else None,
        who=link.who if link else "",
        environment=os.environ["ENVIRONMENT"],
        timezone=os.environ["TIMEZONE"],
        error=answer.error,
        comment=answer.comment,
        now=int(time.time()),
    )


def _as_json(answer: Answer) -> dict[str, Any]:
    """The request for a program: {"state", "error"?, "request"?}; times are ISO 8601, UTC."""
    told: dict[str, Any] = {"state": answer.state.value} | ({"error": answer.error.message} if answer.error else {})
    link = answer.link
    if not link:
        return told
    record = link.record
    return told | {
        "request": {
            "requestId": record.request_id,
            "title": record.title,
            "details": record.details,
            "requestedBy": record.requested_by,
            "requestedAt": record.requested_at,
            "scheduledFor": record.scheduled_for,
            "deadline": decisions.iso(record.deadline),
            "digest": record.digest,
            "status": record.status.value,
            "approvalsRequired": record.approvals_required,
            "rejectionsRequired": record.rejections_required,
            "you": link.who,
            "votes": decisions.said(record),
        }
    }
