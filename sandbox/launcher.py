"""Start ministack with what it lacks for this program. Runs in the emulator's own virtual environment.

So it imports the standard library and ministack only. Each adaptation below names what AWS does and the emulator does
not; each fails loudly when an upgrade of ministack moves the code it changes.
"""

# ruff: noqa: SLF001 - the adaptations are to ministack's inside

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs
from zlib import crc32

import ministack.core.iam_actions as actions
import ministack.core.iam_evaluator as iam
import ministack.core.lambda_runtime as runtime
import ministack.services.cloudwatch as alarms
import ministack.services.cloudwatch_logs as logs
import ministack.services.dynamodb as tables
import ministack.services.eventbridge as events
import ministack.services.lambda_svc as functions
import ministack.services.ses_v2 as senders
import ministack.services.sns as topics
import ministack.services.stepfunctions as workflows
from hypercorn.config import Config
from ministack.core.router import extract_access_key_id
from ministack.services import scheduler

AWS_KEY = "000000000000"  # of the sandbox's `Cloud.as_aws`
AWS = "*"  # how the emulator itself writes a principal that is a service
NESTED = "arn:aws:states:::states:startExecution.sync"  # and `.sync:2`
LOOK_SECONDS = 0.02
OWN_API = re.compile(r"/_aws/execute-api/[^/]+/")  # `API_ENDPOINT` in differences.py; approval links and forms
NOT_FOR_PAGES = b"The sandbox's AWS is for programs on this machine, not for web pages.\n"
PROCESSES = 8  # of one function; enough that people who press together do meet


# A function that ends while the folder is removed would write into it again.
END = """
import os, shutil, sys, time
group, folder = sys.argv[1:]
try:
    while True:
        os.killpg(int(group), 9)
        time.sleep(0.01)
except (ProcessLookupError, PermissionError):  # the second is of macOS, for what has ended
    shutil.rmtree(folder, ignore_errors=True)
"""
CURRENT: ContextVar[dict[str, Any]] = ContextVar("execution")  # whose task runs in this thread
TIMEOUT: ContextVar[float] = ContextVar("timeout")  # of that task, if it waits for an execution


def run_tasks_as_on_aws() -> None:
    """A task's `TimeoutSeconds` may be a JSONata expression, and it calls in its machine's role.

    Here the one reached a comparison as a string. And to a queue's policy, the caller was whoever had started the
    execution.
    """
    execute = workflows._execute_task

    def run(state: dict[str, Any], given: Any, execution: dict[str, Any], context: Any) -> Any:
        CURRENT.set(execution)
        iam._request_caller_arn.set(execution["events"][0]["executionStartedEventDetails"]["roleArn"])
        timeout = state.get("TimeoutSeconds")
        if isinstance(timeout, str) and timeout.startswith("{%"):
            timeout = workflows._evaluate_jsonata(timeout.strip()[2:-2].strip(), given, context)
            state = {**state, "TimeoutSeconds": timeout}
        if state.get("Resource", "").startswith(NESTED):  # which keeps the time itself: `watch`
            TIMEOUT.set(float("inf") if timeout is None else timeout)
            state = {key: value for key, value in state.items() if key != "TimeoutSeconds"}
        return execute(state, given, execution, context)

    replace("_execute_task", run)


def fill_in_schedules() -> None:
    """Scheduler's keywords in a target's input are replaced at each run; here they were passed on as they are.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
    """
    invoke = events._invoke_target

    def filled_in(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], *more: Any) -> Any:
        if event["Source"] == "aws.scheduler" and "Input" in target:
            due = scheduler._at_time_epoch(rule["ScheduleExpression"]) or event["Time"]
            told = {
                "scheduled-time": f"{datetime.fromtimestamp(due, UTC):%Y-%m-%dT%H:%M:%SZ}",
                "schedule-arn": rule["Arn"],
                "execution-id": event["EventId"],
                "attempt-number": "1",
            }
            text = target["Input"]
            for name, value in told.items():
                text = text.replace(f"<aws.scheduler.{name}>", value)
            target = target | {"Input": text}
        return invoke(target, event, rule, *more)

    events._invoke_target = filled_in


