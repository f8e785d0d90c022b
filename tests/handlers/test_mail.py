from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from handlers.approvals.faces import left_out, letter, mail, wording
from handlers.approvals.faces.letter import as_text
from handlers.approvals.rules.record import Approver, Decision, Record, Withdrawn
from handlers.approvals.rules.rounds import Kind
from handlers.contract.policy import Group
from tests.support import plain
from tests.support.records import (
    ANNA,
    BEN,
    BOSS,
    CARLA,
    DIGEST,
    EXECUTION_ARN,
    OF_EACH_TYPE,
    REQUEST_ID,
    SOURCE_IP,
    TASK_TOKEN,
    USER_AGENT,
    asking,
    escalated,
    giving,
    grouped,
    policy,
    record,
    vote,
    voted,
)

LINK = "https://api.example.com/approvals/1a2b3c4d/secret"
ONE_CLICK = f"{LINK}/approve"
SNS_LIMIT = 256 * 1024  # bytes


def body(sample: Record, kind: Kind = Kind.REQUEST, who: str = CARLA, one_click_link: str = "") -> str:
    return plain.body(sample, who, kind, LINK, "dev", "Europe/Berlin", one_click_link)


def quoted(text: str) -> list[str]:
    return [line.removeprefix("  |").removeprefix(" ") for line in text.split("\n") if line.startswith("  |")]


# --- the subject


@pytest.mark.parametrize(
    ("kind", "headline"),
    [(Kind.REQUEST, "Approval needed"), (Kind.REMINDER, "Reminder"), (Kind.ESCALATION, "Escalation")],
)
@pytest.mark.parametrize(
    ("scheduled_for", "told"),
    [
        ("", ""),
        ("2026-11-25T08:00:00Z", " (25 Nov 2026, 09:00 CET)"),
        # The hour that comes twice when the clocks go back.
        ("2026-10-25T00:30:00Z", " (25 Oct 2026, 02:30 CEST)"),
        ("2026-10-25T01:30:00Z", " (25 Oct 2026, 02:30 CET)"),
    ],
)
def test_the_subject_names_environment_kind_and_title_and_for_which_time(
    kind: Kind, headline: str, scheduled_for: str, told: str
) -> None:
    sample = record(title="Daily payout", scheduled_for=scheduled_for)
    assert plain.subject(sample, kind, "prod", "Europe/Berlin") == f"[prod] {headline}: Daily payout{told}"


@pytest.mark.parametrize("scheduled_for", ["", "2026-11-25T08:00:00Z"])
@pytest.mark.parametrize("title", ["wonderful " * 30, "x" * 10_000, "Überprüfung " * 20])
def test_the_title_is_shortened_at_a_word_if_there_is_one_and_the_time_never(title: str, scheduled_for: str) -> None:
    sample = record(title=title, scheduled_for=scheduled_for)
    subject = plain.subject(sample, Kind.REQUEST, "production-in-eu-central-1-and-more", "Australia/Lord_Howe")
    assert subject.endswith("... (25 Nov 2026, 19:00 UTC+11)" if scheduled_for else "...")
    assert 80 < len(subject) < 100
    assert plain.subject(record(title="wonderful " * 30), Kind.REQUEST, "production").endswith("wonderful...")


# --- the body


def test_the_body_tells_what_who_and_until_when() -> None:
    text = body(record())
    assert "What: Deploy 1.4 to production" in text
    assert "Asked by: release-bot@example.com" in text
    assert "Asked at: Fri 27 Nov 2026, 14:30 CET" in text
    assert "Answer until: Sat 28 Nov 2026, 14:30 CET" in text
    assert "Approvals needed: 2 (3 people asked; one rejection stops it)" in text
    assert quoted(text) == ["Adds the new checkout.", "Roll back with 1.3."]
    assert text.endswith(f"Request {REQUEST_ID}\n")
    for kind in Kind:
        assert "\nScheduled for: Wed 25 Nov 2026, 09:00 CET\n" in body(
            record(scheduled_for="2026-11-25T08:00:00Z"), kind
        )
        assert not {"Scheduled for", "Policy"} & set(re.findall(r"^(.+?):", body(record(), kind), re.MULTILINE))
    assert "Details" not in body(record(details=" \n"))


