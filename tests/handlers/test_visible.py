"""What of a stranger's text is seen, and that it stays what it is among our own words."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.contract.visible import MOST_MARKS, STACKED, blank, clean, one_line, quoted, shortened

# Any code point, and those that break texts more often than chance would.
trouble = (
    "\"'\u201c\u201d''\n\r\u2028\x1b\x00\u200b\u2800\U0001d159\u0335\u0489\u20dd\u0903 a"
    "\u0645\u0915\u094d\u200c\u200d\ufe0f\u20e3\U0001f469\U0001f3fd\U0001f3f4\U000e0067"
)
anything = st.text(st.characters(exclude_categories=()) | st.sampled_from(trouble), max_size=200)

UNSEEN = [
    "\u00ad\u034f\u061c",
    "\u115f\u1160\u3164\uffa0",  # Hangul fillers
    "\u17b4\u17b5",  # Khmer inherent vowels
    "\u180b\u180e\u180f",  # Mongolian selectors
    "\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2064\u2065\u206a\u206f\ufeff",
    "\u2800",  # Braille pattern without dots
    "\ufe00\ufe0f",  # variation selectors
    "\ufff0\ufff8\ufff9\ufffa\ufffb\ufffc",  # interlinear annotations, object replacement
    "\U0001bca0\U00013430\U00013441\U00013442\U00016fe4",  # of shorthand, Egyptian, Khitan
    "\U0001d159\U0001d173\U0001d17a",  # a note without a head, beams
    "\U000e0001\U000e0041\U000e007f",  # tags
    "\U000e0100\U000e01ef\U000e0fff",  # more variation selectors, and what is kept for more
]


@pytest.mark.parametrize("unseen", UNSEEN)
def test_what_shows_nothing_is_blank_and_is_taken_out(unseen: str) -> None:
    for one in unseen:
        assert blank(one)
        assert clean(f"De{one}ploy") == "Deploy"
        assert quoted(one) == ""
    assert blank(f" \n{unseen}\t")
    assert one_line(unseen) == ""


@pytest.mark.parametrize("seen", ["\u2801", "\u2420", "\u303f", "\U0001d158", "\U00013440a", "\ufffd", "\u00b7"])
def test_what_shows_something_is_not(seen: str) -> None:
    assert not blank(seen)
    assert clean(f"x{seen}") == f"x{seen}"


@pytest.mark.parametrize(
    "word",
    [
        "\u101c\u103b\u103e\u102d\u102f\u1037\u101d\u103e\u1000\u103a",  # Burmese "secret": four marks above and below
        unicodedata.normalize("NFD", "Ti\u1ebfng Vi\u1ec7t"),
        unicodedata.normalize("NFD", "\u1fa7"),  # Greek, with three
        "\u05e9\u05c1\u05bc\u05b8\u05a3",  # Hebrew with dot, dagesh, vowel, accent
        "\u0627\u0644\u0644\u0651\u064e\u0670\u0647",  # Arabic with shadda and two vowels
        "\u0f66\u0f92\u0fb2\u0f74\u0f56\u0f0b",  # a Tibetan stack with its vowel
        "\u0939\u093f\u0928\u094d\u0926\u0940",
        "\u0e17\u0e35\u0e48\u0e19\u0e35\u0e48",
        "\u0254\u0330\u0303\u0301",  # phonetic
    ],
)
def test_words_of_every_script_keep_their_marks(word: str) -> None:
    assert clean(word) == word


def flag(region: str) -> str:
    """A black flag and tags, which together are a region's."""
    return f"\U0001f3f4{''.join(chr(0xE0000 + ord(one)) for one in region)}\U000e007f"


