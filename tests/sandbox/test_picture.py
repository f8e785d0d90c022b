"""How a run is marked in the shipped picture of the workflow, and what is shown where the picture is another one's."""

import re

import pytest

from pictures import machine
from sandbox.page.picture import OLD, SHIPPED, Picture

STATES = machine.definition()["States"]
ASKED = ["Generate task", "Request approval"]


@pytest.fixture
def picture():
    return Picture(STATES)


def classes(shown):
    """What marks each state of the picture, by the state's name."""
    found = re.findall(r'class="node state([\w ]*)" data-state="([^"]*)"', shown)
    return {name: set(marks.split()) for marks, name in found}


def taken(shown):
    return set(re.findall(r'class="edge[\w ]* taken"[^>]*>\s*<title>([^<]*)', shown))


def test_every_state_of_the_workflow_is_in_the_picture_and_none_is_marked_without_a_run(picture):
    shown = picture.of([], "")
    assert classes(shown).keys() == STATES.keys()
    assert not set().union(*classes(shown).values()) & {"past", "now", "good", "bad"}
    assert not taken(shown)


def test_the_state_that_a_run_is_in_is_marked_with_the_way_to_it(picture):
    shown = picture.of(ASKED, "RUNNING")
    marked = classes(shown)
    assert "past" in marked["Generate task"]
    assert "now" in marked["Request approval"]
    assert not [name for name in marked.keys() - ASKED if marked[name] & {"past", "now", "good", "bad"}]
    assert taken(shown) == {"Generate task-&gt;Request approval"}
    assert "the run is now in Request approval" in shown


@pytest.mark.parametrize(
    ("status", "end", "tone"),
    [
        ("SUCCEEDED", "Return to main processing", "good"),
        ("FAILED", "Rejected", "bad"),
        ("ABORTED", "Ask again?", "bad"),
    ],
)
def test_the_end_of_a_run_is_marked_by_how_it_ended(picture, status, end, tone):
    shown = picture.of([*ASKED, end], status)
    assert tone in classes(shown)[end]
    assert f"the run ended in {end}" in shown


def test_a_state_that_was_entered_again_says_how_often(picture):
    again = [*ASKED, "Ask again?", "Request approval"]
    assert re.findall(r">×(\d)<", picture.of(again, "RUNNING")) == ["2"]
    assert "×" not in picture.of(ASKED, "RUNNING"), "the one before shows"


def test_the_picture_brings_no_style_of_its_own_which_the_pages_policy_would_refuse(picture):
    assert "<style" in SHIPPED.read_text(encoding="utf-8")
    assert not re.search(r"<style|\bstyle=", picture.of(ASKED, "RUNNING"))


def broken(tmp_path):
    (tmp_path / "broken.svg").write_text("<svg", encoding="utf-8")
    return tmp_path / "broken.svg"


@pytest.mark.parametrize(
    "other",
    [
        lambda _: Picture({**STATES, "<Check budget>": {}}),
        lambda _: Picture({name: state for name, state in STATES.items() if name != "Duplicate"}),
        lambda folder: Picture(STATES, folder / "none.svg"),
        lambda folder: Picture(STATES, broken(folder)),
    ],
    ids=["a state of one's own", "one state less", "no picture", "half a picture"],
)
def test_where_the_picture_is_another_workflows_it_is_not_shown(other, tmp_path):
    assert other(tmp_path).of([*ASKED, "Ask again?", "Request approval"], "RUNNING") == OLD


def test_a_way_that_the_picture_does_not_have_makes_it_another_workflows(picture):
    assert picture.of(["Generate task", "Unknown policy"], "FAILED") != OLD
    assert picture.of(["Generate task", "Expired"], "FAILED") == OLD