def run_functions_with(interpreter: str) -> None:
    """Functions run in an interpreter that has boto3 and nothing else, or a missing package would go unnoticed."""
    detect = runtime._detect_runtime_binary

    def own_interpreter(name: str) -> tuple[str, str]:
        binary, script = detect(name)
        return (interpreter if name.startswith("python") else binary), script

    runtime._detect_runtime_binary = own_interpreter


def change_worker(plain: str, changed: str) -> None:
    if runtime._PYTHON_WORKER_SCRIPT.count(plain) != 1:
        raise SystemExit(f"ministack's Python worker has changed: {plain!r} is not in it once")
    runtime._PYTHON_WORKER_SCRIPT = runtime._PYTHON_WORKER_SCRIPT.replace(plain, changed)


def share_code() -> None:
    """Let the processes of one archive run from one folder, so that only the first has to unpack and to compile it.

    Here each has a folder of its own, and half of a cold start was compiling it once more.
    """
    unpacking = threading.Lock()

    class Archive(zipfile.ZipFile):
        def extractall(self, path: Any = None, *more: Any) -> None:
            content = Path(str(self.filename)).read_bytes()
            shared = Path(os.environ["TMPDIR"], hashlib.sha256(content).hexdigest())
            with unpacking:
                if shared.exists():
                    Path(path).rmdir()
                else:
                    super().extractall(path, *more)
                    Path(path).rename(shared)
            Path(path).symlink_to(shared)

    runtime.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": Archive})
    change_worker('code_dir = init["code_dir"]', 'code_dir = os.path.realpath(init["code_dir"])')


def share_processes() -> None:
    """Let an invocation wait for one of its function's processes, of which there are `PROCESSES` at most.

    AWS gives each concurrent invocation an environment on a machine of its own. Here each is an interpreter that starts
    on this one, so a hundred executions at once were a hundred cold starts that kept each other from answering for
    half a minute. Waiting blocks nothing else, as each invocation has a thread of its own; only a function that waits
    for another invocation of itself would never end, and none here invokes any.

    Those that wait counted as running, too: the one after the thousandth was refused, and its event lost. On AWS, an
    event waits in Lambda's own queue: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
    """
    functions._ACCOUNT_CONCURRENCY_CAP = 0
    acquire = runtime.acquire_worker

    def wait(*args: Any, **kwargs: Any) -> tuple[Any, str]:
        while True:
            worker, reason = acquire(*args, max_concurrency=PROCESSES, **kwargs)
            if worker is not None:
                return worker, reason
            time.sleep(0.01)

    functions.acquire_worker = wait


def follow_streams() -> None:
    """A stream's batch is tried again from the record that its function names as the first that failed; here a batch
    with such an answer was done with. As it hands on one record at a time now, that is a failed invocation.

    And it follows the streams beside the queues, not between them: a function that took its time with a stream held up
    all queues. https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
    """
    poll, records, execute = functions._poll_dynamodb_streams, tables.stream_records_since, functions._execute_function

    def follow() -> None:
        while True:
            try:
                found = poll()
            except Exception as error:  # noqa: BLE001 - as its own loop does
                functions.logger.error("ESM DynamoDB streams poller error: %s", error)
                found = False
            if not found:
                time.sleep(LOOK_SECONDS)

    thread = threading.Thread(target=follow, daemon=True)

    def since(table: str, position: int, limit: int, **scope: Any) -> Any:
        return records(table, position, 1 if threading.current_thread() is thread else limit, **scope)

    def with_failures(function: dict[str, Any], event: Any) -> dict[str, Any]:
        result: dict[str, Any] = execute(function, event)
        body = result.get("body")
        failed = threading.current_thread() is thread and isinstance(body, dict) and body.get("batchItemFailures")
        return result | {"error": True} if failed else result

    functions._poll_dynamodb_streams = lambda: False
    tables.stream_records_since = since
    functions._execute_function = with_failures
    thread.start()


