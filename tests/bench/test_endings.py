"""Runs that end at once: a few of what `python -m bench.endings` does with thousands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.endings import EXPIRES, QUOTA, REJECTED, STOPPED, Heard, end_together
from bench.stage import OURS, deployed
from sandbox.emulator import Emulator


def test_every_record_is_right_the_operator_told_of_each_stopped_run_and_no_alarm_goes_off():
    with Emulator(describe_quota=QUOTA) as running:
        heard = end_together(running, deployed(running, OURS), runs=6, say=print)
    assert heard.right == {EXPIRES: 2, STOPPED: 2, REJECTED: 2}
    assert (heard.told, heard.mails, heard.alarms) == ({STOPPED: 2}, 2, [])
    assert (heard.looks, heard.throttled) == (2, 0), "only what was stopped without a word is looked at"
    assert heard.all_well


@pytest.mark.parametrize(
    "worse", [{"right": {EXPIRES: 2, STOPPED: 2, REJECTED: 1}}, {"told": {STOPPED: 1}}, {"alarms": ["lost-endings"]}]
)
def test_one_record_one_mail_or_an_alarm_is_enough_to_fail(worse):
    right = {EXPIRES: 2, STOPPED: 2, REJECTED: 2}
    well = Heard(runs=6, settled=1, looks=2, throttled=0, right=right, told={STOPPED: 2}, mails=2, alarms=[])
    assert well.all_well
    assert not replace(well, **worse).all_well
