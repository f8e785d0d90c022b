"""Which parts of untrusted text are visible, and how to quote it in our own text: pages, mails, causes.

Standard library only, and tables of code points instead of `unicodedata`'s names: each Python version has its own
Unicode version, and what counts as blank must not depend on that.
"""

import json
import re
import unicodedata
from functools import cache

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
# Where one of these changes what is seen, and is kept. Letters and marks of the scripts that are written joined, or
# stacked by a virama: Arabic to N'Ko, Mandaic to Arabic's extensions, Devanagari to Sinhala, Burmese, Khmer, Mongolian,
# Balinese, Javanese, Rohingya, Adlam. Their digits and punctuation do not join.
# https://www.unicode.org/reports/tr31/#Layout_and_Format_Control_Characters
JOINED = (
    "\u0620-\u065f\u066e-\u06d3\u06d5-\u06ef\u06fa-\u074f\u0750-\u077f\u07ca-\u07f5\u0840-\u085b\u0860-\u08ff"
    "\u0900-\u0963\u0971-\u09e3\u09f0-\u0a63\u0a70-\u0ae3\u0af9-\u0b63\u0b71-\u0be3\u0c00-\u0c63\u0c80-\u0ce3"
    "\u0cf1-\u0d63\u0d7a-\u0de5\u0df2\u0df3\u1000-\u103f\u1050-\u108f\u1780-\u17b3\u17b6-\u17d3\u1820-\u18aa"
    "\u1b00-\u1b4c\ua980-\ua9c0\U00010d00-\U00010d27\U0001e900-\U0001e94b"
)
HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
EMOJI = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u27bf\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001faff"
)
# The flags of England, Scotland and Wales, the only ones that are recommended: any other is a black flag.
FLAG = "|".join("".join(chr(0xE0000 + ord(one)) for one in region) for region in ("gbeng", "gbsct", "gbwls"))
# Categories of Unicode.
HIDDEN = frozenset({"Cc", "Cf", "Cs"})
STACKED = frozenset({"Mn", "Me"})
MARKS = STACKED | {"Mc"}
BLANK = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"}) | MARKS
SPELLED = BLANK - MARKS - {"Cf"} | {"Cs"}  # in a literal, and what else shows nothing
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

    Keeps the joiners and selectors that words of some scripts and emoji are spelled with, and the first few marks on a
    letter. A mark without a letter is removed: it would attach to adjacent text.
    """
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():  # as most texts are
        return text
    shown: list[str] = []
    letter, stacked = False, 0
    for one in _seen(LINE_BREAK.sub("\n", text)):
        category = unicodedata.category(one)
        if category == "Cf" and UNSEEN.match(one):  # one of those that are kept
            shown.append(one)
            continue
        if category in HIDDEN and one not in "\n\t":
            continue
        if category in MARKS:
            stacked += category in STACKED
            if not letter or stacked > MOST_MARKS:
                continue
        else:
            letter, stacked = not one.isspace(), 0
        shown.append(" " if category == "Zs" else one)
    return _seen("".join(shown))  # the mark that a joiner followed may be gone


def _seen(text: str) -> str:
    return _shown().sub(lambda found: found["kept"] or "", text) if UNSEEN.search(text) else text


@cache
def _shown() -> re.Pattern[str]:
    """What is kept of what shows nothing, and all of that. Compiled when needed: most texts have none of it."""
    return re.compile(
        f"(?P<kept>\U0001f3f4(?:{FLAG})\U000e007f"
        # https://www.unicode.org/reports/tr51/#def_emoji_zwj_sequence
        f"|[{EMOJI}][\ufe0e\ufe0f]?(?:[\U0001f3fb-\U0001f3ff]\ufe0f?)?\u20e3?"
        f"(?:\u200d[{EMOJI}]\ufe0f?[\U0001f3fb-\U0001f3ff]?)*"
        "|[0-9#*]\ufe0f(?=\u20e3)"
        # A joiner at the end makes a Malayalam chillu, or a letter that stands for a word; a non-joiner does nothing.
        f"|(?<=[{JOINED}])(?:\u200d|\u200c(?=[{JOINED}]))"
        "|(?<=[\u1820-\u18aa])[\u180b-\u180f]"  # Mongolian: which form of a letter
        f"|(?<=[{HAN}])[\ufe00-\ufe02\U000e0100-\U000e01ef])"  # which form of a character, as in people's names
        f"|{UNSEEN.pattern}"
    )


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


def literal(text: str) -> str:
    """In double quotation marks, escaped as in JSON, so that no two texts look alike. Line breaks (\\n) stay.

    Whatever `clean` would take out or change is spelled: \\u200b.
    """
    quotable = re.sub(r" (?=\n)", r"\\u0020", re.sub(r'["\\]', r"\\\g<0>", text))
    spelled = _shown().sub(lambda found: found["kept"] or _spelled(found[0]), quotable)
    spelled = "".join(_spelled(one) if unicodedata.category(one) in SPELLED else one for one in spelled)
    if clean(spelled) != spelled:  # a mark without a letter, or too many on one
        spelled = "".join(
            _spelled(one) if unicodedata.category(one) in BLANK | HIDDEN or UNSEEN.match(one) else one
            for one in quotable
        )
    return f'"{spelled}"'


def _spelled(one: str) -> str:
    return one if one in " \n" else json.dumps(one)[1:-1]


def shortened(text: str, limit: int) -> str:
    """Cut to `limit`, at a word boundary if there is one in the last third."""
    if len(text) <= limit:
        return text
    kept = _seen(text[: limit - 3])
    space = kept.rfind(" ")
    return (kept[:space] if space > limit * 2 // 3 else kept).rstrip() + "..."