def name_exceptions() -> None:
    """AWS reports the exception's class as the error name; here all were `Runtime.HandlerError`.

    A state machine's Retry and Catch match on that name. The worker adds the class to its answer, `invoke` keeps that
    answer for the thread, and the outer call, made in the same thread, puts the class into the error payload.
    https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
    """
    plain = '"error": str(e), "trace": traceback.format_exc()'
    change_worker(plain, f'"type": type(e).__name__, {plain}')
    invoke, execute, answer = runtime.Worker.invoke, functions._execute_function_warm, threading.local()

    def keep(self: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        answer.last = invoke(self, *args, **kwargs)
        return dict(answer.last)

    def with_class(function: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        answer.last = {}
        result: dict[str, Any] = execute(function, event, request_id)
        raised = answer.last.get("type")
        if result.get("error") and raised:
            trace = answer.last["trace"].rstrip().splitlines()[1:-1]
            result["body"] |= {"errorType": raised, "requestId": request_id, "stackTrace": trace}
        return result

    runtime.Worker.invoke = keep
    functions._execute_function_warm = with_class


def name_principals() -> None:
    """Give policies' conditions the caller, as AWS does; and TLS, though this process speaks HTTP to its own machine.

    `aws:PrincipalArn` is a role's own ARN there; here it was that of its session. `aws:PrincipalIsAWSService` was
    missing. No service signs calls here, so whoever signs with `AWS_KEY` is one.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    resolve, caller = iam._resolve_condition_key, iam.request_caller_arn

    def known(key: str, context: Any) -> Any:
        if key.lower() == "aws:principalarn":
            return re.sub(r":sts:(.*):assumed-role/([^/]+)/.*", r":iam:\1:role/\2", context.principal_arn)
        if key.lower() == "aws:principalisawsservice":
            return str(context.principal_arn == AWS).lower()
        if key.lower() == "aws:securetransport":
            return "true"
        return resolve(key, context)

    def signed(headers: dict[str, str], query: dict[str, Any] | None = None) -> Any:
        return AWS if extract_access_key_id(headers, query or {}) == AWS_KEY else caller(headers, query)

    iam._resolve_condition_key = known
    iam.request_caller_arn = signed


def name_what_is_read() -> None:
    """IAM is asked about these calls as AWS names them; here they were another action, or on another resource.

    https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
    """
    action_of, resource_of = actions.extract_iam_action, actions.extract_resource_arn

    def action(service: str, method: str, path: str, *more: Any) -> Any:
        one_mapping = service == "lambda" and method == "GET" and re.search("/event-source-mappings/.", path)
        return "lambda:GetEventSourceMapping" if one_mapping else action_of(service, method, path, *more)

    def resource(service: str, method: str, path: str, headers: Any, body: bytes, query: Any, *more: Any) -> Any:
        found = resource_of(service, method, path, headers, body, query, *more)
        match service:
            case "dynamodb":
                return actions._safe_json_field(body, "ResourceArn") or found
            case "events":
                return found.replace(":rule/default/", ":rule/")
            case "logs":
                return f"{found}:*" if found != "*" else found
            case "scheduler":
                group = actions._query_param(query, "groupName")
                return found.replace("/default/", f"/{group}/") if group else found
        return found

    actions.extract_iam_action, actions.extract_resource_arn = action, resource


def treat_missing_data() -> None:
    """An alarm to which missing data is not breaching is OK as soon as it is made; here it lacked data for good.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
    """
    evaluate = alarms._evaluate_alarm

    def with_missing(alarm: dict[str, Any]) -> None:
        evaluate(alarm)
        if alarm["StateValue"] == "INSUFFICIENT_DATA" and alarm["TreatMissingData"] == "notBreaching":
            alarm |= {"StateValue": "OK", "StateReason": "No datapoints were received, and that is not breaching"}

    alarms._evaluate_alarm = with_missing


def find_any_term() -> None:
    """`?one ?other` finds lines that hold either; here it found none.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
    """
    plain = logs._compile_filter_pattern

    def pattern(raw: str) -> Callable[[str], bool]:
        terms = [quoted or word for quoted, word in re.findall(r'\?(?:"([^"]+)"|(\w+))', raw or "")]
        return (lambda line: any(term in line for term in terms)) if terms else plain(raw)

    logs._compile_filter_pattern = pattern


def wait_for_nested_executions() -> None:
    """A task that starts an execution and waits for it ends as on AWS; here it ended with the child's own error.

    There, `States.TaskFailed` has the child's description in its cause, for `.sync` and `.sync:2` alike, and a child is
    an execution like any other: its endings are events, and its name is used once. Here its endings were no events.
    A child is stopped with its parent, and when its task times out. The guide names only the first of the two.
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-sync
    Recorded on AWS, in the repositories named: `test_start_execution_sync_delegate_failure` and `…_sync2` in
    tests/aws/services/stepfunctions/v2/callback/test_callback.snapshot.json of localstack/localstack, and the endings
    of `AslExecutorNestedSyncFailureTest` in floci-io/floci.
    """

    def run(resource: str, given: Any) -> dict[str, Any]:
        request, end = workflows._nested_start_execution_request(given), time.monotonic() + TIMEOUT.get()
        status, _, body = workflows._start_execution(request)
        answer = json.loads(body)
        if status >= HTTPStatus.BAD_REQUEST:
            name = answer["__type"].removesuffix("Exception")
            raise workflows._ExecutionError(f"StepFunctions.{name}Exception", answer["message"])
        child = workflows._executions[answer["executionArn"]]
        watch(child, CURRENT.get(), end)
        told = description(child)
        if told["Status"] != "SUCCEEDED":
            raise workflows._ExecutionError("States.TaskFailed", json.dumps(told, ensure_ascii=False))
        if resource == f"{NESTED}:2":
            told |= {name: json.loads(told[name]) for name in ("Input", "Output")}
        return told

    replace("_invoke_nested_start_execution_sync", run)


def watch(child: dict[str, Any], parent: dict[str, Any], end: float) -> None:
    """Return when the child is over, and see that it is as soon as nobody waits for it any more."""
    endings = {"ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted"}
    # Its last event is written when all that is known of its ending is; its status is the first of that.
    while not any(event["type"] in endings for event in child["events"]):
        if parent["status"] != "RUNNING":
            workflows._stop_execution({"executionArn": child["executionArn"]})
            sys.exit()  # ends the parent's thread: nothing is to be retried, caught or ended any more
        if time.monotonic() > end:
            workflows._stop_execution({"executionArn": child["executionArn"]})
            raise workflows._ExecutionError("States.Timeout", "")
        time.sleep(LOOK_SECONDS)


def description(execution: dict[str, Any]) -> dict[str, Any]:
    """Of an execution that is over, as a task gets it: sorted, in Pascal case, and without what has no value."""
    succeeded = execution["status"] == "SUCCEEDED"
    told = {
        "Cause": execution.get("cause"),
        "Error": execution.get("error"),
        "ExecutionArn": execution["executionArn"],
        "Input": execution["input"],
        "InputDetails": {"Included": True},
        "Name": execution["name"],
        "Output": execution["output"] if succeeded else None,
        "OutputDetails": {"Included": True} if succeeded else None,
        "RedriveCount": None if succeeded else 0,
        "RedriveStatus": None if succeeded else "REDRIVABLE",
        "StartDate": workflows._iso_to_epoch_ms(execution["startDate"]),
        "StateMachineArn": execution["stateMachineArn"],
        "Status": execution["status"],
        "StopDate": workflows._iso_to_epoch_ms(execution["stopDate"]),
    }
    return {name: value for name, value in told.items() if value not in (None, "")}


def replace(name: str, changed: Callable[..., Any]) -> None:
    if not hasattr(workflows, name):
        raise SystemExit(f"ministack's Step Functions have changed: there is no {name}")
    setattr(workflows, name, changed)


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A task that waits for its token to come back."""

    execution: dict[str, Any]
    context: Context


def refuse_tokens_of_ended_executions(waiting: dict[str, Waiting]) -> None:
    """Nobody waits for a token whose execution has ended: AWS says `TaskTimedOut`. Here a stopped one's was taken.

    Notes in `waiting`, by token, every task that has begun to wait.
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
    """
    wait = workflows._invoke_with_callback

    def wait_for(resource: str, given: Any, token: str, state: dict[str, Any]) -> Any:
        waiting[token] = Waiting(execution=CURRENT.get(), context=copy_context())
        return wait(resource, given, token, state)

    def unless_over(send: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
        def answer(data: dict[str, Any]) -> Any:
            task = waiting.get(data.get("taskToken", ""))
            if task and not runs(task.execution):
                return workflows.error_response_json("TaskTimedOut", "The task is no longer waiting", 400)
            return send(data)

        return answer

    replace("_invoke_with_callback", wait_for)
    for operation in ("_send_task_success", "_send_task_failure"):
        replace(operation, unless_over(getattr(workflows, operation)))


def tell_endings() -> None:
    """Add what events about executions say on AWS: the error and cause of every ending. Here only FAILED had them.

    https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
    """
    put = events._put_events

    def with_ending(data: dict[str, Any], *, allow_aws_source: bool = False) -> Any:
        for entry in data["Entries"] if allow_aws_source else ():
            detail = json.loads(entry["Detail"])
            execution = workflows._executions.get(detail.get("executionArn"))
            if execution and entry["Source"] == "aws.states" and detail["status"] == "ABORTED":
                detail |= {name: execution.get(name) or None for name in ("error", "cause")}
                entry["Detail"] = json.dumps(detail | {"redriveStatus": "REDRIVABLE"})
        return put(data, allow_aws_source=allow_aws_source)

    events._put_events = with_ending


def return_what_runs() -> None:
    """Starting what runs already, by the same name and with the same input, returns it; here it was refused.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
    """
    start = workflows._start_execution

    def unless_running(data: dict[str, Any]) -> Any:
        machine = workflows._resolve_state_machine_arn(data.get("stateMachineArn", "")) or ""
        execution = f"{machine.replace(':stateMachine:', ':execution:')}:{data.get('name')}"
        known = workflows._executions.get(execution) or {}
        if known.get("status") == "RUNNING" and known["input"] == data.get("input", "{}"):
            return workflows.json_response({"executionArn": execution, "startDate": known["startDate"]})
        return start(data)

    replace("_start_execution", unless_running)


def hold_back_looks(bucket: int, per_second: int) -> None:
    """Throttle DescribeExecution as AWS does, which is not done here at all. Each call is a line of the log.

    https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
    """
    describe, lock = workflows._describe_execution, threading.Lock()
    left, at = float(bucket), time.monotonic()

    def throttled(data: dict[str, Any]) -> Any:
        nonlocal left, at
        with lock:
            now = time.monotonic()
            left, at = min(bucket, left + (now - at) * per_second), now
            taken = left >= 1
            left -= taken
        print("DescribeExecution", "taken" if taken else "throttled", flush=True)  # noqa: T201
        return describe(data) if taken else workflows.error_response_json("ThrottlingException", "Rate exceeded", 400)

    replace("_describe_execution", throttled)


def runs(execution: dict[str, Any]) -> bool:
    """Not if its state machine is gone, and all executions with it."""
    return bool((workflows._executions.get(execution["executionArn"]) or {}).get("status") == "RUNNING")


def end_round(waiting: dict[str, Waiting], execution: str) -> bool:
    """Time out the task that an execution waits for, as a person at the sandbox's page may. False if there is none."""
    # A copy: other threads begin to wait meanwhile. The last token of an execution is the one that is waited for.
    tokens = [token for token, task in list(waiting.items()) if task.execution["executionArn"] == execution]
    if not tokens:
        return False
    # The emulator keeps tokens by account and region, which the context has: a copy, for two threads cannot enter one.
    context, cause = waiting[tokens[-1]].context.copy(), "The round was ended by hand"
    failure = {"taskToken": tokens[-1], "error": "States.Timeout", "cause": cause}
    return bool(context.run(workflows._send_task_failure, failure)[0] < HTTPStatus.BAD_REQUEST)


def listen_on(port: int) -> None:
    """A socket that the parent has bound: of a port that was only looked for, another program could take hold."""
    plain = Config._create_sockets
    Config._create_sockets = lambda self, binds, *more: plain(self, [f"fd://{port}" for _ in binds], *more)


def keep_other_sites_out(server: Any) -> None:
    """Refuse with 403 what a web page sends, but to the program's own API. AWS refuses it, since it is not signed.

    Here no signature is checked, and a key in the address is root's. So any page that is open in a browser on this
    machine could make a function and run it: by `fetch`, a form, an image, or a name of its own that leads to 127.0.0.1
    (DNS rebinding). Browsers say so, by an `Origin`, by a `Sec-Fetch-Site` other than `none`, by the name in `Host`.
    SDKs send neither of the first two. The program's own API decides for itself, as on AWS.
    https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
    """
    plain = server.app

    async def app(scope: dict[str, Any], receive: Callable[[], Any], send: Callable[[dict[str, Any]], Any]) -> None:
        if scope["type"] == "lifespan" or is_for_us(scope):
            await plain(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})  # not accepted, so answered with 403
        else:
            headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(NOT_FOR_PAGES))]
            await send({"type": "http.response.start", "status": int(HTTPStatus.FORBIDDEN), "headers": headers})
            await send({"type": "http.response.body", "body": NOT_FOR_PAGES})

    server.app = app


