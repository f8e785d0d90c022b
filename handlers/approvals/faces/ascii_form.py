"""The one ASCII form of a text, for a mail's subject: the same words, digits and signs, or none at all.

No transliteration library: they guess (a Chinese name becomes its sound), and drop what they do not know ("not equal"
becomes "equal", 10 to the power of -3 becomes 103). What this closed list lacks has no ASCII form.
"""

import re
import unicodedata

from handlers.contract.visible import UNSEEN, one_line

APART = "\0"  # a blank, unless what stands beside it keeps two numbers or words apart as well
BEFORE_A_DIGIT = "\1"  # a blank there only: log2 8, but H2O
GLUED = re.compile(
    rf"(?:^|(?<=[\s(\[\"'+-])){APART}|{APART}(?=[\s)\]\"'%?:;]|!(?!=)|$|[.,](?:\s|$))|{BEFORE_A_DIGIT}(?!\d)"
)
BLANK = str.maketrans(dict.fromkeys(APART + BEFORE_A_DIGIT, " "))
TOKEN = re.compile("[\u207a\u207b\u2070\u00b9\u00b2\u00b3\u2074-\u2079]+|[\u2080-\u208b]+|.")
POWER = re.compile("[+-]?[0-9]+|[+-]")
LATIN = re.compile("LATIN (SMALL|CAPITAL) LETTER ([A-Z]|AE)(?: WITH .+)?")
# Marks that Latin letters have in living languages. Others change what is said, such as a stroke through a word.
MARKS = re.compile("[\u0300-\u0304\u0306-\u030c\u030f\u0311\u031b\u0323-\u0328\u032d\u032e\u0330\u0331]")
# The yen sign is missing: it also stands for yuan.
CURRENCIES = {
    "\u20ac": "EUR", "\u00a3": "GBP", "\u20b9": "INR", "\u20a9": "KRW", "\u20bd": "RUB", "\u20ba": "TRY",
    "\u20b4": "UAH", "\u20aa": "ILS", "\u20ab": "VND", "\u20b1": "PHP", "\u20a6": "NGN", "\u20b8": "KZT",
    "\u20bf": "BTC",
}  # fmt: skip
FORMS = (
    {"ß": "ss", "\u1e9e": "SS", "œ": "oe", "Œ": "OE", "ı": "i", "þ": "th", "Þ": "Th", "ð": "d", "Ð": "D"}
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
    | dict.fromkeys("\u2018\u2019\u201a\u2039\u203a\u02bb\u02bc", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"')
    | {"\u2026": "...", "\u00bf": "?", "\u00a1": "!"}
    | {"\u00d7": f"{APART}x{APART}", "\u00b1": f"{APART}+/-"}
    | {"\u2260": f"{APART}!={APART}", "\u2264": f"{APART}<={APART}", "\u2265": f"{APART}>={APART}"}
    | {"\u2192": f"{APART}->{APART}", "\u2190": f"{APART}<-{APART}"}
    | {sign: f"{APART}{code}{APART}" for sign, code in CURRENCIES.items()}
    | dict.fromkeys("\U0001f680\U0001f389\u2728", APART)  # rocket, popper, sparkles: they say nothing
)


def ascii_form(text: str) -> str:
    """For example "Raise fees by 2 1/2 %"; "" if there is none, or nothing is said in it.

    A Latin letter becomes its base, a currency sign its code. The text becomes one line.
    """
    forms: list[str] = []
    latin = False
    for token in TOKEN.findall(UNSEEN.sub("", unicodedata.normalize("NFC", one_line(text, len(text))))):
        if latin and MARKS.fullmatch(token):
            continue
        form = token if token.isascii() else _form(token, latin=latin)
        if form is None:
            return ""
        latin = form.isalpha()
        forms.append(form)
    said = " ".join(GLUED.sub("", "".join(forms)).translate(BLANK).split())
    return said if any(map(str.isalnum, said)) else ""


def _form(token: str, *, latin: bool) -> str | None:
    """`latin`: whether it follows a letter."""
    if token in FORMS:
        return FORMS[token]
    plain = unicodedata.normalize("NFKD", token).translate({0x2212: "-", 0x2044: "/"})
    match unicodedata.decomposition(token[0]).partition(" ")[0]:
        case "<super>":
            form = f"^{plain}{APART}" if POWER.fullmatch(plain) else None
        case "<sub>":
            form = f"{plain}{BEFORE_A_DIGIT}" if latin and plain.isdecimal() else None
        case "<fraction>":
            form = f"{APART}{plain}{APART}" if plain[-1].isdigit() else None
        case "<wide>" | "<font>":  # as in East Asian texts, and in mathematics
            form = plain if plain.isascii() else FORMS.get(plain)
        case kind:
            form = _letter(token, MARKS.sub("", plain) if kind == "<compat>" else "")
    return form


def _letter(token: str, ligature: str) -> str | None:
    if found := LATIN.fullmatch(unicodedata.name(token, "")):
        return found[2].lower() if found[1] == "SMALL" else found[2]
    return ligature if token.isalpha() and ligature.isascii() and ligature.isalpha() else None
