"""What of a stranger's text can be seen, for pages, mails, and the question whether there is a text at all."""

from __future__ import annotations

import re
import unicodedata

LINE_BREAK = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")  # what str.splitlines knows besides \n
# Letters and symbols that nobody can see: fillers, a blank Braille pattern.
FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
BLANK = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Mc", "Me"})  # categories of Unicode


def clean(text: str) -> str:
    """Without anything that cannot be seen or that turns the reading direction; every kind of line break as \\n."""
    return "".join(map(_visible, LINE_BREAK.sub("\n", text)))


def blank(text: str) -> bool:
    """Nothing but white space, invisible characters, and marks without a letter.

    Half of a surrogate pair is not blank but broken.
    """
    return all(one in FILLERS or unicodedata.category(one) in BLANK for one in text)


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Zs":
        return " "
    hidden = (category in {"Cc", "Cf", "Cs"} and character not in "\n\t") or character in FILLERS
    return "" if hidden else character