def is_for_us(scope: dict[str, Any]) -> bool:
    """Sent to this machine by its name or address, and by no web page, unless it is for the program's own API."""
    headers = [(name.lower(), value.decode("latin-1").strip().lower()) for name, value in scope["headers"]]
    hosts = [re.sub(r":\d*$", "", value) for name, value in headers if name == b"host"]
    if not hosts or not all(host == "127.0.0.1" or host.split(".")[-1] == "localhost" for host in hosts):
        return False
    by_page = any(name == b"origin" or (name == b"sec-fetch-site" and value != "none") for name, value in headers)
    return not by_page or (scope["type"] == "http" and bool(OWN_API.match(scope["path"])))


def keep_mail() -> None:
    """Write what a topic sends by e-mail, which was lost here, to `mail` in this process's folder, in lines of JSON.

    Of a topic that nobody has subscribed to, as a chat program does elsewhere, it is to nobody. What SES sends is
    there, too, with what was lost of it: headers, tags and configuration set, which is as a topic to `inbox.py`.
    """
    fan_out, send = topics._fanout, senders.handle_request
    kept = Path(os.environ["TMPDIR"], "mail").open("ab", buffering=0)  # noqa: SIM115 - as long as this process

    def keep(mail: dict[str, Any]) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        kept.write(f"{json.dumps(mail | {'receivedAt': at})}\n".encode())

    def with_mail(
        topic: str, number: str, body: str, subject: str, structure: str = "", told: Any = None, **more: Any
    ) -> None:
        found = topics._topic_by_arn_any_scope(topic) or {"subscriptions": ()}
        by_mail = [one for one in found["subscriptions"] if one["protocol"] == "email"]
        people = [one["endpoint"] for one in by_mail if topics._matches_filter_policy(one, told or {}, body)]
        for to in people if found["subscriptions"] else [""]:
            keep({"topic": topic, "to": to, "subject": subject, "body": body})
        fan_out(topic, number, body, subject, structure, told, **more)

    async def sent(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        answer = await send(method, path, headers, body, query)
        if path.endswith("/outbound-emails") and answer[0] == HTTPStatus.OK:
            asked = json.loads(body)
            simple = asked["Content"]["Simple"]
            reply_to = ", ".join(asked.get("ReplyToAddresses", ()))
            told = {
                "topic": asked.get("ConfigurationSetName", ""),
                "subject": simple["Subject"]["Data"],
                "body": simple["Body"]["Text"]["Data"],
                "html": simple["Body"]["Html"]["Data"],
                "from": asked["FromEmailAddress"],
                "headers": ({"Reply-To": reply_to} if reply_to else {})
                | {one["Name"]: one["Value"] for one in simple.get("Headers", ())},
                "tags": {one["Name"]: [one["Value"]] for one in asked.get("EmailTags", ())},
            }
            for to in asked["Destination"]["ToAddresses"]:
                keep(told | {"to": to})
        return answer

    topics._fanout, senders.handle_request = with_mail, sent


def keep_events() -> None:
    """Write what the program tells on the bus to `events` in this process's folder, as `keep_mail` does."""
    put = events._put_events
    kept = Path(os.environ["TMPDIR"], "events").open("ab", buffering=0)  # noqa: SIM115 - as long as this process

    def with_events(data: dict[str, Any], *, allow_aws_source: bool = False) -> Any:
        for entry in (one for one in data["Entries"] if one["Source"].startswith("signoff.")):
            told = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "source": entry["Source"]}
            told |= {"detail-type": entry["DetailType"], "detail": json.loads(entry["Detail"])}
            kept.write(f"{json.dumps(told)}\n".encode())
        return put(data, allow_aws_source=allow_aws_source)

    events._put_events = with_events