@pytest.mark.parametrize(
    "word",
    [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian "I want"
        "\u0647\u200d \u0642",  # Persian, lunar years: a letter that stands for a word
        "\u0dc1\u0dca\u200d\u0dbb\u0dd3 \u0dbd\u0d82\u0d9a\u0dcf",  # Sinhala "Sri Lanka"
        "\u0d05\u0d35\u0d28\u0d4d\u200d",  # Malayalam "he", with a chillu at its end
        "\u09b0\u200d\u09cd\u09af\u09be\u09ac",  # Bengali, a joiner before the virama
        "\u0915\u094d\u200c\u0937",  # Hindi, no conjunct
        "\u1820\u180b\u1821",  # Mongolian, a second form
        "\u845b\U000e0100\u57ce",  # Japanese, the form in a town's name
        "\U0001f468\U0001f3fd\u200d\U0001f680",  # with a skin tone
        "\U0001f469\u200d\u2764\ufe0f\u200d\U0001f468",
        "\U0001f3f4\u200d\u2620\ufe0f",
        "\u2764\ufe0f \u00a9\ufe0e 1\ufe0f\u20e3",
        f"{flag('gbwls')}{flag('gbeng')}\U0001f1e9\U0001f1ea",
    ],
)
def test_words_and_emoji_keep_the_joiners_and_selectors_that_they_are_spelled_with(word: str) -> None:
    assert clean(word) == word
    assert one_line(f"x {word}") == f"x {word}"
    assert shortened("\U0001f469\u200d\U0001f4bb and more", 5) == "\U0001f469...", "no half of an emoji"


@pytest.mark.parametrize("unseen", ["\u200b", "\u200c", "\u200d", "\ufe0f", "\U000e0067", "\U000e0100", "\u180b"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("De", "ploy"),
        ("", "\u0645"),
        (" ", "\u0645"),
        ("\u0434", "\u0430"),  # Cyrillic
        ("\u0661", "\u0662"),  # digits of a script that joins
        ("1", "0"),
        ("a\u0301", "\U0001f469"),
    ],
)
def test_they_go_where_nothing_is_spelled_with_them(unseen: str, before: str, after: str) -> None:
    assert clean(f"{before}{unseen}{after}") == f"{before}{after}"


@pytest.mark.parametrize(
    ("given_", "seen"),
    [
        ("\u0645\u200c", "\u0645"),  # at the end
        ("\u0645\u200c\u200c\u0645", "\u0645\u0645"),
        ("\u0645\u200b\u200c\u0645", "\u0645\u0645"),
        ("\U0001f469\u200d", "\U0001f469"),
        ("\U0001f469\u200dx", "\U0001f469x"),
        ("\u2764\ufe0f\ufe0f", "\u2764\ufe0f"),
        (flag("hidden"), "\U0001f3f4"),
        (flag("gbsct")[:-1], "\U0001f3f4"),
        (" \u094d\u200d\u0915", " \u0915"),  # after a mark that is gone
        ("1\ufe0f", "1"),
    ],
)
def test_nothing_is_hidden_among_them(given_: str, seen: str) -> None:
    assert clean(given_) == seen


@pytest.mark.parametrize("mark", ["\u0335", "\u0489", "\u20dd", "\u0e49", "\U0001e8d0"])
def test_a_letter_keeps_a_few_marks_of_many(mark: str) -> None:
    assert clean(f"Pay{mark * 60}out") == f"Pay{mark * MOST_MARKS}out"
    assert clean(f"y\u0903{mark * 30}\u0903{mark * 30}").count(mark) == MOST_MARKS


@pytest.mark.parametrize("mark", ["\u0338", "\u0903", "\u20e0"])
@pytest.mark.parametrize("before", ["", " ", "\n", "\u200b", "a\n", "\u00a0"])
def test_a_mark_without_a_letter_goes_or_it_would_stand_on_words_of_ours(before: str, mark: str) -> None:
    assert mark not in clean(f"{before}{mark}x")


@given(text=anything)
def test_no_letter_is_ever_covered_with_marks(text: str) -> None:
    stacked = 0
    for one in clean(text):
        stacked = stacked + 1 if unicodedata.category(one) in STACKED else 0
        assert stacked <= MOST_MARKS


@given(text=anything)
def test_what_is_clean_is_visible_can_be_sent_and_stays_so(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode()
    assert clean(cleaned) == cleaned
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]", cleaned)


@given(text=anything, limit=st.integers(4, 100))
def test_a_quotation_is_one_line_that_ends_where_its_last_mark_is(text: str, limit: int) -> None:
    said = quoted(text, limit)
    assert said.splitlines() == ([said] if said else [])
    assert bool(said) is bool(one_line(text))
    if said:
        assert (said[0], said[-1]) == ('"', '"')
        inside = said[1:-1]
        assert 0 < len(inside) <= limit
        assert inside.isascii() is False or inside.isprintable()
        assert not set('"\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033\uff02') & set(inside)
        assert "''" not in inside
        assert clean(inside) == inside
    assert quoted("Don't, it's Ben's") == "\"Don't, it's Ben's\"", "an apostrophe is no end"