@pytest.mark.parametrize("nobody", ["", "\u200b", "\u2800\U0001d159"])
def test_a_request_without_a_requester_says_that_nobody_is_named_and_claims_no_more(nobody: str) -> None:
    assert "Asked by: (nobody is named)\n" in body(record(requested_by=nobody))


def test_the_link_stands_alone_and_is_explained() -> None:
    text = body(record())
    assert text.split("\n").count(LINK) == 1
    assert "Nothing is decided until you press" in text
    assert f"answers as {CARLA}" in text
    assert "do not forward" in text


def test_a_one_click_link_is_there_only_if_given_and_says_what_it_does() -> None:
    text = body(record(), one_click_link=ONE_CLICK)
    assert text.split("\n").count(ONE_CLICK) == 1
    assert "Opening this link is your approval" in text
    assert "/approve" not in body(record())


@pytest.mark.parametrize(
    ("changes", "there"),
    [
        ({"details": "x" * mail.DETAILS_LIMIT}, True),
        ({"details": "x" * (mail.DETAILS_LIMIT + 1)}, False),
        ({"details": "x\n" * mail.DETAILS_LINES}, True),
        ({"details": "x\n" * (mail.DETAILS_LINES + 1)}, False),
        ({"details": json.dumps({"log": "x\n" * 150})}, True),
        ({"details": json.dumps({"log": "x\n" * 250})}, False),
        ({"title": "x" * 400}, True),
        ({"title": "x" * 401}, False),
    ],
)
def test_nobody_approves_by_one_click_what_the_mail_had_to_cut(changes: dict, *, there: bool) -> None:
    text = body(record(**changes), one_click_link=ONE_CLICK)
    assert (ONE_CLICK in text.split("\n")) is there
    assert ("approve at once" in text) is there
    assert LINK in text.split("\n")
    cut = "(shortened here; the page behind the link has all of it)" in text
    assert cut is ("details" in changes and not there)
    assert len(quoted(text)) <= mail.DETAILS_LINES


def test_votes_so_far_are_told_with_their_comments() -> None:
    text = body(voted({BEN: vote(Decision.REJECT, "Not on\na Friday."), ANNA: vote(at=1)}, details=""))
    assert text.index(f"- {ANNA} approved") < text.index(f"- {BEN} rejected, Fri 27 Nov 2026, 14:40 CET")
    assert quoted(text) == ["Not on", "a Friday."]
    assert "Nobody has answered yet." in body(record())


def test_a_reminder_counts_and_tells_when_it_was_first_asked() -> None:
    text = body(record(round=2), Kind.REMINDER)
    assert "This is reminder 1 of 2; it was first asked at Fri 27 Nov 2026, 14:30 CET." in text


def test_an_escalation_explains_why_this_person_is_asked_now() -> None:
    last = record(round=3, approvers={**record().approvers, BOSS: Approver()}, escalate_to=(BOSS,))
    text = body(last, Kind.ESCALATION, BOSS)
    opening = text.split("\n")[0]
    assert "now you are asked as well" in opening
    assert f"{ANNA}, {BEN} and {CARLA} have not settled it" in opening
    assert BOSS not in opening
    assert "Sat 28 Nov 2026, 14:30 CET" in opening


# --- policies and groups


def facts(text: str) -> list[str]:
    """From what is asked to where the details begin."""
    return text[text.index("What: ") : text.index("Details, as written")].split(letter.PARAGRAPH)[1:-1]


@pytest.mark.parametrize("kind", Kind)
def test_the_subject_does_not_name_the_policy(kind: Kind) -> None:
    assert plain.subject(grouped(), kind, "dev") == plain.subject(record(), kind, "dev")


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        ({}, "2 different people; finance 1, legal 1"),
        ({"approvals_required": 1}, "finance 1, legal 1"),
        ({"groups": {"all": Group(approvers=(ANNA, BEN, CARLA), approvals_required=2)}}, "all 2"),
    ],
)
def test_a_mail_says_how_many_of_each_group_and_in_all_if_that_is_more(changes: dict[str, Any], needed: str) -> None:
    said = f"Approvals needed: {needed} ("
    assert [line.startswith(said) for line in facts(body(grouped(**changes)))].count(True) == 1


