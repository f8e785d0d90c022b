"""One spelling of an e-mail address, for the stack's config and for "is this the same person?".

Standard library only: the program and its functions both import it.
"""

from __future__ import annotations

import re
import unicodedata

from handlers.contract.visible import UNSEEN

# Not `email.utils.parseaddr`: it fails on names with a bracket or a semicolon, differently in each Python version.
SPACED_AT = re.compile(r"\s*@\s*")
BRACKETED = re.compile(r"<([^<>]*@[^<>]*)>")
ADDRESS = re.compile(r"""("(?:[^"\\]|\\.)+"|[^\s<>()\[\],;:"]+)@([^\s<>()\[\],;:"]+)""")
FULL_STOPS = str.maketrans(dict.fromkeys("\u3002\uff61", "."))  # that stand for a dot in a domain


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
    labels = domain.translate(FULL_STOPS).rstrip(".").split(".")
    return f"{local}@{'.'.join(map(_ascii_label, labels))}"


def same_person(text: str) -> str:
    """A key that is equal for all spellings of one address; mail providers ignore case."""
    return ascii_form(text).casefold()


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
