"""Runs that end at once: a few of what `python -m bench.endings` does with thousands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bench.endings import EXPIRES, REJECTED, STOPPED, Heard, deployment, end_together

RUNS = 6
EACH = RUNS // 3


@pytest.fixture(scope="module")
def found() -> Iterator[tuple[Heard, Heard]]:
    """With the function that hears of endings, and without it."""
    with deployment() as (running, stack):
        heard = end_together(running, stack, RUNS, print)
        yield heard, end_together(running, stack, RUNS, print, hears=False)


def test_every_record_is_right_the_operator_told_of_each_stopped_run_and_no_alarm_goes_off(found):
    heard, _ = found
    assert heard.right == {EXPIRES: EACH, STOPPED: EACH, REJECTED: EACH}
    assert (heard.told, heard.mails, heard.alarms) == ({STOPPED: EACH}, EACH, [])
    assert heard.all_well


def test_only_what_was_stopped_without_a_word_is_looked_at(found):
    heard, _ = found
    assert (heard.looks, heard.throttled) == (EACH, 0)


def test_without_the_function_it_fails(found):
    _, unheard = found
    assert unheard.right == {EXPIRES: EACH}, "the state machine itself notes that"
    assert not unheard.told
    assert not unheard.all_well


@pytest.mark.parametrize(
    "worse", [{"right": {EXPIRES: 2, STOPPED: 2, REJECTED: 1}}, {"told": {STOPPED: 1}}, {"alarms": ["lost-endings"]}]
)
def test_one_record_one_mail_or_an_alarm_is_enough_to_fail(worse):
    right = {EXPIRES: 2, STOPPED: 2, REJECTED: 2}
    well = Heard(runs=6, ended=1, settled=1, looks=2, throttled=0, right=right, told={STOPPED: 2}, mails=2, alarms=[])
    assert well.all_well
    assert not replace(well, **worse).all_well
