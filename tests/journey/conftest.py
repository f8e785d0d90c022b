"""The stacks that journeys travel through: the real program, once each, in one emulator that enforces IAM."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handlers.approvals.rules.record import Decision
from sandbox.deploy import PROJECT, Deployed, deploy
from sandbox.emulator import Emulator
from tests.support.emulator import emulator
from tests.support.parents import Asking, start
from tests.support.stacks import ALICE, BOB, BOSS, CAROL, CROWD, QUICK, SHORTEST, Run, Stack, running
from tests.support.waiting import until

__all__ = ["emulator"]


@pytest.fixture(scope="session")
def deployed(emulator: Emulator) -> Callable[..., Any]:
    """Deploys a stack beside the others for as long as its caller wants it."""

    @contextmanager
    def deploy(name: str, **config: Any) -> Iterator[Stack]:
        with running(name, QUICK | config, emulator=emulator) as sandbox:
            yield Stack(sandbox)

    return deploy


@pytest.fixture(scope="session")
def stacks(deployed) -> Iterator[Callable[..., Stack]]:
    """Deploys a stack that stays until the session ends."""
    with ExitStack() as stop:
        yield lambda name, **config: stop.enter_context(deployed(name, **config))


@pytest.fixture(scope="session")
def plain(stacks) -> Stack:
    """One of three approvers is enough."""
    return stacks("dev")


@pytest.fixture(scope="session")
def quorum(stacks) -> Stack:
    """Two of three have to approve, two rejections reject."""
    return stacks("prod", approvalsRequired=2, rejectionsRequired=2, escalateTo=[], schedule="", protect=False)


@pytest.fixture(scope="session")
def hasty(stacks) -> Stack:
    """Ten seconds a round: reminders, an escalation, and an end."""
    return stacks("dev", escalateTo=[BOSS], approvers=[ALICE, BOB], **SHORTEST)


@pytest.fixture(scope="session", autouse=True)
def unanswered(hasty) -> Run:
    """A run that nobody answers; started first, so that its minute passes while other tests run."""
    return hasty.start()


@pytest.fixture(scope="session", autouse=True)
def crowded(stacks) -> Run:
    """A run that nobody answers, in rounds of ten seconds, each of which is too short for all of its mails."""
    return stacks("dev", approvers=CROWD, escalateTo=[BOSS], **SHORTEST | {"mailsPerSecond": 1}).start()


@pytest.fixture(scope="session", autouse=True)
def kinds(stacks) -> Stack:
    """Several kinds of requests: Carol's word is enough unless a policy says otherwise."""
    return stacks(
        "dev",
        approvers=[CAROL],
        escalateTo=[],
        policies={
            "payout": {
                "groups": {"finance": {"approvers": [ALICE, BOB]}, "legal": {"approvers": [BOB, CAROL]}},
                "approvalsRequired": 2,
                "rejectionsRequired": 2,
            },
            "release": {
                "groups": {"finance": {"approvers": [ALICE]}, "legal": {"approvers": [BOB]}},
                "escalateTo": [BOSS],
            },
            "brief": {"approvers": [BOB], "deadlineSeconds": 60},
        },
        task={"title": "Nightly run", "details": "As every night.", "policy": "brief"},
        schedule="",
        eventPattern={"source": ["shop"], "detail-type": ["Payout"]},
        eventPolicy="payout",
    )


@pytest.fixture(scope="session", autouse=True)
def brief(kinds) -> Run:
    """A run under a policy that waits a minute; started early, as above."""
    return kinds.start(policy="brief")


@pytest.fixture(scope="session")
def beside() -> Iterator[Callable[[Stack], Deployed]]:
    """Deploys the example for a stack."""
    with ExitStack() as stop:

        def example(stack: Stack) -> Deployed:
            config = {f"signoff-parent:{name}": stack.sandbox.outputs[name] for name in ("askState", "askPolicy")}
            deployed = deploy("dev", config, stack.sandbox.cloud, root=PROJECT / "examples/parent")
            stop.callback(deployed.destroy)
            return deployed

        yield example


@pytest.fixture(scope="session", autouse=True)
def silent(beside, hasty) -> Asking:
    """A parent's run that nobody answers; started early, as above."""
    return start(hasty, beside(hasty))


@pytest.fixture(scope="session", autouse=True)
def last_moment(hasty) -> Iterator[dict[Decision, Run]]:
    """Runs in whose last round somebody decides, but the function dies before it tells the workflow."""
    runs = {decision: hasty.start() for decision in Decision}

    def vote(decision: Decision) -> None:
        run = runs[decision]
        until(lambda: run.item()["round"] == 6 and "lease" not in run.item(), "the last round", 120)
        run.vote_without_handing_over(decision)

    with ThreadPoolExecutor(len(runs)) as people:
        votes = [people.submit(vote, decision) for decision in Decision]
        yield runs
        for done in votes:
            done.result()


@pytest.fixture(scope="session", autouse=True)
def triggered(stacks) -> Stack:
    """Started by a schedule and by events. The schedule is due as soon as the emulator's clockwork looks at it."""
    due = datetime.now(UTC) + timedelta(seconds=2)
    return stacks(
        "dev",
        schedule=f"at({due:%Y-%m-%dT%H:%M:%S})",
        timezone="UTC",
        eventPattern={
            "source": ["shop"],
            "detail-type": ["Payout requested"],
            "detail": {"amount": [{"numeric": [">", 100]}]},
        },
    )
