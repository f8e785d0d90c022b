"""What the request queue is for: one round of one request, and the news of how one ended."""

from dataclasses import dataclass, field

from handlers.contract.policy import Policy
from handlers.contract.question import Question


@dataclass(frozen=True, kw_only=True)
class Message(Question):
    """One round of one request. `deadline` is in epoch seconds.

    `late`: the last round is over and nobody is asked any more; the workflow asks for the decision, if any.
    """

    task_token: str = field(repr=False)
    execution_arn: str
    round: int
    rounds: int
    deadline: int
    policy: Policy
    late: bool


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """A request is over since its record has this version: others have to be told."""

    request_id: str
    execution_arn: str
    version: int
