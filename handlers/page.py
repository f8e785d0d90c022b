"""Page: what is behind a mailed link (GET, HEAD: changes nothing) and the decision (POST)."""

import json
import os
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from handlers.approvals.adapters.assembly import approval_records, approval_workflow
from handlers.approvals.faces import browser, form
from handlers.approvals.faces.page import HEADERS, State, html, standing
from handlers.approvals.faces.pieces import VALUES, FormError, Typed
from handlers.approvals.faces.program import request_for_programs
from handlers.approvals.observability import logger, metrics, observe
from handlers.approvals.rules import links
from handlers.approvals.rules.decisions import same
from handlers.approvals.rules.record import Choice, Decision
from handlers.approvals.rules.refusal import Reason, Refusal
from handlers.approvals.usecases.page import Page, Pressed, Seen
from handlers.approvals.usecases.ports import UnavailableError
from handlers.contract.settings import PageSettings

CHANGED = "The request is not what it was when this page was shown. Please read it again."
AT_ONCE = "This cannot be approved by opening a link: it asks for values. Please enter them below."
ELSEWHERE = (
    "It came from another site, or from a viewer inside a mail program. "
    "Please open the link of the mail in a browser and answer there."
)
METHODS = frozenset({"GET", "HEAD", "POST"})
COUNTED = frozenset({State.THANKS, State.PENDING})


class Shown(NamedTuple):
    """The answer before it is rendered as a page or JSON. `typed` is what the person had typed."""

    status: int
    state: State
    seen: Seen | None = None
    error: FormError | None = None
    typed: Typed = Typed()