ALL_NEEDED = "Approvals needed: 2 different people; finance 1, legal 1 (3 people asked; one rejection stops it)"
COUNTS_FOR_BOTH = "Your approval counts for: finance and legal"
STANDS_IN = "You can stand in for any group: your approval counts in each of them."
AFTER_ANNA = replace(grouped({ANNA: vote()}, approvals_required=3), round=2)


@pytest.mark.parametrize(
    ("kind", "sample", "who", "told"),
    [
        (Kind.REQUEST, grouped(), BEN, ["Policy: payout", ALL_NEEDED, COUNTS_FOR_BOTH]),
        (Kind.REQUEST, grouped(), CARLA, ["Your approval counts for: legal"]),
        (Kind.REMINDER, AFTER_ANNA, BEN, ["Still needed: 2 approvals, at least 1 from legal", COUNTS_FOR_BOTH]),
        (
            Kind.ESCALATION,
            escalated(grouped({ANNA: vote()})),
            BOSS,
            ["Still needed: 1 approval from legal", STANDS_IN],
        ),
    ],
    ids=["the first mail", "to somebody of one group", "a reminder", "an escalation"],
)
def test_a_mail_says_what_is_needed_and_what_the_reader_s_approval_counts_for(
    kind: Kind, sample: Record, who: str, told: list[str]
) -> None:
    assert facts(body(sample, kind, who))[-len(told) :] == told


@pytest.mark.parametrize("kind", Kind)
def test_without_groups_a_mail_says_nothing_of_them(kind: Kind) -> None:
    text = body(escalated(record(escalate_to=(BOSS,))), kind, BOSS)
    assert "group" not in text
    assert "Still needed" not in text


@pytest.mark.parametrize("kind", Kind)
def test_no_name_of_a_policy_or_a_group_passes_for_the_mail_s_own_words(kind: Kind) -> None:
    forged = "legal 0\r\n\nTo answer, open this link:\u2028\u202ehttps://evil.example"
    members = Group(approvers=(ANNA, BEN))
    text = body(grouped(name=forged, groups={forged: members, 'x" 0, y': members}), kind, ANNA)
    assert text.splitlines().count("To answer, open this link:") == 1
    name = '"legal 0 To answer, open this link:..."'
    assert f"Policy: {name}" in facts(text)
    assert f'Approvals needed: 2 different people; {name} 1, "x\' 0, y" 1 (' in text
    assert f'Your approval counts for: {name} and "x\' 0, y"' in facts(text)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("one_click_link", ["", ONE_CLICK])
def test_outlook_has_no_line_breaks_to_remove(kind: Kind, one_click_link: str) -> None:
    """It joins a line to the one before it, but not over a blank line, and not if it begins with two blanks."""
    votes = {BEN: vote(Decision.REJECT, "Not on\na Friday."), ANNA: vote(at=1), CARLA: vote(at=2, comment="Fine.")}
    asked = voted(votes, round=3, escalate_to=(BOSS,), approvers={**record().approvers, BOSS: Approver()})
    for sample in (asked, escalated(grouped({BEN: vote()}))):
        lines = body(sample, kind, BOSS, one_click_link).split("\n")
        assert [line for before, line in pairwise(lines) if before and line and not line.startswith("  ")] == []
        assert {"What: Deploy 1.4 to production", LINK, f"Request {REQUEST_ID}"} <= set(lines)


# --- fields, values and links

REGION, SHARE, _, NOTES, _, ANNOUNCE = OF_EACH_TYPE
LOG = {"label": "Change log", "url": "https://ci.example.com/" + "a" * 200}


@pytest.mark.parametrize("kind", Kind)
def test_a_mail_says_what_will_be_asked_and_what_to_read_in_rows_of_the_asker_s(kind: Kind) -> None:
    docs = {"label": "ci.example.com (docs)", "url": "https://M\u00fcnchen.example:8443/?q=\u00fc"}
    text = body(asking(REGION, SHARE, NOTES, ANNOUNCE, links=(LOG, docs), details=""), kind)
    linked, asked = text.partition("Links, as given by whoever asked:\n\n")[2].split(
        "If you approve, you will be asked"
    )
    assert quoted(linked) == [
        "Change log (ci.example.com):",
        f"  {LOG['url']}",
        '"ci.example.com (docs)" (xn--mnchen-3ya.example:8443):',
        "  https://xn--mnchen-3ya.example:8443/?q=\u00fc",
    ]
    assert asked.startswith(" for, in the words of whoever asked:\n\n")
    assert quoted(asked) == [
        '"Which region first?": one of Frankfurt, Virginia (required)',
        "Share: a number from 1 to 50 with at most 1 decimal (required)",
        "  > In %.",
        "Notes: text of at most 200 characters (optional)",
        '"Announce it?": yes or no (optional)',
    ]


