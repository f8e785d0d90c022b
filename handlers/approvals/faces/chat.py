"""What a chat channel reads: one message for each event, in a thread for each request. Told, not asked: no link.

In the format of Amazon Q Developer in chat applications:
https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
"""

import json
from collections.abc import Iterable, Iterator

from handlers.approvals.faces import events, when, wording
from handlers.approvals.rules.record import Decision, Record
from handlers.approvals.rules.transitions import Transition
from handlers.contract.events import EventType
from handlers.contract.form_fields import Values
from handlers.contract.record import Status
from handlers.contract.visible import one_line

# In characters. A block of text in Slack has 3,000: https://docs.slack.dev/reference/block-kit/blocks/section-block
DESCRIPTION_LIMIT = 3_000
WORDS_LIMIT = 500  # of one text, twice in a line at the most
TITLE_LIMIT = 100  # of each text in a title
PEOPLE_SHOWN = 5
CUT = "(The rest is left out.)"
# Chat programs turn addresses into links, and some words into calls for everybody, but not in code.
CODE = str.maketrans({"`": "'", "<": "\u2039", ">": "\u203a"})


def message(record: Record, transition: Transition, environment: str, timezone: str) -> str:
    """As JSON."""
    where = f"[{one_line(environment)}] " if environment else ""
    title = f"{where}{_headline(record, transition)}: {_code(record.title, TITLE_LIMIT)}"
    return json.dumps(
        {
            "version": "1.0",
            "source": "custom",
            "content": {
                "textType": "client-markdown",
                "title": title,
                "description": "\n".join(_bounded(_lines(record, transition, timezone))),
            },
            "metadata": {"threadId": record.request_id, "summary": title, "eventType": transition.type.value},
        }
    )


def _headline(record: Record, transition: Transition) -> str:
    match transition.type:
        case EventType.REQUESTED:
            return "Approval needed"
        case EventType.REMINDED if transition.who:
            return f"Reminder to {_code(transition.who, TITLE_LIMIT)}"
        case EventType.REMINDED:
            return f"Reminder {record.round - 1} of {record.rounds - 1}"
        case EventType.VOTED:
            return f"{wording.verb(record.votes[transition.who]).capitalize()} by {_code(transition.who, TITLE_LIMIT)}"
    return "Cancelled" if record.ended and record.ended.cancelled else record.status.value.capitalize()


def _lines(record: Record, transition: Transition, timezone: str) -> Iterator[str]:
    match transition.type:
        case EventType.REQUESTED | EventType.REMINDED:
            under = f", under policy {_code(policy)}" if (policy := wording.policy(record)) else ""
            yield f"Asked by {_code(record.requested_by, otherwise=wording.NOBODY)}{under}."
            yield f"Approvals needed: {_code(wording.quorum(record, record.tally))}."
            yield f"Answer until {when.local(record.deadline, timezone)}, by the link in your own mail."
        case EventType.VOTED:
            vote = record.votes[transition.who]
            yield f"Comment: {_code(vote.comment)}"
            yield from _values(record, vote.values)
            missing = wording.still_needed(record.tally)
            if missing and record.status is Status.OPEN:
                yield f"Still needed: {_code(missing)}."
        case EventType.DECIDED:
            said = Decision.APPROVE if record.status is Status.APPROVED else Decision.REJECT
            by = [_code(who) for who, vote in record.votes.items() if vote.decision is said]
            yield f"{record.status.value.capitalize()} by {wording.listed(wording.first(by, PEOPLE_SHOWN, 'others'))}."
            if said is Decision.APPROVE:
                yield from _values(record, record.answers[0].values)
        case _:
            yield _code(record.ended.words if record.ended else events.cause(record))


def _values(record: Record, values: Values) -> Iterator[str]:
    given = {field: wording.value(field, values[field.name]) for field in record.form if field.name in values}
    for field, value in given.items():
        yield f"{_code(field.label)}: {_code(value)}"


def _bounded(lines: Iterable[str]) -> Iterator[str]:
    """Whole lines, so that code in them stays code."""
    room = DESCRIPTION_LIMIT - len(CUT)
    for line in lines:
        room -= len(line) + len("\n")
        if room < 0:
            yield CUT
            return
        yield line


def _code(text: str, limit: int = WORDS_LIMIT, otherwise: str = "(nothing)") -> str:
    """A stranger's words, in which nothing is a link, a mention or a format."""
    line = one_line(text, limit).translate(CODE)
    return f"`{line}`" if line else otherwise