def tell_subscriptions() -> None:
    """A topic's policy may say who may be subscribed, by `sns:Endpoint` and `sns:Protocol`; both keys were missing.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
    """
    find, resolve = actions.extract_iam_action, iam._resolve_condition_key
    asked: ContextVar[dict[str, str]] = ContextVar("subscription")

    def read(service: str, method: str, path: str, headers: Any, body: bytes, *more: Any) -> Any:
        form = parse_qs(body.decode(errors="replace")) if service == "sns" else {}
        asked.set({f"sns:{name.lower()}": form[name][0] for name in ("Endpoint", "Protocol") if name in form})
        return find(service, method, path, headers, body, *more)

    actions.extract_iam_action = read
    iam._resolve_condition_key = lambda key, context: asked.get({}).get(key.lower()) or resolve(key, context)


def enforce_policies_of_tables() -> None:
    """A table's own policy was kept and never looked at. As with every policy here, IAM's root is not asked.

    `dynamodb:Attributes` is what any part of a request names, by its top level; here it was what is to be read.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specify-conditions.html
    """
    keys, words = actions.dynamodb_service_context, {"SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "IN"}

    def policy(arn: str) -> tuple[str, str]:
        held = tables._resource_policies.get(arn.partition("/index/")[0]) or {}
        return held.get("Policy", ""), arn.split(":")[4]

    def with_attributes(body: bytes) -> dict[str, Any]:
        asked = json.loads(body or b"{}")
        # What BatchGetItem asks of its one table is as GetItem's; here nothing in it was looked at.
        for part in asked.get("RequestItems", {}).values():
            if isinstance(part, dict):
                return with_attributes(json.dumps({"Key": part["Keys"][0], **part}).encode())
        expressions = f"{asked.get('UpdateExpression', '')} {asked.get('ConditionExpression', '')}"
        # The first part of each path: no placeholder of a value, no function.
        named = set(re.findall(r"(?<![\w:#.])#?[A-Za-z_]\w*\b(?!\s*\()", expressions)) - words
        spelt = {asked.get("ExpressionAttributeNames", {}).get(name, name) for name in named}
        found: dict[str, Any] = keys(body)
        attributes = spelt.union(asked.get("Item", ()), asked.get("Key", ()), found.get("dynamodb:Attributes", ()))
        return found | ({"dynamodb:Attributes": sorted(attributes)} if attributes else {})

    tables.resource_policy_for_arn = policy
    iam._RESOURCE_POLICY_LOOKUPS["dynamodb"] = ("dynamodb", "resource_policy_for_arn")
    actions.dynamodb_service_context = with_attributes


def count_metrics() -> None:
    """Metrics that a function logs are CloudWatch's, too; here they were only lines of the log. No alarm looks at them.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    emit = functions._emit_lambda_logs

    def with_metrics(function: dict[str, Any], request: str, text: str, *more: Any, **named: Any) -> None:
        for told in (json.loads(line) for line in text.splitlines() if line.startswith('{"_aws"')):
            for one in told["_aws"]["CloudWatchMetrics"]:
                dimensions = {name: told[name] for names in one["Dimensions"] for name in names}
                for metric in one["Metrics"]:
                    for value in told[metric["Name"]]:
                        alarms.record_metric(one["Namespace"], metric["Name"], value, metric["Unit"], dimensions)
        emit(function, request, text, *more, **named)

    functions._emit_lambda_logs = with_metrics


def forget_the_order_of_maps() -> None:
    """DynamoDB keeps none: maps come back in an arbitrary order. Here it was the one in which they were written.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
    """
    keep = tables._set_item

    def mixed(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: mixed(value[name]) for name in sorted(value, key=lambda name: crc32(name.encode(), 5))}
        return [mixed(one) for one in value] if isinstance(value, list) else value

    tables._set_item = lambda table, partition, sort, item: keep(table, partition, sort, mixed(item))


def end_with_parent(waiting: dict[str, Waiting]) -> None:
    """End when standard input closes, which also happens when the parent is killed and can clean up nothing itself.

    The parent made this process the leader of a group, so this ends the functions' processes too.
    Until then, each line of it is the ARN of an execution whose round is to end. The answer goes back the same way: the
    parent gives a socket. No web page in a browser reaches it, and no function.
    """

    def wait() -> None:
        for line in sys.stdin:
            done = end_round(waiting, line.strip())
            os.write(sys.stdin.fileno(), b"done\n" if done else b"nothing waits\n")
        end = [sys.executable, "-I", "-c", END, str(os.getpgrp()), os.environ["TMPDIR"]]
        subprocess.Popen(end, start_new_session=True)  # noqa: S603 - our own

    threading.Thread(target=wait, daemon=True).start()


def main() -> None:
    waiting: dict[str, Waiting] = {}
    run_tasks_as_on_aws()
    fill_in_schedules()
    run_functions_with(os.environ["LAMBDA_PYTHON"])
    share_processes()
    share_code()
    name_exceptions()
    follow_streams()
    name_principals()
    name_what_is_read()
    treat_missing_data()
    find_any_term()
    wait_for_nested_executions()
    refuse_tokens_of_ended_executions(waiting)
    tell_endings()
    return_what_runs()
    if quota := os.environ.get("DESCRIBE_QUOTA"):
        hold_back_looks(*map(int, quota.split("/")))
    keep_mail()
    keep_events()
    tell_subscriptions()
    enforce_policies_of_tables()
    count_metrics()
    forget_the_order_of_maps()
    end_with_parent(waiting)
    if bound := os.environ.pop("LISTEN_ON", ""):  # else it binds GATEWAY_PORT, as for whoever starts it without us
        listen_on(int(bound))
    from ministack import app as server  # noqa: PLC0415 - after the changes: it binds what they replace

    keep_other_sites_out(server)
    server.main()


if __name__ == "__main__":
    main()
