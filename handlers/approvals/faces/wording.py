"""Wording that the page and the mails share."""

import re
import unicodedata
from collections.abc import Sequence

from handlers.approvals.rules.delivery import Trouble
from handlers.approvals.rules.quorum import Count, Tally
from handlers.approvals.rules.record import Decision, Record, Vote
from handlers.contract.form_fields import FormField, Kind
from handlers.contract.policy import DEFAULT_POLICY
from handlers.contract.visible import LINE_LIMIT, MARKS, one_line, quoted

UNTITLED = "(without a title)"
NOBODY = "(nobody is named)"  # which says nothing of who it was
# What the configuration allows as the name of a policy or a group. A record may hold anything.
NAME_LIMIT = 40
NAME = re.compile(rf"[A-Za-z0-9-]{{1,{NAME_LIMIT}}}")
GROUPS_SHOWN = 50
# An address, an account's name, or two to three words that begin as names do. Anything else may be a claim.
PLAIN_ADDRESS = re.compile(r"[\w.!#$%&*+/=?^`{|}~'-]{1,64}@[\w-]+(?:\.[\w-]+)*")
ACCOUNTS_NAME = re.compile(r"[\w.-]{1,40}")
PERSONS_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|['.\u2019-])*(?: [^\W\d_](?:[^\W\d_]|['.\u2019-])*){1,2}")
A_CLAIM = re.compile("approv|check|confirm|reject|sign|verif", re.IGNORECASE)
IN_BRACKETS = re.compile(r"\([^()]*\)")  # as our own words are, where nothing is given
EQUAL_ONLY = "Approvals count together only if their values are equal."
DEADLOCK = "Nobody who has yet to answer can settle it any more. It takes people who approved to join others:"
NAMED = 3  # people or groups in one sentence; the others are counted


def title(record: Record) -> str:
    line = one_line(record.title)
    return quoted(line) if IN_BRACKETS.fullmatch(line) else line or UNTITLED


def requester(record: Record) -> str:
    """In quotation marks, so that it cannot pass for our words, unless it is an address or a plain name."""
    line = one_line(record.requested_by)
    if PLAIN_ADDRESS.fullmatch(line) or (_is_name(line) and not A_CLAIM.search(line)):
        return line
    return quoted(record.requested_by) or NOBODY


def _is_name(line: str) -> bool:
    """Marks of letters do not count: many scripts write vowels with them."""
    letters = "".join(one for one in unicodedata.normalize("NFC", line) if unicodedata.category(one) not in MARKS)
    persons = PERSONS_NAME.fullmatch(letters) and not any(word[0].islower() for word in letters.split())
    return bool(persons or ACCOUNTS_NAME.fullmatch(line))


def name(text: str) -> str:
    """Of a policy or a group. One that the configuration does not allow is quoted, so it cannot pass for our words."""
    if NAME.fullmatch(text):
        return text
    return quoted(text[:LINE_LIMIT], NAME_LIMIT) or "(no name)"  # cleaning what will be cut anyway would take seconds


def policy(record: Record) -> str:
    """Its name; "" for `default`, which says nothing to people."""
    return "" if record.policy.name == DEFAULT_POLICY else name(record.policy.name)


def groups_of(record: Record, who: str) -> str:
    """For example "finance and legal"; "" without groups, and for escalation contacts, who may stand in for any."""
    if stands_in(record, who):
        return ""
    mine = [name(one) for one, group in record.policy.groups.items() if who in group.approvers]
    return listed(first(mine, NAMED, "others"))


def stands_in(record: Record, who: str) -> bool:
    """Whether an approval of this person counts in every group."""
    return bool(record.policy.groups) and who in record.policy.escalate_to


def people_asked(record: Record) -> str:
    return "1 person" if len(record.approvers) == 1 else f"{len(record.approvers)} people"


def against(counted: Tally) -> str:
    needed = counted.rejections.required
    return "one rejection stops" if needed == 1 else f"{needed} rejections stop"


def quorum(record: Record, counted: Tally) -> str:
    """For example "2 different people; finance 1, legal 1 (3 people asked; one rejection stops it)"."""
    needed = str(counted.approvals.required)
    if counted.groups:
        groups = ", ".join(_groups([f"{name(one)} {count.required}" for one, count in counted.groups.items()]))
        needed = f"{needed} different people; {groups}" if total_matters(counted) else groups
    return f"{needed} ({people_asked(record)} asked; {against(counted)} it)"


def total_matters(counted: Tally) -> bool:
    """Whether groups that have their approvals may leave the total short: if not, people need not hear of it."""
    return counted.approvals.required > max((count.required for count in counted.groups.values()), default=0)


def progress(count: Count) -> str:
    """For example "1 of 2, complete"."""
    given = f"{count.given} of {count.required}" if count.given <= count.required else approvals(count.given)
    return given if count.missing else f"{given}, complete"


def still_needed(counted: Tally) -> str:
    """For example "1 approval from legal"; "" if nothing is.

    A person in two groups counts in both, so the groups' numbers need not add up to the total.
    """
    total = counted.approvals.missing
    short = {one: count.missing for one, count in counted.groups.items() if count.missing}
    parts = [f"{missing} from {name(one)}" for one, missing in short.items()]
    if total > max(short.values(), default=0):
        return f"{approvals(total)}{', at least ' if parts else ''}{listed(_groups(parts))}"
    for one, missing in list(short.items())[:1]:
        parts[0] = f"{approvals(missing)} from {name(one)}"
    return listed(_groups(parts))


def approvals(number: int) -> str:
    return "1 approval" if number == 1 else f"{number} approvals"


def first(parts: Sequence[str], most: int, rest: str) -> list[str]:
    """So many, and how many others there are; all, if only one is left over."""
    return [*parts] if len(parts) <= most + 1 else [*parts[:most], f"{len(parts) - most} {rest}"]


def _groups(parts: list[str]) -> list[str]:
    """A mail is limited; the configuration allows fewer groups than this."""
    return first(parts, GROUPS_SHOWN, "more groups")


def listed(parts: Sequence[str]) -> str:
    """For example "finance, legal and ops"."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def verb(vote: Vote) -> str:
    return "approved" if vote.decision is Decision.APPROVE else "rejected"


def value(field: FormField, given: str) -> str:
    """As people read it: an option by its label, a boolean as yes or no."""
    if field.type is Kind.BOOLEAN:
        return "yes" if given == "true" else "no"
    return next((one.label for one in field.options if one.value == given), given)


FATES: dict[str, str] = {
    Trouble.BOUNCE: "came back",
    Trouble.COMPLAINT: "was reported as spam",
    Trouble.REJECT: "was not sent",
    Trouble.RENDERING_FAILURE: "was not sent",
    Trouble.DELAY: "is delayed",
}


def fate(kind: str) -> str:
    """For example "came back"; of a kind that a newer release may know, that it did not arrive."""
    return FATES.get(kind, "did not arrive")
