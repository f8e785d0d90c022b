"""Generate a task, mail a link that carries the task token, and go on as soon as somebody has opened it.

This is the wait-for-callback pattern as samples show it, in a code of our own: three states, four functions. They have
the memory, the interpreter, the batches and the logging of ours, and roles that may do no more than they need.
"""

from pathlib import Path

import pulumi

from bench import plain
from infra.shared.iam import allow

FUNCTIONS = Path(__file__).resolve().parent / "functions"

api = plain.HttpApi.make()
topic = plain.topic(pulumi.Config().require_object("approvers"))
queue = plain.queue()
generate = plain.function(FUNCTIONS / "generate_task.py", memory_mib=256)
process = plain.function(FUNCTIONS / "process_task.py", memory_mib=256)
mailer = plain.function(
    FUNCTIONS / "ask.py",
    memory_mib=512,
    statements=[plain.read_queue(queue), allow("Mail", ["sns:Publish"], [topic.arn])],
    variables={"API_URL": api.url, "TOPIC_ARN": topic.arn},
)
plain.consume(queue, mailer)
machine = plain.machine(
    pulumi.Output.all(generate.arn, queue.url, process.arn).apply(
        lambda known: {
            "StartAt": "Generate task",
            "States": {
                "Generate task": plain.invoke(known[0], "{% $states.input %}") | {"Next": "Ask"},
                "Ask": plain.ask(known[1], title="title") | {"Next": "Process task"},
                "Process task": plain.invoke(known[2], "{% $states.input %}") | {"End": True},
            },
        }
    ),
    queue,
    generate,
    process,
)
answer = plain.function(
    FUNCTIONS / "answer.py", memory_mib=512, statements=[allow("Answer", ["states:SendTaskSuccess"], [machine.arn])]
)
api.get("/answer", answer)

pulumi.export("stateMachineArn", machine.arn)
pulumi.export("apiUrl", api.url)
