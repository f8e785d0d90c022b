"""Many executions open at once, and one execution with many approvers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.journey import Browser, approve
from bench.stage import ALICE, OURS, Mail, Program, Stack, TooLateError, deployed, emulator, until

PRESSES = 10
CROWD_SECONDS = 120  # give up on a crowd whose mails take longer
# Faster than the configuration allows: the emulator has no limit for the pace to respect.
NO_PAUSE = {"ask": {"MAIL_PAUSE_SECONDS": "0"}}


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """`size` executions, started one after the other.

    started, mailed  seconds from the first start until the last of them was started, and the last mail was out; None
                     if that took too long
    mails            received
    answers          milliseconds per press while all the others were open
    """

    size: int
    started: float
    mailed: float | None
    mails: int
    answers: Sequence[float]


def crowd(program: Program, size: int) -> Crowd:
    """In its own emulator. Raises TooLateError if no mail arrives at all."""
    with emulator() as running:
        stack = deployed(running, program)
        unpaced(stack)
        browser = Browser.open()
        approve(stack, browser)
        began = time.time()
        for number in range(size):
            stack.start(title=f"Release {number}")
        started = time.time() - began
        try:
            until(lambda: waiting(stack) >= size, "mails of a crowd", CROWD_SECONDS, pause=0.25)
        except TooLateError:
            complete = False
        else:
            complete = True
        mails = read_all(stack)
        mailed = max(mail.sent for mail in mails) - began if complete else None
        answers = [browser.press(stack, mail.link) for mail in mails[:: max(1, len(mails) // PRESSES)][:PRESSES]]
        return Crowd(size=size, started=started, mailed=mailed, mails=len(mails), answers=answers)


def unpaced(stack: Stack) -> None:
    """Raises KeyError if our function no longer reads that variable."""
    if stack.program is OURS:
        for entry, variables in NO_PAUSE.items():
            for name in variables:
                _ = stack.function(entry).given["environment"]["variables"][name]
        stack.configure(NO_PAUSE)


def waiting(stack: Stack) -> int:
    """Unread mails, counted without receiving them, which would cost the emulator time."""
    seen = stack.cloud.client("sqs").get_queue_attributes(
        QueueUrl=stack.mailboxes[ALICE], AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(seen["Attributes"]["ApproximateNumberOfMessages"])


def read_all(stack: Stack) -> list[Mail]:
    mails = stack.mail()
    while waiting(stack):
        mails += stack.mail()
    return mails


def audience(program: Program, size: int, *, paced: bool, times: int) -> list[float]:
    """Seconds from a start until the last of `size` people has the mail, in its own emulator."""
    people = [f"person-{number}@example.com" for number in range(size)]
    with emulator() as running:
        stack = deployed(running, program, people)
        if not paced:
            unpaced(stack)
        return [last_mail(stack, people) for _ in range(1 + times)][1:]  # the first is cold


def last_mail(stack: Stack, people: Sequence[str]) -> float:
    began = time.time()
    stack.start()
    return max(mail.sent for who in people for mail in stack.mail(who)) - began
