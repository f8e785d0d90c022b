"""The services that the use cases talk to, and their errors."""

from collections.abc import Sequence
from typing import Protocol

from handlers.approvals.rules.delivery import Notice
from handlers.approvals.rules.endings import Execution
from handlers.approvals.rules.record import Record
from handlers.approvals.rules.rounds import Kind
from handlers.approvals.rules.transitions import Transition
from handlers.contract.workflow import WorkflowError


class UnavailableError(Exception):
    """A service did not answer in time. Earlier writes stay, and repeating the whole operation is safe."""

    def __init__(self, kind: str, words: str = "") -> None:
        super().__init__(words or kind)
        self.kind = kind


class MailRefusedError(UnavailableError):
    """The channel refuses to send, in words for the operator, who has to mend it. Meanwhile it is tried again."""


class ContendedError(UnavailableError):
    """Concurrent writers kept winning; nothing was written."""

    def __init__(self, request_id: str) -> None:
        super().__init__("Contended", request_id)


class NewerVersionError(UnavailableError):
    """A message or a record from a newer release. It becomes readable when the deployment under way is complete."""

    def __init__(self, words: str) -> None:
        super().__init__("NewerVersion", words)


class Store(Protocol):
    """The records. Each method raises UnavailableError and NewerVersionError."""

    def get(self, request_id: str) -> Record | None: ...

    def create(self, record: Record) -> Record | None:
        """The record as stored, or None if one already exists."""

    def replace(self, seen: Record, after: Record) -> Record | None:
        """The record as stored, or None if the stored one is no longer `seen`. One conditional write."""

    def requests_of(self, execution_arn: str) -> Sequence[str]:
        """The ids of an execution's requests: none before it has asked; one in the workflow as shipped."""


class Workflow(Protocol):
    """The executions that wait. Each method raises UnavailableError."""

    def hand_over(self, token: str, record: Record) -> bool:
        """Complete the task with this token with a decided record's answer; False if nothing waits for it any more.

        A used token looks like an expired one, so False may also mean that an earlier attempt succeeded but its
        response was lost.
        """

    def fail(self, token: str, error: WorkflowError, cause: str) -> bool:
        """Fail the task with this token; False as above."""

    def execution(self, arn: str) -> Execution: ...

    def stop(self, arn: str, error: WorkflowError, cause: str) -> None:
        """Stop an execution; nothing happens to one that is over."""


class Mail(Protocol):
    """The channel to the approvers. Each method raises UnavailableError."""

    def ask(self, record: Record, who: str, kind: Kind, secret: str) -> None:
        """Send this round's mail, with a link that contains this secret."""

    def leave_out(self, record: Record, who: str) -> None:
        """Tell somebody that they are named as the requester, and so are not asked."""

    def announce(self, record: Record, who: str) -> bool:
        """Tell somebody how it ended; False if they are nobody whom this channel mails."""


class Operator(Protocol):
    """The channel to the stack's operator. Each method raises UnavailableError."""

    def tell(self, execution_arn: str, execution: Execution, records: Sequence[Record]) -> None: ...

    def tell_undelivered(self, record: Record, who: str, notice: Notice) -> None: ...


class Events(Protocol):
    """The event bus, on which anybody may listen. Raises UnavailableError."""

    def put(self, record: Record, transitions: Sequence[Transition]) -> None: ...


class Chat(Protocol):
    """The channel to people who look on. Raises UnavailableError."""

    def tell(self, record: Record, transition: Transition) -> None: ...


class Announcements(Protocol):
    """The way to whoever mails. Raises UnavailableError."""

    def announce(self, record: Record) -> None: ...


class Clock(Protocol):
    def now(self) -> float:
        """Epoch seconds."""

    def sleep(self, seconds: float) -> None: ...
