"""One state that stops, one function that mails, one that answers, and one that does nothing.

What the services take between these calls, nothing that is built on them can save.
"""

from pathlib import Path

import pulumi

from bench import plain
from infra.shared.iam import allow

BENCH = Path(__file__).resolve().parents[1]
RIVALS = BENCH / "rival" / "functions"

api = plain.HttpApi.make()
topic = plain.topic(pulumi.Config().require_object("approvers"))
queue = plain.queue()
mailer = plain.function(
    RIVALS / "ask.py",
    memory_mib=512,
    statements=[plain.read_queue(queue), allow("Mail", ["sns:Publish"], [topic.arn])],
    variables={"API_URL": api.url, "TOPIC_ARN": topic.arn},
)
plain.consume(queue, mailer)
machine = plain.machine(
    queue.url.apply(
        lambda url: {"StartAt": "Ask", "States": {"Ask": plain.ask(url, title="task.title") | {"End": True}}}
    ),
    queue,
)
answer = plain.function(
    RIVALS / "answer.py", memory_mib=512, statements=[allow("Answer", ["states:SendTaskSuccess"], [machine.arn])]
)
api.get("/answer", answer)
api.get("/empty", plain.function(BENCH / "floor" / "functions" / "empty.py", memory_mib=512))

pulumi.export("stateMachineArn", machine.arn)
pulumi.export("apiUrl", api.url)
