"""The program of docs/make-it-yours.md: from the event to an item in a table of one's own."""

from __future__ import annotations

import json

from tests.support.walk import as_shipped, run, walk

# In a process of its own, since the changed modules have the names of ours.
TRAVEL = """
import json
import sys
from pathlib import Path
from types import SimpleNamespace

from sandbox import running
from tests.support.stacks import Run, Stack
from tests.support.waiting import until

emulator = SimpleNamespace(endpoint=sys.argv[1], mail_file=Path(sys.argv[2]))
with running("dev", {"mailsPerSecond": 10}, emulator=emulator) as sandbox:
    stack = Stack(sandbox)
    invoice = {"number": "R-17", "supplier": "Acme", "amount": "1200.00 EUR"}
    for _ in range(2):
        entry = {"Source": "erp", "DetailType": "Invoice received", "Detail": json.dumps(invoice)}
        sandbox.client("events").put_events(Entries=[entry])
    refused = Run(stack, stack.start_raw({"detail-type": "Invoice received", "detail": {}}), "").failed()
    run = Run(stack, "", "Pay 1200.00 EUR to Acme for invoice R-17")
    stack.press(run.link("ann@example.com"))
    machine = sandbox.outputs["stateMachineArn"]

    def ended():
        found = stack.sfn.list_executions(stateMachineArn=machine)["executions"]
        return sorted(one["status"] for one in found) if all(one["status"] != "RUNNING" for one in found) else None

    statuses = until(ended, "end of all runs")
    function = sandbox.client("lambda").get_function(FunctionName=sandbox.outputs["processTaskFunctionArn"])
    table = function["Configuration"]["Environment"]["Variables"]["LEDGER_TABLE"]
    items = stack.dynamodb.scan(TableName=table)["Items"]
    print(json.dumps({"statuses": statuses, "items": items, "refused": refused}))
"""


@as_shipped
def test_an_invoice_that_is_sent_twice_is_approved_once_and_entered_into_the_ledger(emulator, tmp_path):
    told = run(walk(tmp_path), "-c", TRAVEL, emulator.endpoint, str(emulator.mail_file))
    said = json.loads(told.splitlines()[-1])
    (item,) = said["items"]
    assert {key: value for key, value in item.items() if key != "requestId"} == {
        "title": {"S": "Pay 1200.00 EUR to Acme for invoice R-17"},
        "invoice": {"S": "R-17"},
        "approvedBy": {"SS": ["ann@example.com"]},
    }
    assert said["statuses"] == ["FAILED", "FAILED", "SUCCEEDED"], "one is a duplicate, one is no invoice"
    assert said["refused"] == ["InvalidTask", "an invoice must have a number, a supplier and an amount"], (
        "by an exception of the holder's own, which is known by its name"
    )