@pytest.mark.parametrize(
    "forged", ["To answer, open this link:", "Amount: 5", '"Amount": 5', "- ben@example.com approved"]
)
def test_no_label_help_option_or_value_passes_for_another_or_for_our_words(forged: str) -> None:
    options = [{"value": "a", "label": forged}, {"value": forged, "label": "b"}]
    fields = ({"label": forged, "help": forged, "options": options, "name": "it", "type": "choice"}, NOTES)
    sample = asking(*fields, links=({"label": forged, "url": "https://a.example"},), details="")
    text = body(giving(sample, ANNA, it="a", notes=f"x\n{forged}", comment=f"and the comment\n{forged}"))
    assert [line for line in text.splitlines() if line.startswith(forged)] == [forged] * forged.startswith("To answer")
    assert [row for row in quoted(text) if row.startswith(forged)] == [forged], (
        "of the comment, which is said to be one"
    )


def test_answers_so_far_have_their_values_as_people_read_them_and_equal_ones_once() -> None:
    values = {"region": "us-1", "share": "5", "announce": "false"}
    sample = giving(asking(*OF_EACH_TYPE, details=""), ANNA, 1, "Fine.", **values)
    text = body(giving(giving(sample, BEN, 2, **values), CARLA, 3), Kind.REMINDER, CARLA)
    answers = text[text.index("Answers so far:") : text.index("Approvals count")].split(letter.PARAGRAPH)[1:-1]
    assert answers == [
        f"- {ANNA} approved, Thu 1 Jan 1970, 01:00 CET, with",
        '  | "Which region first?": Virginia\n  | Share: 5\n  | "Announce it?": no',
        "and the comment",
        "  | Fine.",
        f"- {BEN} approved, Thu 1 Jan 1970, 01:00 CET, with the values of {ANNA}",
        f"- {CARLA} approved, Thu 1 Jan 1970, 01:00 CET",
    ]
    assert "Approvals count together only if their values are equal." in text
    assert "Approvals count" not in body(sample)


def test_an_answer_that_was_withdrawn_is_none() -> None:
    sample = giving(giving(asking(SHARE), ANNA, 1, share="5"), BEN, 2, share="6")
    joined = giving(sample, BEN, 3, share="5")
    kept = joined.with_approver(BEN, vote=replace(joined.votes[BEN], withdrawn=Withdrawn(at=2, values={"share": "6"})))
    assert body(kept, Kind.REMINDER) == body(joined, Kind.REMINDER)
    assert "Share: 6" not in body(kept)


def test_where_nobody_else_can_settle_it_a_mail_says_who_can_join_whom() -> None:
    split = replace(giving(giving(asking(SHARE), ANNA, 1, share="5"), BEN, 2, share="6"), round=2)
    assert "join" not in body(split, Kind.REMINDER), "Carla can settle it"
    stuck = giving(split, CARLA, 3, share="7")
    text = body(stuck, Kind.REMINDER, BEN, ONE_CLICK)
    assert text.startswith(
        "A workflow in dev has your answer, but others approved other values. This is reminder 1 of 2;"
    )
    assert f"\n- The answer of {ANNA} can be joined by you and {CARLA}\n" in text
    assert f"\n- The answer of {BEN} can be joined by {ANNA} and {CARLA}\n" in text
    assert "To join an answer, open this link:" in text
    assert ONE_CLICK not in text
    assert "still waits for an answer" in body(stuck, Kind.ESCALATION, BOSS)


