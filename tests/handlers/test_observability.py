"""What is counted, as CloudWatch reads it from a function's log."""

from __future__ import annotations

import json
import os
import subprocess
import sys

PROGRAM = """
from handlers.approvals.observability import count, logger, metrics, observe
from handlers.contract.metrics import Metric

observe("dev")
for call in range(2):
    count(Metric.ANSWERED_WITHOUT_VOTE)
    count(Metric.MAILS)
    count(Metric.MAILS, 2)
    metrics.flush_metrics()
logger.info("told", outcome="FAILED")
"""


def test_a_metric_names_its_label_and_its_function_in_every_call_of_a_process():
    environment = os.environ | {
        "POWERTOOLS_SERVICE_NAME": "reconcile-request",
        "POWERTOOLS_METRICS_NAMESPACE": "signoff",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    *calls, told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(calls) == 2
    for counted in calls:
        assert (counted["AnsweredWithoutVote"], counted["Mails"]) == ([1.0], [1.0, 2.0])
        assert (counted["label"], counted["service"]) == ("dev", "reconcile-request")
        (described,) = counted["_aws"]["CloudWatchMetrics"]
        assert described["Namespace"] == "signoff"
        assert ["label", "service"] in [sorted(one) for one in described["Dimensions"]]
    assert (told["message"], told["outcome"], told["service"]) == ("told", "FAILED", "reconcile-request")
