"""What a browser says about a request, in headers that no page can set or remove. Other clients send none of them.

https://www.w3.org/TR/fetch-metadata/
"""

from collections.abc import Mapping

# Our own page, and a person: the address bar, a bookmark, a reload.
OURS = frozenset({"same-origin", "none"})
# Headers that mark a prefetch. The last ones are from older browsers.
# https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Purpose
AHEAD = ("sec-purpose", "purpose", "x-purpose", "x-moz")


def from_another_site(headers: Mapping[str, str]) -> bool:
    """Whether a form was sent by a page that is not ours; `headers` have lower-case names."""
    return _told(headers, "sec-fetch-site") not in {None, *OURS}


def opened(headers: Mapping[str, str]) -> bool:
    """Whether a person opened the link: not prefetched, and not loaded as an image, a frame or a script's data."""
    return (
        not any(_told(headers, name) for name in AHEAD)
        and _told(headers, "sec-fetch-dest") in {None, "document"}
        and _told(headers, "sec-fetch-mode") in {None, "navigate"}
    )


def _told(headers: Mapping[str, str], name: str) -> str | None:
    value = headers.get(name)
    return value if value is None else value.strip().lower()
