"""A subject has ASCII only, and says nothing that the title does not."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from handlers.approvals.faces import operator_mail
from handlers.approvals.faces.ascii_form import ascii_form
from handlers.approvals.rules.endings import Execution
from handlers.approvals.rules.rounds import Kind
from handlers.contract.visible import one_line
from tests.support import plain
from tests.support.records import record

REQUEST = "request 1a2b3c4d"
# Any code point; those that have a form or nearly have one; and words among which they stand.
ANY = st.characters(exclude_categories=())
TRICKY = st.sampled_from(
    "½⅓²³⁻⁺₂₀⁴⁄€£¥≠≤≥±×→←…ßæøıİþðłŋ«»“”¿™①Ⅷﬁ１＝𝐀ℂªº°·µНЕОΑ١🚀🔥\u0301\u0338\u0336\u20e3\u200d\ufe0f0123456789.,/-+^_=<>!%"
)
WORDS = st.sampled_from([" ", "not ", "Delete", "status", "10", "1", "EUR"])
titles = st.lists(ANY | TRICKY | WORDS, min_size=1, max_size=12).map("".join)

POWER = "\ue000"  # before each small digit
BASES = {"ß": "ss", "ẞ": "SS", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ð": "d", "ł": "l", "ø": "o", "đ": "d"}
SIGNS = {"≠": "!=", "≤": "<=", "≥": ">=", "×": "x", "±": "+/-", "→": "->", "←": "<-", "…": "...", "¿": "?", "¡": "!"}
MONEY = {"€": "EUR", "£": "GBP", "₹": "INR", "₩": "KRW", "₽": "RUB", "₺": "TRY", "₴": "UAH", "₪": "ILS", "₫": "VND"}
MONEY |= {"₱": "PHP", "₦": "NGN", "₸": "KZT", "₿": "BTC"}
QUOTES = dict.fromkeys("‘’‚‹›\u02bb\u02bc", "'") | dict.fromkeys("“”„«»", '"')
SAID = BASES | {"Þ": "Th", "Æ": "AE", "Œ": "OE", "Ð": "D", "Ł": "L", "Ø": "O", "Đ": "D"} | SIGNS | MONEY | QUOTES


def subject(title: str) -> str:
    return plain.subject(record(title=title), Kind.REQUEST, "dev").removeprefix("[dev] Approval needed: ")


def said(title: str) -> str:
    """Word for word what the title says, without blanks; "\\ufffd" for what ASCII cannot say."""
    forms = []
    for one in unicodedata.normalize("NFC", one_line(title)):
        kind = unicodedata.decomposition(one).split(" ")[0]
        plain = unicodedata.normalize("NFKD", one).replace("\u2044", "/").replace("\u2212", "-")
        letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
        if one.isascii():
            forms.append(one)
        elif one in SAID:
            forms.append(SAID[one])
        elif unicodedata.category(one) in {"Mn", "Cf"} and unicodedata.combining(one) != 1:
            forms.append("")
        elif unicodedata.category(one) == "Pd" or one == "\u2212":
            forms.append("-")
        elif kind == "<super>" and plain in "0123456789+-":
            forms.append(f"{POWER}{plain}")
        elif one.isalpha() and unicodedata.name(one, "").startswith("LATIN") and not letters.isascii():
            name = re.fullmatch("LATIN (SMALL|CAPITAL) LETTER (AE|[A-Z])( WITH .+)?", unicodedata.name(one))
            forms.append("\ufffd" if not name else name[2].lower() if name[1] == "SMALL" else name[2])
        elif kind in {"<wide>", "<font>"} and plain in SAID:
            forms.append(SAID[plain])
        elif one in "🚀🎉✨":
            forms.append(" ")
        else:
            forms.append(letters if letters.isascii() else "\ufffd")
    return re.sub(f"(?<={POWER}[-+0-9]){POWER}", "", "".join(forms)).replace(POWER, "^")


@given(title=titles)
@settings(max_examples=1_000)
@example(title="Delete where status ≠ active")
@example(title="1🚀0")
@example(title="10³4")
@example(title="2½")
@example(title="½2")
@example(title="log₂8")
@example(title="d\u0336o it")
def test_a_subject_says_what_the_title_says_or_names_the_request(title: str) -> None:
    found = subject(title)
    if found == REQUEST:
        return
    assert "".join(found.split()) == "".join(said(title).split())
    assert len(re.findall(r"\d+", found)) == len(digit_runs(title))
    assert set(re.findall(r"[A-Za-z]+", found)) - {"x"} >= {
        word for word in re.findall(r"(?<![^\s])[A-Za-z]+(?![^\s])", one_line(title)) if word != "x"
    }


def digit_runs(title: str) -> list[str]:
    """The numbers that people see: small digits and each side of a fraction are numbers of their own."""
    marked = "".join(
        f" {unicodedata.normalize('NFKD', one)} " if unicodedata.decomposition(one).startswith("<fraction>") else one
        for one in unicodedata.normalize("NFC", one_line(title))
    )
    kinds = "[0-9０-９\U0001d7ce-\U0001d7ff]+|[⁰¹²³⁴-⁹]+|[₀-₉]+"
    return re.findall(kinds, marked)


@pytest.mark.parametrize(
    ("title", "form"),
    [
        ("Delete where status ≠ active", "Delete where status != active"),
        ("a=\u0338b", "a != b"),
        ("x≤5 → y≥6, ±5, 2×3", "x <= 5 -> y >= 6, +/-5, 2 x 3"),
        ("Raise fees by 2½ %", "Raise fees by 2 1/2 %"),
        ("½5, ½.5", "1/2 5, 1/2 .5"),
        ("(½), ⅔.", "(1/2), 2/3."),
        ("Tolerance 10⁻³, 10³4", "Tolerance 10^-3, 10^3 4"),
        ("CO₂, H₂O, log₂8", "CO2, H2O, log2 8"),
        ("1.200€, £5, -₹7", "1.200 EUR, GBP 5, -INR 7"),
        ("Yıldırım, Þórður, Æsir, Łukasz, Đặng, Straße", "Yildirim, Thordur, AEsir, Lukasz, Dang, Strasse"),
        ("Ｄｅｐｌｏｙ １．４", "Deploy 1.4"),
        ("“Deploy” – ‘now’…", "\"Deploy\" - 'now'..."),
        ("¿Borrar?", "?Borrar?"),
        ("🚀 Deploy 1.4", "Deploy 1.4"),
        ("1🚀0", "1 0"),
        ("Deploy\r\nBcc: eve@example.com \u202egpj.exe", "Deploy Bcc: eve@example.com gpj.exe"),
    ],
)
def test_a_title_is_written_out_in_ascii(title: str, form: str) -> None:
    assert subject(title) == form


@pytest.mark.parametrize(
    "title",
    [
        "Do НЕ delete",  # Cyrillic
        "Delete Α",  # Greek
        "D\u0435lete",
        "Delete 🔥 all",
        "Do d\u0336e\u0336l\u0336e\u0336t\u0336e\u0336 keep",
        "delete\u20e0",
        "Pay ¥500",  # yen or yuan
        "10₂",
        "1²⁄₃",
        "Step ①",
        "5‰",
        "١٢",
        "50 µg",
        "🚀",
        "?",
    ],
)
def test_where_anything_would_be_lost_the_subject_names_the_request(title: str) -> None:
    assert subject(title) == REQUEST
    assert ascii_form(title) == ""


@pytest.mark.parametrize("number", ["1" * 30, "1.200.000,50", "10 000 000", "2½", "10⁻³", "5/12"])
def test_a_cut_never_makes_another_number(number: str) -> None:
    """Wherever the cut is: what is left of a title has either the whole number or nothing of it."""
    for before in range(20, 100):
        found = subject(f"{'Pay back to them ' * 7}"[:before].strip() + f" {number} and the rest of the words")
        kept = found.removesuffix("...") if found.endswith("...") else found
        assert not re.search(r"\d", kept) or ascii_form(number) in kept
    assert subject("1" * 200) == REQUEST, "nothing else would be left"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("PayoutRefused", "PayoutRefused"),
        ("", "nobody had been asked"),
        ("it is fine", '"it is fine"'),
        ("rate ≠ 5", '"rate != 5"'),
        ("ошибка", "the error is in this mail"),
    ],
)
def test_neither_does_the_operator_s_subject(error: str, told: str) -> None:
    run = Execution(status="FAILED", error=error)
    assert operator_mail.subject(run, (), "dev", "UTC") == f"[dev] Approval workflow failed: {told}"
    asked = operator_mail.subject(run, [record(title="Do НЕ delete")], "dev", "UTC")
    assert asked == f"[dev] Approval workflow failed: {REQUEST}"


@pytest.mark.parametrize("text", ["tomorrow", "2026-13-01T00:00:00Z", "approved by all"])
def test_a_time_that_is_none_is_not_in_the_subject(text: str) -> None:
    found = plain.subject(record(title="Deploy", scheduled_for=text), Kind.REQUEST, "dev")
    assert found == "[dev] Approval needed: Deploy"
