"""How the handlers call AWS: few retries, short time-outs, so that a person at the page is never left waiting."""

from __future__ import annotations

from botocore.config import Config

# One call may take (4 s + a short pause) x 3 at the worst; the callers' own time-outs leave room for that.
CONFIG = Config(
    connect_timeout=2,
    read_timeout=4,
    retries={"mode": "standard", "total_max_attempts": 3},
)
# For what nobody waits for at a page. A Publish that is given up may have been sent, and then goes out twice.
PATIENT = CONFIG.merge(Config(read_timeout=10))
