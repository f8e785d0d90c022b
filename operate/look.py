"""Requests for programs and for people. Strangers' words are one cleaned line each, and no markup of ours."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TextIO

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from handlers.approvals.faces import when, wording
from handlers.approvals.faces.program import values_for_programs, votes_for_programs
from handlers.approvals.rules.record import Record
from handlers.contract.form_fields import links_of, must_be
from handlers.contract.record import Status
from handlers.contract.visible import clean, one_line, quoted

UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
HISTORY = ("requestId", "title", "requestedBy", "outcome", "votes")
DURATION = re.compile(r"([0-9]{1,6})([smhd])")
# What an operator can do about a request that is in this state.
TO_DO = {
    Status.OPEN: "remind those who wait, or cancel it",
    Status.APPROVED: "nothing; if the run failed afterwards, redrive it",
    Status.REJECTED: "nothing, or start it anew",
    Status.EXPIRED: "start it anew if it is still wanted",
    Status.CLOSED: "read how it ended; start it anew if it is still wanted",
}
ID_SHOWN, TITLE_SHOWN = 8, 60  # characters


def seconds_of(text: str) -> int:
    """Of "30s", "2h", "1d". Raises typer.BadParameter."""
    found = DURATION.fullmatch(text)
    if not found:
        raise typer.BadParameter(f"must be a number and s, m, h or d, such as 2h, got {text}")
    return int(found[1]) * UNITS[found[2]]


def moment_of(text: str) -> datetime:
    """So long ago, or a date or time in UTC. Raises typer.BadParameter."""
    try:
        if DURATION.fullmatch(text):
            return datetime.now(UTC) - timedelta(seconds=seconds_of(text))
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        said = f"must be 30s, 2h, 1d or so, or a date such as 2026-11-30, got {text}"
        raise typer.BadParameter(said) from error


def waiting_for(record: Record) -> list[str]:
    """Who has been asked and has not answered."""
    return record.unanswered if record.status is Status.OPEN else []


def as_row(record: Record) -> dict[str, Any]:
    return {
        "requestId": record.request_id,
        "title": record.title,
        "status": record.status.value,
        "policy": record.policy.name,
        "round": record.round,
        "deadline": when.iso(record.deadline),
        "waitingFor": waiting_for(record),
        "executionArn": record.execution_arn,
    }


def as_outcome(record: Record) -> dict[str, Any]:
    """How it ended, by whose votes, with which values."""
    taken = record.answers[0].values if record.status is Status.APPROVED else {}
    return {
        "outcome": record.status.value,
        "votes": votes_for_programs(record),
        "values": values_for_programs(record, taken),
    }


def as_history(record: Record) -> dict[str, Any]:
    known = as_row(record) | as_outcome(record) | {"requestedBy": record.requested_by}
    return {name: known[name] for name in HISTORY}


def voted(record: Record) -> str:
    """For example "alice@example.com approved, bob@example.com rejected"."""
    return ", ".join(f"{one_line(who)} {wording.verb(vote)}" for who, vote in record.votes.items())


def table(*columns: str, heads: bool = True) -> Table:
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", show_header=heads)
    for name in columns:
        made.add_column(name, overflow="fold")
    return made


def cell(text: str, limit: int = 40) -> Text:
    return Text(one_line(text, limit))


def requests(records: Iterable[Record], now: float) -> Table:
    made = table("request", "status", "title", "asked by", "policy", "round", "approvals", "waits for", "left")
    for record in records:
        approvals, waits = record.tally.approvals, waiting_for(record)
        left = when.duration(int(record.deadline - now)) if record.deadline > now else "over"
        made.add_row(
            cell(record.request_id[:ID_SHOWN]),
            record.status.value,
            cell(wording.title(record), TITLE_SHOWN),
            cell(wording.requester(record)),
            cell(record.policy.name),
            f"{record.round} of {record.rounds}",
            f"{approvals.given} of {approvals.required}",
            cell(wording.listed(wording.first(waits, wording.NAMED, "others"))),
            left if record.status is Status.OPEN else "",
        )
    return made


def request(record: Record, execution: str, zone: str) -> RenderableType:
    """All there is to know about one; `execution` says how that stands."""
    ended = record.ended
    facts = {
        "request": record.request_id,
        "status": record.status.value,
        "asked by": wording.requester(record),
        "asked at": when.local_iso(record.requested_at, zone),
        "answer until": when.local(record.deadline, zone),
        "policy": wording.name(record.policy.name),
        "round": f"{record.round} of {record.rounds}",
        "needs": wording.quorum(record, record.tally),
        "still needed": wording.still_needed(record.tally) if record.status is Status.OPEN else "",
        "execution": one_line(record.execution_arn, len(record.execution_arn)),
        "its state": execution,
        "ended": f"{one_line(ended.error or ended.status)} {quoted(ended.cause, 1_000)}" if ended else "",
        "what to do": TO_DO[record.status],
    }
    known = table("", "", heads=False)
    for name, fact in facts.items():
        if fact:
            known.add_row(name, Text(fact))
    lists = {
        "Details": clean(record.details).splitlines(),
        "Links": [f"{one_line(one.label)}: {one_line(one.url, len(one.url))}" for one in links_of(record.links)],
        "Asks for": [one_line(f"{field.name}: {field.label}, {must_be(field)}") for field in record.form],
    }
    parts = [
        Text.assemble((name, "bold"), *(f"\n  | {line}" for line in lines)) for name, lines in lists.items() if lines
    ]
    return Group(Text(wording.title(record), "bold"), known, *parts, _people(record, zone))


def _people(record: Record, zone: str) -> Table:
    made = table("person", "group", "mails", "answer", "comment and values")
    for who in record.policy.everybody:
        one = record.approvers.get(who)
        role = "stands in" if who in record.policy.escalate_to else wording.groups_of(record, who)
        mails = f"{one.mails}, last in round {one.mailed_round}" if one and one.mailed_round else "none"
        if one and one.undelivered:
            mails += f"; one {wording.fate(one.undelivered.kind)}"
        vote = one.vote if one else None
        answer = f"{wording.verb(vote)} {when.local(vote.at, zone)}" if vote else ""
        if who not in record.electorate.everybody:
            answer = "barred: named as the requester"
        said = [*(f"{name}={value}" for name, value in vote.values.items()), vote.comment] if vote else []
        made.add_row(*map(cell, (who, role, mails)), cell(answer, 60), cell("; ".join(filter(None, said)), 200))
    return made


def history(records: Iterable[Record], zone: str) -> Table:
    made = table("request", "asked at", "title", "asked by", "outcome", "votes")
    for record in records:
        made.add_row(
            cell(record.request_id[:ID_SHOWN]),
            when.local_iso(record.requested_at, zone),
            cell(wording.title(record), TITLE_SHOWN),
            cell(wording.requester(record)),
            record.status.value,
            cell(voted(record), 500),
        )
    return made


def write_csv(records: Iterable[Record], file: TextIO) -> None:
    """With a header, which is there without records, too."""
    out = csv.writer(file)
    out.writerow(HISTORY)
    for record in records:
        row = as_history(record) | {"votes": voted(record)}
        out.writerow([_harmless(one_line(row[name], len(row[name]))) for name in HISTORY])


def _harmless(text: str) -> str:
    """A spreadsheet takes a text that begins so for a formula: https://owasp.org/www-community/attacks/CSV_Injection"""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
