"""What is made of measurements and counts."""

from __future__ import annotations

import json

import pytest

from bench import costs, prices
from bench.counts import item_bytes, metrics
from bench.figures import Figure, Goal
from tests.bench.results import COUNTED, MADE, results


def test_a_figure_is_the_median_and_the_value_below_which_nineteen_of_twenty_lie():
    figure = Figure.of([*range(19, 0, -1), 500])
    assert (figure.median, figure.p95) == (10.5, 19)
    assert Figure.of([7]) == Figure(7, 7)


def test_a_goal_is_met_up_to_its_factor():
    assert Goal(what="", ours=150, other=100, factor=1.5).met
    assert not Goal(what="", ours=151, other=100, factor=1.5).met


def test_goals_compare_medians_with_the_rival():
    ratios = {goal.what: (goal.ratio, goal.met) for goal in results().goals()}
    assert ratios == {
        "start → mail, warm": (1.5, False),
        "press → answer, warm": (1.5, True),
        "press → execution finished, warm": (1.5, True),
        "press → execution finished, cold": (1.3, False),
    }


def test_a_thousand_approvals_cost_counts_times_prices():
    lines = {line.what: line for line in costs.per_thousand(COUNTED, {"page": 1000}, MADE)}
    quantities = {what: line.quantity for what, line in lines.items()}
    assert quantities == {
        "Step Functions, transitions": 4000,  # into three states, and the start
        "Lambda, GB-seconds": 1000,  # 2 calls of a second with half a gigabyte
        "Lambda, requests": 2000,
        "SQS, requests": 3000,  # sent, received, deleted
        "SNS, publishes": 1000,
        "SNS, e-mails": 1000,
        "KMS, requests for the topic's key": 1000,
        "HTTP API, requests": 2000,
        "DynamoDB, write units": 13_000,  # 3 writes of 3 KiB with AWS's token, one and three of keys to the indexes
        "DynamoDB, read units": 2000,
        "EventBridge Scheduler, starts": 1000,
        "CloudWatch Logs, GB": pytest.approx(0.005),
        "X-Ray, traces at most": 2000,
    }
    assert lines["Step Functions, transitions"].dollars == pytest.approx(0.1)
    assert costs.total(list(lines.values())) == pytest.approx(sum(line.dollars for line in lines.values()))


def test_each_month_costs_what_alarms_look_at_metrics_and_polls():
    alarms, metrics_, polls = costs.per_month(COUNTED, MADE)
    assert alarms.quantity == 2
    assert alarms.dollars == pytest.approx(0.2)
    assert metrics_.dollars == pytest.approx(0.9)
    assert polls.quantity == 5 * 3 * 60 * 730  # five polls of twenty seconds
    assert polls.price == prices.SQS_REQUEST


def test_a_program_without_keys_traces_and_alarms_pays_for_none():
    (type_, name, given), *_ = MADE
    plain = [(type_, name, {key: given[key] for key in ("handler", "memorySize")})]
    counted = {line.what: line.quantity for line in costs.per_thousand(COUNTED, {}, plain)}
    assert (counted["KMS, requests for the topic's key"], counted["X-Ray, traces at most"]) == (0, 0)
    assert [line.quantity for line in costs.per_month(COUNTED, plain)] == [0, 3, 0]


def test_an_item_is_as_large_as_its_names_and_values():
    item = {"name": {"S": "ä"}, "n": {"N": "12"}, "yes": {"BOOL": True}, "set": {"SS": ["ab", "c"]}, "list": {"L": []}}
    assert item_bytes({"M": item}) == 3 + (1 + 4 + 2) + (1 + 1 + 2) + (1 + 3 + 1) + (1 + 3 + 3) + (1 + 4 + 3)


def test_metrics_are_told_from_other_lines_of_the_log():
    written = {"_aws": {"CloudWatchMetrics": [{"Metrics": [{"Name": "Mails"}]}]}, "service": "ask"}
    assert metrics(json.dumps(written)) == {"ask Mails"}
    assert metrics("START RequestId: 1") == set()
