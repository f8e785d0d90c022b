"""The page and the plot."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from bench.page import PLACE, filled, is_written_by, template
from bench.plot import HEAD, Bar, Panel, svg
from bench.tables import plot
from sandbox.deploy import PROJECT
from tests.bench.results import results

DOCS = PROJECT / "docs"
SVG = "{http://www.w3.org/2000/svg}"


def test_every_place_of_the_template_is_filled():
    page = filled(results())
    assert not PLACE.search(page)
    assert is_written_by(template(), page)


def test_the_page_says_which_goals_are_met():
    page = filled(results())
    assert "| press → answer, warm | 150 | 100 | 1.50 × | 1.5 × | met |" in page
    assert "| start → mail, warm | 150 | 100 | 1.50 × | 1.1 × | **missed** |" in page


def test_a_crowd_whose_mails_took_too_long_is_told_by_those_that_came():
    assert "7 mails only" in filled(results())


def test_a_page_with_other_words_was_not_written_by_the_template():
    page = filled(results())
    assert not is_written_by(template(), page.replace("The rival", "Our rival"))
    assert not is_written_by(template() + "More.", page)


def test_the_published_page_was_written_by_the_template():
    """`make bench` writes it; where only words have changed, change them in both."""
    assert is_written_by(template(), (DOCS / "performance.md").read_text(encoding="utf-8"))
    assert (DOCS / "performance.svg").exists()


def test_bars_are_as_long_as_their_values_and_lines_reach_the_percentile():
    drawn = ET.fromstring(svg(["a", "b"], [Panel("Both", "ms", [("row", [Bar(0, 50, 100), Bar(1, 25, 25)])])]))
    first, second = [rect for rect in drawn.iter(f"{SVG}rect") if float(rect.attrib["y"]) > HEAD]
    width = float(first.attrib["width"])
    assert float(second.attrib["width"]) == width / 2
    start, end = (float(next(drawn.iter(f"{SVG}line")).attrib[x]) for x in ("x1", "x2"))
    assert end - start == width
    assert [rect.attrib["class"] for rect in (first, second)] == ["bar0", "bar1"]


def test_the_plot_is_for_light_and_dark_pages_and_takes_any_words():
    drawn = svg(["<ours>"], [Panel('"a" & b', "ms", [("x < y", [Bar(0, 1, 1)])])])
    assert "prefers-color-scheme: dark" in drawn
    texts = [text.text for text in ET.fromstring(drawn).iter(f"{SVG}text")]
    assert {"<ours>", '"a" & b', "x < y"} <= set(texts)


def test_the_plot_has_a_bar_for_every_figure():
    drawn = ET.fromstring(plot(results()))
    legend, steps = 3, 4 * 3 - 1  # the rival has nothing to look at
    assert len(list(drawn.iter(f"{SVG}rect"))) == legend + 2 * steps
