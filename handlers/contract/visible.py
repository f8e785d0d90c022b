"""Which parts of untrusted text are visible, and how to quote it in our own text: pages, mails, causes.

Standard library only, and tables of code points instead of `unicodedata`'s names: each Python version has its own
Unicode version, and what counts as blank must not depend on that.
"""

from __future__ import annotations

import re
import unicodedata

LINE_BREAK = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")  # what str.splitlines splits at besides \n
# Code points that show nothing, whatever their category. Unicode's Default_Ignorable_Code_Point:
# https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt
IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Code points whose glyph is empty in the code charts: the blank Braille pattern, the object replacement character, the
# Khitan Small Script filler, the Egyptian hieroglyph blanks, the null notehead.
# https://www.unicode.org/charts/
EMPTY = "\u2800\ufffc\U00016fe4\U00013441\U00013442\U0001d159"
UNSEEN = re.compile(f"[{IGNORABLE}{EMPTY}]")
# Categories of Unicode.
HIDDEN = frozenset({"Cc", "Cf", "Cs"})
STACKED = frozenset({"Mn", "Me"})
MARKS = STACKED | {"Mc"}
BLANK = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"}) | MARKS
# Marks above, below or over one letter; spacing marks (Mc) take their own room. Unicode's Stream-Safe Text Format
# allows 30, "significantly beyond what is required for any linguistic or technical usage", and 30 overlap the lines
# above and below. Living languages stack up to four: Burmese (medial, two vowels, tone), Hebrew and Arabic with all
# their points, a Tibetan stack with its vowel; Vietnamese and the phonetic alphabet need two or three.
# https://www.unicode.org/reports/tr15/#Stream_Safe_Text_Format
MOST_MARKS = 4
LINE_LIMIT = 400  # characters of a text that has one line
# Whatever looks like the double quotation mark that ends our quotations, alone or in pairs.
DOUBLES = (
    '"\u00ab\u00bb\u02ba\u02dd\u02ee\u02f6\u05f4\u201c-\u201f\u2033\u2036\u275d\u275e\u2e42\u301d-\u301f\uff02'
    "\U0001f676-\U0001f678"
)
SINGLES = "'`\u00b4\u02b9\u02bb-\u02bd\u02ca\u02cb\u05f3\u2018-\u201b\u2032\u2035\u275b\u275c\ua78c\uff07\uff40"
CLOSING = re.compile(f"[{DOUBLES}{SINGLES}]{{2,}}|[{DOUBLES}]")


def clean(text: str) -> str:
    """Remove invisible characters and those that change the reading direction; every line break becomes \\n.

    Keeps the first few marks on a letter. A mark without a letter is removed: it would attach to adjacent text.
    """
    shown: list[str] = []
    letter, stacked = False, 0
    for one in UNSEEN.sub("", LINE_BREAK.sub("\n", text)):
        category = unicodedata.category(one)
        if category in HIDDEN and one not in "\n\t":
            continue
        if category in MARKS:
            stacked += category in STACKED
            if not letter or stacked > MOST_MARKS:
                continue
        else:
            letter, stacked = not one.isspace(), 0
        shown.append(" " if category == "Zs" else one)
    return "".join(shown)


def blank(text: str) -> bool:
    """Whether there is only white space, invisible characters, and marks without a letter.

    Half of a surrogate pair is not blank but invalid.
    """
    return all(UNSEEN.match(one) or unicodedata.category(one) in BLANK for one in text)


def one_line(text: str, limit: int = LINE_LIMIT) -> str:
    """Clean, without line breaks, and cut."""
    return shortened(" ".join(clean(text).split()), limit)


def quoted(text: str, limit: int = LINE_LIMIT) -> str:
    """One line in double quotation marks that nothing inside can close; "" if nothing is visible.

    `limit` applies to the text inside.
    """
    line = shortened(CLOSING.sub("'", one_line(text, len(text))), limit)
    return f'"{line}"' if line else ""


def shortened(text: str, limit: int) -> str:
    """Cut to `limit`, at a word boundary if there is one in the last third."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 3]
    space = kept.rfind(" ")
    return (kept[:space] if space > limit * 2 // 3 else kept).rstrip() + "..."
