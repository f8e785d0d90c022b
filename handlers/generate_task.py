"""Generate task: the question that people are asked, from whatever started the workflow. Yours to change."""

from typing import Any


def generate_task(start: dict[str, Any]) -> dict[str, Any] | None:
    """`start` is {"input": what the execution was started with, "execution": its ARN, "policies": [their names],
    "question": {"title", "details", "requestedBy", "policy", "fields": [], "links": []}, "problem": None}.

    `question` is what the shipped rules read from the input. If they find none, it is None, and `problem` says why.
    Return a question; other keys in it travel with the request to `process_task`. None, and an exception whose class
    is called InvalidTask, end the run as InvalidTask. A run may call this twice.
    """
    question: dict[str, Any] | None = start["question"]

    # Your own changes go here.

    return question
