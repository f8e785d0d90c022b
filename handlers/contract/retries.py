"""How long a message of the request queue waits after a failure. Its alarm has to know how old that makes a message."""

LONGEST_BACKOFF_SECONDS = 300


def backoff_seconds(received: int) -> int:
    """Seconds until the next delivery of a message that has been delivered this often, at least once."""
    return int(min(2**received, LONGEST_BACKOFF_SECONDS))
