"""Where the workflow's states are drawn, and how a run is marked in them."""

import re
from itertools import combinations, pairwise

import pytest

from handlers.contract.policy import DEFAULT_POLICY, Policy
from infra.asl import approval_definition
from infra.policies import Terms
from sandbox.page.graph import STATE_HEIGHT, Edge, draw, edges
from sandbox.page.picture import Picture


def chain(*names, **more):
    """States that follow each other; `more` are further ways of them, as in the definition."""
    states = {name: {"Type": "Pass", "Next": following} for name, following in pairwise(names)}
    states[names[-1]] = {"Type": "Pass", "End": True}
    for name, ways in more.items():
        states[name] |= ways
    return {"StartAt": names[0], "States": states}


OURS = approval_definition(
    generate_arn="arn:aws:lambda:eu-central-1:000000000000:function:g",
    process_arn="arn:aws:lambda:eu-central-1:000000000000:function:p",
    queue_url="q",
    table_name="t",
    terms={DEFAULT_POLICY: Terms(policy=Policy(), deadline_seconds=180, rounds=3)},
    event_policy="default",
    late_seconds=60,
)
LONG = chain("A", "B", "C", "D", A={"Catch": [{"ErrorEquals": ["E1", "E2"], "Next": "D"}]})
LOOP = chain("A", "B", "C", C={"Type": "Choice", "Choices": [{"Condition": "again", "Next": "A"}], "Default": "C"})


@pytest.fixture(params=[OURS, LONG, LOOP], ids=["ours", "long", "loop"])
def definition(request):
    return request.param


def test_every_state_and_every_way_is_drawn_within_the_picture(definition):
    drawn = draw(definition)
    assert set(drawn.boxes) == set(definition["States"])
    assert {line.edge for line in drawn.lines} == set(edges(definition["States"]))
    for box in drawn.boxes.values():
        assert box.width / 2 <= box.x <= drawn.width - box.width / 2
        assert STATE_HEIGHT / 2 <= box.y <= drawn.height - STATE_HEIGHT / 2
    for x, y in (point for line in drawn.lines for point in line.points):
        assert 0 <= x <= drawn.width
        assert 0 <= y <= drawn.height


def test_no_two_states_overlap(definition):
    for one, other in combinations(draw(definition).boxes.values(), 2):
        beside = abs(one.x - other.x) >= (one.width + other.width) / 2
        assert beside or abs(one.y - other.y) >= STATE_HEIGHT


def test_no_way_passes_through_a_state_that_it_does_not_belong_to(definition):
    drawn = draw(definition)
    for line in drawn.lines:
        others = [box for name, box in drawn.boxes.items() if name not in (line.edge.source, line.edge.target)]
        for (x0, y0), (x1, _) in pairwise(line.points):
            if line.back or y0 != line.points[-1][1]:
                continue
            assert not [box for box in others if abs(box.y - y0) < STATE_HEIGHT / 2 and x0 < box.x < x1]


def test_ways_lead_to_the_right_and_only_a_repetition_leads_back():
    drawn = draw(OURS)
    assert [line.edge for line in drawn.lines if line.back] == [
        Edge("Ask again?", "Request approval", OURS["States"]["Ask again?"]["Choices"][0]["Condition"])
    ]
    for line in drawn.lines:
        source, target = drawn.boxes[line.edge.source], drawn.boxes[line.edge.target]
        assert line.back or source.x + source.width / 2 < target.x - target.width / 2


def test_the_same_definition_is_always_drawn_the_same():
    assert draw(OURS) == draw(OURS)


def test_a_way_says_what_takes_it():
    assert Edge("A", "D", "E1, E2") in edges(LONG["States"])


def tones(svg):
    return {name: tone for tone, name in re.findall(r'class="state (\w*)" data-state="([^"]*)"', svg)}


def taken(svg):
    return set(re.findall(r'class="way taken"[^>]*><title>([^<:]*)', svg))


def test_the_state_that_a_run_is_in_is_marked_with_the_way_to_it():
    svg = Picture(LONG).of(["A", "B"], "RUNNING")
    assert tones(svg) == {"A": "past", "B": "now", "C": "", "D": ""}
    assert taken(svg) == {"A → B"}
    assert "the run is now in B" in svg


@pytest.mark.parametrize(("status", "tone"), [("SUCCEEDED", "good"), ("FAILED", "bad"), ("ABORTED", "bad")])
def test_the_end_of_a_run_is_marked_by_how_it_ended(status, tone):
    svg = Picture(LONG).of(["A", "D"], status)
    assert tones(svg) == {"A": "past", "B": "", "C": "", "D": tone}
    assert "the run ended in D" in svg


def test_a_state_that_was_entered_again_says_how_often():
    assert "×2" in Picture(LOOP).of(["A", "B", "C", "A"], "RUNNING")
    assert "×" not in Picture(LOOP).of(["A", "B", "C"], "RUNNING")


def test_without_a_run_nothing_is_marked():
    assert set(tones(Picture(OURS).of([], "")).values()) == {""}


def test_the_state_that_succeeds_is_set_apart_from_those_that_fail():
    endings = dict(re.findall(r'data-state="([^"]*)" data-ending="(\w*)"', Picture(OURS).of([], "")))
    assert [name for name, ending in endings.items() if ending == "ends"] == ["Return to main processing"]
    assert endings["Expired"] == endings["Rejected"] == "fails"
    assert endings["Request approval"] == ""