@dataclass(frozen=True, kw_only=True)
class HttpApi:
    """Serves every request to the HTTP API. Header names are in lower case."""

    page: Page
    settings: PageSettings

    def serve(self, event: dict[str, Any]) -> dict[str, Any]:
        """Turn an HTTP API event (payload format 2.0) into its response."""
        try:
            shown = self._route(event)
        except UnavailableError as error:
            # AWS did not answer in time. Anything already recorded stays, so pressing again is safe.
            logger.error("an AWS call failed", outcome="fault", kind=error.kind)
            shown = Shown(503, State.FAULT)
        return self._response(event, shown)

    def _route(self, event: dict[str, Any]) -> Shown:
        """GET and HEAD only look, POST decides. With `oneClick`, a GET of the one-click link decides too."""
        method, path = _http(event)["method"], links.parse(event["rawPath"])
        if path and path.at_once and not self.settings.one_click:
            path = None
        seen = self.page.look(path) if path and method in METHODS else None
        if not path or not seen:
            logger.info("unknown link", outcome="unknown")
            return Shown(404, State.UNKNOWN)
        if method == "POST":
            return self._post(event, seen)
        if method == "GET" and path.at_once and browser.opened(event["headers"]):
            shown = self._press(event, seen, Choice(decision=Decision.APPROVE))
            wrong = shown.error and shown.error.errors
            return shown._replace(error=FormError(message=AT_ONCE, errors=wrong)) if wrong else shown
        logger.info("looked", outcome="shown")
        return Shown(200, self._state(seen), seen)

    def _post(self, event: dict[str, Any], seen: Seen) -> Shown:
        headers, body = event["headers"], event.get("body") or ""
        posted: Choice | form.NoDecision
        try:
            posted = form.read(headers.get("content-type", ""), body, in_base64=event.get("isBase64Encoded", False))
        except form.NoDecision as nothing:
            posted = nothing
        typed = posted.typed if isinstance(posted, form.NoDecision) else Typed(posted.comment, posted.values)
        if browser.from_another_site(headers):
            posted = form.NoDecision(403, ELSEWHERE)
        if isinstance(posted, form.NoDecision):
            logger.info("nothing decided", outcome="refused" if posted.error else "shown", status=posted.status)
            return Shown(posted.status, self._state(seen), seen, posted.error, typed)
        return self._press(event, seen, posted)

    def _press(self, event: dict[str, Any], seen: Seen, choice: Choice) -> Shown:
        http = _http(event)
        pressed = self.page.press(
            seen,
            choice,
            source_ip=http.get("sourceIp") or "",
            user_agent=http.get("userAgent") or "",  # a client need not say what it is
        )
        typed = Typed(choice.comment, choice.values)
        if not pressed.recorded:
            return Shown(503, State.FAULT, seen, typed=typed)
        match pressed.refusal:
            case Refusal(reason=Reason.GONE):
                return Shown(404, State.UNKNOWN)
            case Refusal(reason=Reason.CHANGED):
                error = FormError(message=CHANGED)
                return Shown(409, self._state(pressed.seen), pressed.seen, error, typed)
            case Refusal(reason=Reason.NO_ROOM | Reason.INVALID, words=words, errors=errors):
                named = {f"{VALUES}{name}": said for name, said in errors.items()}
                error = FormError(message=words, field="" if errors else "comment", errors=named)
                return Shown(400, self._state(pressed.seen), pressed.seen, error, typed)
        return self._after(pressed, choice)

    def _after(self, pressed: Pressed, choice: Choice) -> Shown:
        """What is shown after a press. The same press gets the same page; one that did not count gets a conflict."""
        seen = pressed.seen
        if not pressed.handed_over:
            return Shown(503, State.PENDING, seen)
        state = self._state(seen)
        mine = seen.record.approvers[seen.who].vote
        if state in COUNTED and pressed.refusal and mine and not same(seen.record, mine, choice):
            return Shown(409, State.VOTED, seen)
        return Shown(200 if state in COUNTED else 409, state, seen)

    def _state(self, seen: Seen) -> State:
        return standing(seen.record, seen.who, self.page.clock.now())

    def _response(self, event: dict[str, Any], shown: Shown) -> dict[str, Any]:
        headers = dict(HEADERS)
        as_json = _wants_json(event)
        if as_json:
            headers["Content-Type"] = form.JSON
        if _http(event)["method"] == "HEAD":
            body = ""
        else:
            body = json.dumps(_as_json(shown), ensure_ascii=False) if as_json else self._as_page(shown)
        return {"statusCode": shown.status, "headers": headers, "body": body, "isBase64Encoded": False}

    def _as_page(self, shown: Shown) -> str:
        seen = shown.seen
        return html(
            shown.state,
            record=seen.record if seen else None,
            who=seen.who if seen else "",
            environment=self.settings.label,
            timezone=self.settings.timezone,
            error=shown.error,
            typed=shown.typed,
            now=int(self.page.clock.now()),
        )


def _http(event: dict[str, Any]) -> dict[str, Any]:
    http: dict[str, Any] = event["requestContext"]["http"]
    return http


def _wants_json(event: dict[str, Any]) -> bool:
    accepted = event["headers"].get("accept", "").lower()
    return form.JSON in accepted and "text/html" not in accepted


def _as_json(shown: Shown) -> dict[str, Any]:
    """{"state", "error"?, "errors"?, "request"?}."""
    told: dict[str, Any] = {"state": shown.state.value}
    if shown.error:
        told["error"] = shown.error.message
        told |= {"errors": shown.error.errors} if shown.error.errors else {}
    if shown.seen:
        told["request"] = request_for_programs(shown.seen.record, shown.seen.who)
    return told


@cache
def http_api() -> HttpApi:
    """Once a process. Raises SettingsError, which names the variable."""
    settings = PageSettings.read(os.environ)
    observe(settings.label)
    records = approval_records(settings.table_name)
    page = Page(records=records, workflow=approval_workflow(always=False), clock=records.clock)
    return HttpApi(page=page, settings=settings)


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """See HttpApi.serve."""
    return http_api().serve(event)


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:  # in Lambda's init phase, which has a full CPU whatever the memory size
    http_api()
