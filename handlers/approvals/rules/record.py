"""One approval request: what is asked, who has been asked, and what they said."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple, Self

from handlers.approvals.rules.quorum import Tally, tally, without_requester
from handlers.contract.policy import Policy
from handlers.contract.question import Question
from handlers.contract.record import Status
from handlers.contract.workflow import Ending, WorkflowError

SECONDS_PER_DAY = 86_400
DECIDED = frozenset({Status.APPROVED, Status.REJECTED})


class Decision(StrEnum):
    """What one approver can say."""

    APPROVE = "approve"
    REJECT = "reject"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An answer. `digest` is the digest of the question it answers; "" from a program that does not know it.

    `values` are by the fields' names, as they came, or canonical once they are checked.
    """

    decision: Decision
    comment: str = ""
    digest: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


class Withdrawn(NamedTuple):
    """What somebody had approved before they joined another's answer, at `at` in epoch seconds."""

    at: int
    comment: str = ""
    values: Mapping[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class Vote(Choice):
    """One approver's answer. `at` is in epoch seconds; `source_ip` and `user_agent` say who really pressed."""

    at: int
    source_ip: str
    user_agent: str
    withdrawn: Withdrawn | None = None


class Answer(NamedTuple):
    """What some people have approved: the values, who they are, oldest first, and how their approvals count."""

    values: Mapping[str, str]
    by: tuple[str, ...]
    tally: Tally


class Undelivered(NamedTuple):
    """What became of a mail to somebody, of which `kind`, in whose words; `permanent`: none will ever arrive."""

    kind: str
    reason: str
    permanent: bool
    told: bool = False  # the operator


@dataclass(frozen=True, kw_only=True)
class Approver:
    """An approver: SHA-256 digests of the links sent, the last round mailed (0: none yet), and the vote.

    `missed_rounds`: how many rounds before that one brought no mail.
    """

    links: tuple[str, ...] = ()
    mailed_round: int = 0
    missed_rounds: int = 0
    reminders: int = 0  # by hand
    reminded_at: int = 0  # by hand, the last time
    told: bool = False  # of how it ended
    vote: Vote | None = None
    undelivered: Undelivered | None = None

    @property
    def lost(self) -> bool:
        """Whether no mail will ever arrive."""
        return bool(self.undelivered and self.undelivered.permanent)

    @property
    def mails(self) -> int:
        """In how many rounds they have been mailed."""
        return self.mailed_round - self.missed_rounds


@dataclass(frozen=True, kw_only=True)
class Lease:
    """Who is sending this round's mails, and until when (epoch seconds) nobody else may."""

    owner: str
    until: int


class Ended(NamedTuple):
    """How a run ended that took no answer: its status, error and cause, as Step Functions has them, but cut."""

    status: str
    error: str
    cause: str

    @property
    def cancelled(self) -> bool:
        """Whether an operator did it. A state may fail by the same name."""
        return (self.status, self.error) == (Ending.ABORTED, WorkflowError.CANCELLED)

    @property
    def words(self) -> str:
        """The cause for people: an operator's words without their ARN, in which no colon comes before a blank."""
        return (self.cancelled and self.cause.partition(": ")[2]) or self.cause


@dataclass(frozen=True, kw_only=True)
class Record(Question):
    """A request, the people asked, and what they said.

    Its own times are epoch seconds. `version` counts the writes and is the optimistic lock: each write names the
    version it was computed from, so one of two concurrent writers has to read again.
    """

    execution_arn: str
    deadline: int
    expires_at: int
    round: int
    rounds: int
    policy: Policy
    approvers: Mapping[str, Approver]
    status: Status = Status.OPEN
    decided_at: int = 0
    decided_by: str = ""  # whose vote it was that decided
    handed_over: bool = False
    task_token: str = field(default="", repr=False)
    lease: Lease | None = None
    ended: Ended | None = None
    reminded_by: str = ""  # who has done so last, as AWS names them
    told_others: tuple[str, ...] = ()  # who was not asked, and has been told how it ended
    refused: str = ""  # why the channel has sent nobody's mail, if that is how the last attempt ended
    told_left_out: tuple[str, ...] = ()  # who has been mailed that they are named as the requester
    answered_without_vote: bool = False  # by somebody who holds a task token
    answer_mismatched: bool = False  # the workflow refused it: it had asked another question
    operator_told: float = 0  # time of the ending they were mailed about, in epoch seconds; 0: none
    version: int = 1

    @cached_property
    def lost(self) -> tuple[str, ...]:
        """Whom no mail will ever reach. Their links and votes stay good."""
        return tuple(who for who, one in self.approvers.items() if one.lost)

    @property
    def unanswered(self) -> list[str]:
        """Whose answer is missing, of those who are asked so far."""
        return [who for who, one in self.approvers.items() if not one.vote]

    @property
    def asked(self) -> bool:
        """Whether anybody has been mailed."""
        return any(approver.mailed_round for approver in self.approvers.values())

    @cached_property
    def electorate(self) -> Policy:
        """The policy without the requester, if they may not decide."""
        return without_requester(self.policy, self.requested_by)

    @cached_property
    def answers(self) -> list[Answer]:
        """The approvals of this exact question, together where their values are equal: the answer that the policy
        takes, then those with most approvals, the oldest first. With none, the only one has no values."""
        digest, policy = self.digest, self.electorate  # once: the one hashes all of the question
        cast = {who: vote for who, vote in self.votes.items() if vote.digest == digest}
        approving = {who: vote.values for who, vote in cast.items() if vote.decision is Decision.APPROVE}
        given = [*approving.values()] or [{}]
        found = []
        for values in (one for index, one in enumerate(given) if one not in given[:index]):
            by = tuple(who for who, theirs in approving.items() if theirs == values)
            found.append(Answer(values, by, tally(policy, by, cast.keys() - approving.keys())))
        return sorted(found, key=lambda one: (not one.tally.approves, -one.tally.approvals.given))

    @property
    def tally(self) -> Tally:
        """How the first of the answers counts. Approvals with other values do not count for it."""
        return self.answers[0].tally

    @property
    def verdict(self) -> Status:
        """APPROVED or REJECTED if the votes say so, else OPEN."""
        counted = self.tally
        if counted.rejects:
            return Status.REJECTED
        return Status.APPROVED if counted.approves else Status.OPEN

    @cached_property
    def votes(self) -> dict[str, Vote]:
        """The votes cast so far, by approver, oldest first."""
        cast = {who: approver.vote for who, approver in self.approvers.items() if approver.vote}
        return dict(sorted(cast.items(), key=lambda entry: (entry[1].at, entry[0])))

    def with_approver(self, who: str, **changes: Any) -> Self:
        return replace(self, approvers={**self.approvers, who: replace(self.approvers[who], **changes)})

    def as_voted(self) -> Self:
        """Only votes make a decision: a stored decision without them does not count, whoever wrote it."""
        return replace(self, status=Status.OPEN) if self.status in DECIDED and self.status is not self.verdict else self
