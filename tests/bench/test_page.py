"""The page."""

from __future__ import annotations

from bench.page import PLACE, filled, is_written_by, template
from sandbox.deploy import PROJECT
from tests.bench.results import results


def test_every_place_of_the_template_is_filled():
    page = filled(results())
    assert not PLACE.search(page)
    assert is_written_by(template(), page)


def test_the_page_says_which_goals_are_met():
    page = filled(results())
    assert "| press → answer, warm | 150 | 100 | 1.50 × | 1.5 × | met |" in page
    assert "| start → mail, warm | 150 | 100 | 1.50 × | 1.1 × | **missed** |" in page


def test_the_page_has_each_function_that_was_called():
    assert "| signoff: `page` | 150 / 150 | 130 / 130 | 2.0 |" in filled(results())


def test_a_page_with_other_words_was_not_written_by_the_template():
    page = filled(results())
    assert not is_written_by(template(), page.replace("The rival", "Our rival"))
    assert not is_written_by(template() + "More.", page)


def test_the_published_page_was_written_by_the_template():
    """`make bench` writes it; where only words have changed, change them in both."""
    assert is_written_by(template(), (PROJECT / "docs" / "performance.md").read_text(encoding="utf-8"))
