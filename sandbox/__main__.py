"""`python -m sandbox`: the program on this machine, without an AWS account.

demo    one request from start to end, told in the terminal
serve   the program, ready for a person (an inbox in the browser) or, with --json, for another program
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import time
from types import FrameType
from typing import Any

from sandbox import demo
from sandbox.config import ConfigError, parse_override
from sandbox.deploy import DeployError
from sandbox.emulator import EmulatorFailedError, PortTakenError
from sandbox.environments import INTERRUPTED, EnvironmentFailedError, log, substitute
from sandbox.session import Sandbox, running
from sandbox.timeline import Timeline

LAST_PORT = 65_535
FAILURES = (ConfigError, DeployError, EmulatorFailedError, EnvironmentFailedError, PortTakenError, demo.StoryError)


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code. Whatever happens, the emulator and its functions have ended by then."""
    substitute()
    options = parser().parse_args(arguments)
    logging.basicConfig(format="%(message)s", level=logging.WARNING)  # the program's warnings, on standard error
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    try:
        overrides = dict(parse_override(argument) for argument in options.config)
        return int(options.run(options, overrides))
    except FAILURES as error:
        log(f"sandbox: {error}")
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """The first signal unwinds everything; a second must not interrupt the unwinding."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--stack", default="dev", help="whose configuration to use (default: dev)")
    shared.add_argument(
        "--config",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override one configuration value, such as signoff:approvalsRequired=2; lists and objects as JSON",
    )
    shared.add_argument(
        "--iam", action=argparse.BooleanOptionalAction, default=True, help="check every call against IAM policies"
    )
    shared.add_argument("--port", type=port, help="the emulator's port (default: a free one)")

    top = argparse.ArgumentParser(
        prog="python -m sandbox", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = top.add_subparsers(required=True, metavar="demo | serve")
    tell = commands.add_parser("demo", parents=[shared], help="tell the story of one request, then end")
    endings = tell.add_mutually_exclusive_group()
    for ending, words in ((demo.REJECTED, "they reject"), (demo.EXPIRED, "nobody answers: reminders, escalation")):
        flag = {"Rejected": "--reject", "Expired": "--expire"}[ending.error]
        endings.add_argument(flag, dest="ending", action="store_const", const=ending, help=words)
    tell.set_defaults(run=run_demo, ending=demo.APPROVED)
    stay = commands.add_parser("serve", parents=[shared], help="keep running until Ctrl-C")
    stay.add_argument("--json", action="store_true", help="print one line of JSON when ready, logs on standard error")
    stay.set_defaults(run=run_serve)
    return top


def port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= LAST_PORT:
        raise argparse.ArgumentTypeError(f"must be a number from 1 to {LAST_PORT}, got {text}")
    return int(text)


def run_demo(options: argparse.Namespace, overrides: dict[str, Any]) -> int:
    demo.tell(options.ending, Timeline(), stack=options.stack, overrides=overrides, iam=options.iam, port=options.port)
    return 0


def run_serve(options: argparse.Namespace, overrides: dict[str, Any]) -> int:
    say = log if options.json else result
    with running(options.stack, overrides, iam=options.iam, port=options.port, say=say) as sandbox:
        try:
            result(ready_line(sandbox) if options.json else welcome(sandbox))
            while sandbox.emulator.is_running():
                time.sleep(0.5)
        except KeyboardInterrupt:
            return 0  # the way to end it
        raise EmulatorFailedError(f"the emulator has ended by itself:\n{sandbox.emulator.log_tail()}")


def result(line: str) -> None:
    """Print to standard output. Ends the program, as rich does, once nobody reads it any more."""
    try:
        print(line, flush=True)  # noqa: T201
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it flushes
        raise SystemExit(1) from None


def ready_line(sandbox: Sandbox) -> str:
    return json.dumps(
        {
            "endpoint": sandbox.cloud.endpoint,
            "region": sandbox.cloud.region,
            "inbox": sandbox.inbox_url,
            "outputs": sandbox.outputs,
        }
    )


def welcome(sandbox: Sandbox) -> str:
    return f"""
Open {sandbox.inbox_url}

  1. Start a request on that page, or here:
       curl -d title='Release 1.4' -d requestedBy=dana@example.com {sandbox.inbox_url}/requests
  2. Every approver has a mail in the inbox. Open its link, press a button, and watch the workflow go on.
  3. Look at it with any AWS tool:
       AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test aws stepfunctions list-executions \\
         --endpoint-url {sandbox.cloud.endpoint} --region {sandbox.cloud.region} \\
         --state-machine-arn {sandbox.outputs["stateMachineArn"]}

Ctrl-C ends everything; nothing is kept."""


if __name__ == "__main__":
    sys.exit(main())