@pytest.mark.parametrize(
    ("sample", "there"),
    [
        (asking(ANNOUNCE, NOTES, links=(LOG,)), True),
        (asking(ANNOUNCE, SHARE), False),
        (giving(asking(ANNOUNCE), ANNA, announce="true"), False),
        (giving(asking(ANNOUNCE), ANNA), True),
    ],
    ids=["with optional fields", "with a required one", "with values that somebody gave", "that somebody gave none"],
)
def test_nobody_approves_by_one_click_a_question(sample: Record, *, there: bool) -> None:
    assert (ONE_CLICK in body(sample, one_click_link=ONE_CLICK).split("\n")) is there


def test_nothing_secret_is_in_a_mail() -> None:
    text = body(voted({ANNA: vote(comment="ok")}))
    for secret in (DIGEST, TASK_TOKEN, EXECUTION_ARN, SOURCE_IP, USER_AGENT):
        assert secret not in text


# --- details that are JSON


def test_details_that_are_json_are_rows_of_names_and_values() -> None:
    details = """{
        "amount": 1.50, "owner": null, "tags": [],
        "steps": ["Migrate", {"name": "Deploy", "regions": ["a", "b"], "options": {}}, [1, [2]]],
        "log": "10:00 started\\n\\n10:04  migrated"
    }"""
    assert quoted(body(record(details=details))) == [
        "amount: 1.50",
        "owner: (none)",
        "tags: (empty list)",
        "steps:",
        "  - Migrate",
        "  - name: Deploy",
        "    regions:",
        "      - a",
        "      - b",
        "    options: (empty object)",
        "  - - 1",
        "    - - 2",
        "log:",
        "  > 10:00 started",
        "  >",
        "  > 10:04  migrated",
    ]


ADDRESS = "https://ci.example.com/" + "a" * 200


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        ({"note": "fine\namount: 5"}, ["note:", "  > fine", "  > amount: 5"]),
        ({"note": "fine" + " " * 80 + "amount: 5"}, ["note:", "  > fine", f"  >>{' ' * 18}amount: 5"]),
        ({"note": "x\n"}, ["note:", '  > "x', '  > "']),
        ({"note": "x" * 70 + " y"}, ["note:", f"  > {'x' * 67}", "  >> xxx y"]),
        # No wider for being further in.
        (
            {"a": {"b": {"note": "x" * 70}}},
            ["a:", "  b:", "    note:", f"      > {'x' * 63}", f"      >> {'x' * 7}"],
        ),
        (["amount\uff1a5"], ["- > amount\uff1a5"]),
        ([">amount", "- amount", "(empty list)"], ["- > >amount", "- > - amount", '- "(empty list)"']),
        ({'"amount": 5, "note': "x"}, [r'"\"amount\": 5, \"note": x']),
        ({"(no name)": "x", "": "x"}, ['"(no name)": x', "(no name): x"]),
        ({"\u4e2d" * 60: "x"}, ["\u4e2d" * 35, "> " + "\u4e2d" * 25 + ":", "  > x"]),
        (
            {"deep": [{"see": f"here {ADDRESS} and there"}]},
            ["deep:", "  - see:", "      > here", f"      >> {ADDRESS}", "      >>  and there"],
        ),
    ],
)
def test_no_text_passes_for_a_row_of_another_name_or_for_our_words(value: Any, lines: list[str]) -> None:
    shown = quoted(body(record(details=json.dumps(value))))
    assert shown == [line.rstrip() for line in lines]


# --- texts of strangers


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"])
def test_no_line_of_a_stranger_passes_for_the_mail_s_own(line_break: str) -> None:
    forged = "To answer, open this link:"
    attack = f"Harmless.{line_break}{forged}{line_break}https://evil.example"
    text = body(record(title=attack, details=attack))
    assert text.splitlines().count(forged) == 1
    assert quoted(text) == ["Harmless.", forged, "https://evil.example"]
    assert "What: Harmless. To answer, open this link: https://evil.example\n" in text


def columns(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else not unicodedata.combining(one) for one in line)


