"""One spelling of an e-mail address, for the stack's config, and who is named in a text.

Standard library only: the program and its functions both import it.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from functools import lru_cache
from html import unescape
from urllib.parse import unquote_plus

from handlers.contract.visible import UNSEEN

# Not `email.utils.parseaddr`: it fails on names with a bracket or a semicolon, differently in each Python version.
SPACED_AT = re.compile(r"\s*@\s*")
BRACKETED = re.compile(r"<([^<>]*@[^<>]*)>")
ADDRESS = re.compile(r"""("(?:[^"\\]|\\.)+"|[^\s<>()\[\],;:"]+)@([^\s<>()\[\],;:"]+)""")
FULL_STOPS = str.maketrans(dict.fromkeys("\u3002\uff61", "."))  # that stand for a dot in a domain
# How an address may be written, other than as it is.
ENCODINGS = 2  # one inside another
SPACED = re.compile(r"\s*([@.])\s*")
QUOTING = re.compile(r"""["\\]|\([^()]*\)""")  # quotation marks, backslashes, comments
# The user principal name of an Entra guest: https://learn.microsoft.com/en-us/entra/external-id/user-properties
GUEST = re.compile(r"_([^\s_@]+)(?=#ext#@)", re.IGNORECASE)
DOMAIN = re.compile(r"(?<=@)(?:[^\W_]|[.-])+")
# What stands beside an address that is part of a longer one. An underscore is not: Cognito puts "<provider>_" before
# the name of a federated user.
LONGER_BEFORE = r"(?<![^\W_])(?<![^\W_][.+-])"
LONGER_AFTER = r"(?![^\W_]|\.[^\W\d_]|-[\w.-]*\.[^\W\d_]+(?![\w.@-]))"


def ascii_form(text: str) -> str:
    """The bare address as mail services accept it: no display name, quotes or invisible characters; the domain in
    lower-case ASCII ("münchen.example" is "xn--mnchen-3ya.example"); the local part as written.

    Text that is no address becomes something that equals no address of the config; nothing is raised.
    """
    normal = unicodedata.normalize("NFKC", text)
    seen = "".join(one for one in UNSEEN.sub("", normal) if one == " " or unicodedata.category(one)[0] not in "CMZ")
    named = SPACED_AT.sub("@", seen)
    bracketed = BRACKETED.findall(named)
    found = ADDRESS.search(bracketed[-1] if bracketed else named)
    if not found:
        return seen.strip()
    local, domain = found.groups()
    if local.startswith('"'):
        local = local[1:-1].replace("\\", "")
    return f"{local}@{_ascii_domain(domain.translate(FULL_STOPS).rstrip('.'))}"


@lru_cache(maxsize=256)  # more than a stack has people
def same_person(text: str) -> str:
    """A key that is equal for all spellings of one address; mail providers ignore case."""
    return ascii_form(text).casefold()


def named_in(text: str, people: Iterable[str]) -> Collection[str]:
    """Those of `people` whose address stands in the text, however it is written and whatever stands around it.

    In doubt somebody is named: "arn:aws:sts::123456789012:assumed-role/Ops/alice@example.com" names Alice, and so does
    "Okta_alice@example.com". "malice@example.com", "bob-alice@example.com" and "alice@example.com.evil.example" are
    others. Nothing is raised.
    """
    readings = _readings(text)
    addresses = {who: same_person(who) for who in people}
    return {who for who, address in addresses.items() if any(_stands_in(address, reading) for reading in readings)}


def _stands_in(address: str, reading: str) -> bool:
    found = address in reading  # which is rare, and saves compiling the pattern
    return found and re.search(f"{LONGER_BEFORE}{re.escape(address)}{LONGER_AFTER}", reading) is not None


@lru_cache(maxsize=4)
def _readings(text: str) -> Collection[str]:
    """The text in all the ways in which it may be meant, spelled as `same_person` does."""
    written = {text}
    for _ in range(ENCODINGS):
        # A plus sign is a blank only where a form's other signs are encoded, too.
        written |= {unescape(one) for one in written} | {unquote_plus(one) for one in written if "%" in one}
    # Something invisible may stand inside of an address or between two.
    cleaned = {
        _cleaned(form, filler)
        for one in written
        for form in (one, unicodedata.normalize("NFKC", one))
        for filler in ("", " ")
    }
    meant = {reading for one in cleaned for reading in (one, QUOTING.sub("", one), GUEST.sub(r"@\1 ", one))}
    return {_spelled(reading) for one in meant for reading in (one, SPACED.sub(r"\1", one))}


def _cleaned(text: str, filler: str) -> str:
    """White space as blanks, and `filler` for everything else that is not seen."""
    seen = UNSEEN.sub(filler, re.sub(r"\s", " ", text))
    return "".join(one if one == " " or unicodedata.category(one)[0] not in "CMZ" else filler for one in seen)


def _spelled(reading: str) -> str:
    ascii_domains = DOMAIN.sub(lambda found: _ascii_domain(found[0]), reading.translate(FULL_STOPS))
    return ascii_domains.casefold()


def _ascii_domain(domain: str) -> str:
    return ".".join(map(_ascii_label, domain.split(".")))


def _ascii_label(label: str) -> str:
    """As IDNA 2008 maps it: lower case, composed. https://www.unicode.org/reports/tr46/

    Letter by letter, since `str.lower` treats a final sigma specially.
    """
    lower = unicodedata.normalize("NFKC", "".join(one.lower() for one in label))
    if lower.isascii():
        return lower
    try:
        return f"xn--{lower.encode('punycode').decode()}"
    except UnicodeError:  # half of a surrogate pair
        return lower
