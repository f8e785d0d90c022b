"""Events on the account's default bus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from handlers.approvals.adapters.aws import calls
from handlers.approvals.faces import events
from handlers.approvals.rules.record import Record
from handlers.approvals.rules.transitions import Transition
from handlers.approvals.usecases.ports import UnavailableError
from handlers.contract.events import source

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient


class EventBus:
    """The port `Events`."""

    def __init__(self, client: EventBridgeClient, label: str) -> None:
        self._client = client
        self._source = source(label)

    def put(self, record: Record, transitions: Sequence[Transition]) -> None:
        with calls():
            put = self._client.put_events(
                Entries=[
                    {"Source": self._source, "DetailType": one.type, "Detail": events.detail(record, one)}
                    for one in transitions
                ]
            )
        # A call that succeeds may have refused some of them. All are put again: their ids are the same.
        if refused := [entry for entry in put["Entries"] if "ErrorCode" in entry]:
            raise UnavailableError(refused[0]["ErrorCode"], refused[0].get("ErrorMessage", ""))
