"""The state machine of infra/asl.py at the port of its client: runs that wait, ask again, and end."""

from __future__ import annotations

import itertools
import json
from typing import Any

from handlers.approvals.rules.endings import Execution
from handlers.contract.policy import Policy, policy_digest
from infra.asl import approval_definition
from infra.shared.terms import Terms
from tests.support.records import EXECUTION_ARN, message_body, policy_body
from tests.support.services import RUNNING, FakeClock, FakeStepFunctions, Violated


class Executions(FakeStepFunctions):
    """Several of them, by token and by ARN."""

    def __init__(self, runs: list[Workflow]) -> None:
        super().__init__()
        self._runs = runs

    def look(self, arn: str) -> Execution:
        (run,) = [run for run in self._runs if run.execution_arn == arn]
        return run.execution

    def dead(self, token: str) -> str:
        return "" if any(run.waits_with(token) for run in self._runs) else "TaskTimedOut"

    def stop_execution(self, *, executionArn, error, cause) -> None:  # noqa: N803
        (run,) = [run for run in self._runs if run.execution_arn == executionArn]
        if run.took:
            raise Violated("what people have decided is cancelled")
        if not run.ended:
            run.stop(error)

    def take(self, token: str, answer: dict[str, str]) -> None:
        (run,) = [run for run in self._runs if run.token == token]
        run.take(answer)


class Workflow:
    """One execution. One token lives at a time, and it answers once.

    `at` is where it is: waiting for its token; closing its record after the last round; late, waiting to hear what that
    holds; processing, after an approval; failing, on its way into a Fail state; over. `took` is the decision that has
    reached it.
    """

    def __init__(
        self,
        *,
        name: str,
        request_id: str,
        rounds: int,
        deadline: int,
        table: Any,
        table_name: str,
        policy: Policy,
        clock: FakeClock,
    ) -> None:
        self.status, self.error, self.at = "RUNNING", "", "waiting"
        self.took, self.token, self.round, self.rounds = "", "", 0, rounds
        self.sent: list[str] = []
        self.execution_arn = f"{EXECUTION_ARN}-{request_id}-{name}"
        self._name = name
        self._request_id, self._deadline, self._table, self._policy = request_id, deadline, table, policy
        self._clock, self._stopped = clock, clock.now()
        self._numbers = itertools.count(1)
        self._states = approval_definition(
            generate_arn="arn:aws:lambda:::function:generate",
            process_arn="arn:aws:lambda:::function:process",
            queue_url="",
            table_name=table_name,
            terms={policy.name: Terms(policy=policy, rounds=rounds, deadline_seconds=60 * rounds)},
            event_policy="default",
            task={},
            late_seconds=60,
        )["States"]
        self._ask()

    # What the handlers see of it.

    @property
    def execution(self) -> Execution:
        if not self.ended:
            return RUNNING
        error = self.error if self.status != "SUCCEEDED" else ""
        return Execution(status=self.status, error=error, stopped_at=int(self._stopped))

    def waits_with(self, token: str) -> bool:
        return self.at in {"waiting", "late"} and self.token == token

    def take(self, answer: dict[str, str]) -> None:
        self.token = ""
        if error := answer.get("error"):
            if error == "Rejected":
                self._decided("REJECTED")
            else:
                self.at, self.error = "failing", error
            return
        told = json.loads(answer["output"])
        asked = (self.request["requestId"], self.request["digest"], policy_digest(self._policy))
        if (told["requestId"], told["digest"], told["policyDigest"]) != asked:
            self.at, self.error = "failing", "AnswerMismatch"
        else:
            self._decided(told["outcome"])

    # What Step Functions does by itself, or what an operator does to it.

    def go_on(self, *, trouble: bool = False) -> None:
        """The next thing that happens without an answer; `trouble`: the service that it needs is not there."""
        {
            "waiting": self._round_is_over,
            "closing": self._close,
            "late": self._late_is_over,
        }.get(self.at, self._end)(trouble)

    def stop(self, error: str = "") -> None:
        self.error = error
        self._over("ABORTED")

    @property
    def ended(self) -> bool:
        return self.at == "over"

    def _ask(self, *, late: bool = False) -> None:
        self.round += not late
        self.asked_late = late
        self.token = f"token-{next(self._numbers)}-of-{self._request_id}-{self._name}"
        body = message_body(requestId=self._request_id)
        self.request = body["request"]
        body |= {
            "taskToken": self.token,
            "executionArn": self.execution_arn,
            "round": self.round,
            "rounds": self.rounds,
            "late": late,
            "deadline": self._deadline,
            "policy": policy_body(self._policy),
        }
        self.sent.append(json.dumps(body))

    def _decided(self, decision: str) -> None:
        if self.took:
            raise Violated("two answers took effect")
        self.took = decision
        self.at, self.error = ("processing", "") if decision == "APPROVED" else ("failing", "Rejected")

    def _round_is_over(self, trouble: bool) -> None:  # noqa: FBT001
        self.token = ""
        if self.round >= self.rounds:
            self.at = "closing"
        elif trouble:
            self._fail("SQS.AmazonSQSException")
        else:
            self._ask()

    def _close(self, trouble: bool) -> None:  # noqa: FBT001
        if trouble:
            self._fail("RecordUnavailable")
        elif self._write("Expire request"):
            self._fail("Expired")
        else:
            self.at = "late"
            self._ask(late=True)

    def _late_is_over(self, trouble: bool) -> None:  # noqa: FBT001
        self._fail("RecordUnavailable")

    def _write(self, state: str) -> bool:
        """Whether the condition of a write held."""
        try:
            self._table.update_item(**self._call(state))
        except self._table.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def _call(self, state: str) -> dict[str, Any]:
        """A call as the state machine's definition says it."""
        call = self._states[state]["Arguments"]
        values = call["ExpressionAttributeValues"] | {":execution": {"S": self.execution_arn}}
        return call | {"Key": {"requestId": {"S": self._request_id}}, "ExpressionAttributeValues": values}

    def _end(self, trouble: bool) -> None:  # noqa: FBT001
        if self.at == "failing":
            self._fail(self.error)
        elif trouble:
            self._fail("PayoutRefused")
        else:
            self._over("SUCCEEDED")

    def _fail(self, error: str) -> None:
        self.error = error
        self._over("FAILED")

    def _over(self, status: str) -> None:
        self.status, self.at, self.token = status, "over", ""
        self._stopped = self._clock.now()
