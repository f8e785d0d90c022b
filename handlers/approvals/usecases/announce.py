"""Announce: tell others what a write has made of a request."""

from dataclasses import dataclass

from handlers.approvals.observability import logger
from handlers.approvals.rules.announcing import is_news
from handlers.approvals.rules.record import Record
from handlers.approvals.rules.transitions import transitions
from handlers.approvals.usecases.ports import Announcements, Chat, Events


@dataclass(frozen=True, kw_only=True)
class Announce:
    """Serves the records of the table's stream. None for what nobody has asked for."""

    events: Events | None
    announcements: Announcements | None
    chat: Chat | None

    def serve(self, before: Record | None, after: Record) -> None:
        """Chat comes last: only there is what is told twice read twice. Raises UnavailableError."""
        found = transitions(before, after)
        if found and self.events:
            self.events.put(after, found)
        if self.announcements and is_news(before, after):
            self.announcements.announce(after)
        for transition in found:
            if self.chat:
                self.chat.tell(after, transition)
            logger.info("told", outcome=transition.type.value)
