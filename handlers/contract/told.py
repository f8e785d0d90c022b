"""How to tell, in a line of ours, what somebody else's code has returned."""

from typing import Any


def told(value: Any, limit: int) -> str:
    """Its `repr`, cut; half of a surrogate pair, which no service takes, is escaped."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - theirs, and the value is only told
        text = f"<{type(value).__name__} that has no repr>"
    text = text.encode(errors="backslashreplace").decode()
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
