"""Whom the use cases talk to, and what may go wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handlers.approvals.rules.endings import Execution
    from handlers.approvals.rules.record import Record
    from handlers.approvals.rules.rounds import Kind
    from handlers.contract.workflow import WorkflowError


class UnavailableError(Exception):
    """A service did not answer, or not in time. What was written before stays, and doing it all again is safe."""

    def __init__(self, kind: str, words: str = "") -> None:
        super().__init__(words or kind)
        self.kind = kind


class ContendedError(UnavailableError):
    """Others kept writing first; nothing was written."""

    def __init__(self, request_id: str) -> None:
        super().__init__("Contended", request_id)


class NewerVersionError(UnavailableError):
    """A message or a record of a newer release. A deployment is under way, after which it can be read."""

    def __init__(self, words: str) -> None:
        super().__init__("NewerVersion", words)


class Store(Protocol):
    """The records. Each method raises UnavailableError, and NewerVersionError."""

    def get(self, request_id: str) -> Record | None: ...

    def create(self, record: Record) -> Record | None:
        """The record as it now is stored, or None if there is one already."""

    def replace(self, seen: Record, after: Record) -> Record | None:
        """The record as it now is stored, or None if the stored one is not `seen` any more. One conditional write."""

    def requests_of(self, execution_arn: str) -> Sequence[str]:
        """The ids of the requests that an execution has made: none before it has asked, and one as it is shipped."""


class Workflow(Protocol):
    """The executions that wait. Each method raises UnavailableError."""

    def hand_over(self, token: str, record: Record) -> bool:
        """Give a decided record's answer to whoever waits for this token; False if nobody does any more.

        Tokens that are used up look like those that ran out: False may also mean that an earlier attempt, whose reply
        was lost, has succeeded.
        """

    def fail(self, token: str, error: WorkflowError, cause: str) -> bool:
        """Fail whoever waits for this token; False as above."""

    def execution(self, arn: str) -> Execution: ...


class Mail(Protocol):
    """The channel to the people who are asked. Raises UnavailableError."""

    def ask(self, record: Record, who: str, kind: Kind, secret: str) -> None:
        """Send this round's mail, with a link that has this secret."""


class Operator(Protocol):
    """The channel to whoever runs the stack. Raises UnavailableError."""

    def tell(self, execution_arn: str, execution: Execution, records: Sequence[Record]) -> None: ...


class Clock(Protocol):
    def now(self) -> float:
        """Epoch seconds."""

    def sleep(self, seconds: float) -> None: ...
