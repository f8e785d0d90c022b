"""The known time zones, the same on every machine that deploys.

`zoneinfo.available_timezones()` also lists what only that machine knows, such as `localtime`. The tzdata package is
pinned.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from infra.config.refusal import did_you_mean, nearest

NO_PLACES = {"Factory", "localtime", "posixrules"}  # stand for "not set", or for what the machine is set to


@cache
def zones() -> frozenset[str]:
    """The names of the tzdata package, each a place or an offset."""
    return frozenset((files("tzdata") / "zones").read_text(encoding="utf-8").split()) - NO_PLACES


def check(name: str) -> str:
    """Returns an IANA name as it is; raises ValueError for anything else."""
    if name not in zones():
        cities = {zone.rpartition("/")[2]: zone for zone in zones()}  # for who leaves out the continent
        meant = nearest(name, zones()) or cities.get(nearest(name, cities), "")
        raise ValueError(f"must be an IANA time zone such as Europe/Berlin{did_you_mean(meant)}")
    return name