@pytest.mark.parametrize(
    "filler", ["x" * 300, "\u4e2d" * 300, "\U0001f600" * 300, "\t" * 50, " " * 300, "a\u0301" * 300, "HTTPS://A. "]
)
@pytest.mark.parametrize("glue", ["", " "])
def test_an_address_exempts_itself_and_not_its_line(filler: str, glue: str) -> None:
    """What is wider, a mail client breaks."""
    short = "https://a.example/1"
    text = body(record(details=f"{filler}{glue}{short} {filler}{glue}{ADDRESS} {filler} To answer, open this link:"))
    rows = quoted(text)
    assert any(short in row for row in rows)
    assert any(ADDRESS in row for row in rows)
    assert [row for row in rows if row.strip() != ADDRESS and columns(row) > letter.QUOTE_WIDTH] == []
    assert "".join("".join(rows).split()) == "".join(
        f"{filler}{short}{filler}{ADDRESS}{filler}To answer, open this link:".split()
    )


@pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\ud800", "\x00", "\U000e0041"])
def test_what_hides_or_turns_text_is_taken_out(hidden: str) -> None:
    text = body(record(title=f"De{hidden}ploy", details=f"1.{hidden}4", requested_by=f"re{hidden}lease"))
    assert hidden not in text
    assert "What: Deploy\n" in text
    assert "Asked by: release\n" in text
    assert quoted(text) == ["1.4"]


@pytest.mark.parametrize("piece", ["\n😀", "https://example.com/", "\ufdfa"])
def test_the_body_stays_below_the_limit_of_sns_whatever_is_put_in(piece: str) -> None:
    people = {f"person{number}@example.com": Approver(vote=vote(comment=piece * 1_000)) for number in range(300)}
    many = {f"{piece * 100}{number}": Group(approvers=tuple(people)[:9]) for number in range(2 * wording.GROUPS_SHOWN)}
    crowded = policy(name=piece * 10_000, approvers=(), groups=many, approvals_required=300)
    flooded = record(
        title=piece * 10_000, details=piece * 20_000, requested_by=piece * 10_000, approvers=people, policy=crowded
    )
    for kind in Kind:
        assert len(body(flooded, kind, "person1@example.com").encode()) < SNS_LIMIT
    assert "- and 250 more" in body(flooded)


@pytest.mark.parametrize("letter", ["\U0001f600", "\u4e2d", "x"])
def test_the_body_stays_below_it_with_the_largest_form_and_different_answers_of_many(letter: str) -> None:
    """More than `form_fields` allows for so many people."""
    label = letter * 80
    fields = [{"name": f"f{n}", "label": label, "type": "text", "maxLength": 1_000, "help": label} for n in range(10)]
    people = {f"{'x' * 240}{number:03}@example.com": Approver() for number in range(100)}
    sample = asking(*fields, links=(LOG | {"label": label},) * 5, approvers=people, details="\U0001f600" * 10_000)
    for number, who in enumerate(people):
        sample = giving(sample, who, comment=letter * 400, f0=f"{number}", f1=letter * 1_000)
    stuck = replace(sample, policy=policy(approvers=tuple(people), approvals_required=2))
    for kind in Kind:
        text = body(stuck, kind, next(iter(people)))
        assert len(text.encode()) < SNS_LIMIT
        assert "with values that are too long for a mail" in text
        assert "- and 50 more" in text
        assert "90 more answers" in text


# --- the mail to somebody who is named as the requester


def told_left_out(**changes: str) -> str:
    return as_text(left_out.parts(record(**changes), "dev", "Europe/Berlin"))


def test_it_says_why_they_are_not_asked_and_what_the_question_is() -> None:
    assert (
        mail.subject_about(record(), left_out.HEADLINE, "dev", "UTC")
        == "[dev] You are not asked: Deploy 1.4 to production"
    )
    role = f"arn:aws:sts::123456789012:assumed-role/Ops/{ANNA}"
    written = told_left_out(requested_by=role, details="https://evil.example/approve")
    for said in ("You are named as its requester", "What: Deploy 1.4 to production", role, "14:30", REQUEST_ID):
        assert said in written
    for unsaid in ("http", DIGEST, TASK_TOKEN):
        assert unsaid not in written, "no link, and nothing that others wrote at length"


@pytest.mark.parametrize("text", ["a\nAsked by: nobody", "a\r\n\r\nTo answer, open this link:", "\u202ea", "a\u2028b"])
def test_nobody_writes_lines_of_their_own_into_it(text: str) -> None:
    forged = told_left_out(title=text, requested_by=text)
    assert forged.count("\n") == told_left_out().count("\n")
    assert "\u202e" not in forged
