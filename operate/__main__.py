"""`python -m operate`: who waits, who is stuck, what is wrong."""

from __future__ import annotations

import inspect
import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from handlers.approvals.faces.program import votes_for_programs
from handlers.contract.visible import one_line
from operate import act, look
from operate.act import Exit
from operate.doctor import Check, Doctor, as_table, checks
from operate.letters import in_words
from operate.letters import letters as lying
from operate.outputs import OperateError, find
from operate.reader import KINDS
from operate.rehearse import AS_ASKED, Rehearsal
from operate.stack import FAILURES, Stack

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    help="Operate a deployed stack: its requests, and what may be wrong with it.",
    epilog="Exit codes: 0 all is well, 1 an error, 2 a wrong command line, 130 Ctrl-C; start --wait has more.",
)
# Completion is of a command, and `python` is another one: docs/operate.md makes one of this name.
COMPLETED = "operate"
COMPLETING = {"--install-completion", "--show-completion"}
LONGEST_ERROR = 2_000  # characters
Outputs = Annotated[Path | None, typer.Option(metavar="FILE", help="JSON of the stack's outputs [default: ask pulumi]")]
Json = Annotated[bool, typer.Option("--json", help="Data on standard output, prose on standard error.")]
Request = Annotated[str, typer.Argument(metavar="REQUEST", help="An id or its beginning, an execution's ARN or name.")]
Why = Annotated[str, typer.Option(help="What everybody who was asked is told.")]
Run = Callable[..., Exit | None]


def command(name: str, *aliases: str, example: str) -> Callable[[Run], Run]:
    """Make a command, with the options that all have, of a function that takes the stack and returns an exit code."""

    def make(run: Run) -> Run:
        def opened(*, outputs: Outputs = None, as_json: Json = False, **given: Any) -> None:
            raise typer.Exit(run(Stack(find(outputs), as_json), **given) or Exit.OK)

        own, shared = ([*inspect.signature(one, eval_str=True).parameters.values()] for one in (run, opened))
        opened.__signature__ = inspect.Signature(own[1:] + shared[:2])  # type: ignore[attr-defined]
        opened.__doc__ = run.__doc__
        for one in (name, *aliases):
            app.command(one, hidden=one != name, epilog=f"\b\nFor example:\n  python -m operate {example}")(opened)
        return run

    return make


@command("list", "ls", example="list --status all --limit 5")
def list_(
    stack: Stack,
    status: Annotated[
        Literal["open", "decided", "expired", "closed", "all"], typer.Option(help="Which requests.")
    ] = "open",
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many, the newest first.")] = 20,
) -> None:
    """List requests and whom they wait for."""
    found = stack.reader.newest(KINDS[status], limit)
    shown = look.requests(found, time.time()) if found else "There are none."
    stack.tell([look.as_row(record) for record in found], shown)


@command("show", example="show 6b999b6b")
def show(stack: Stack, request: Request) -> None:
    """Show all there is to know about one request."""
    record = stack.reader.find(request)
    if stack.as_json:
        stack.data(look.as_row(record) | {"votes": votes_for_programs(record)})
    else:
        stack.say(look.request(record, stack.reader.state(record.execution_arn), stack.target["timezone"]))


@command("history", example="history --since 30d --csv")
def history(
    stack: Stack,
    since: Annotated[datetime, typer.Option(parser=look.moment_of, metavar="WHEN", help="A date, or 30d ago.")],
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV.")] = False,
) -> None:
    """Tell who approved what, for an audit."""
    if as_csv and stack.as_json:
        raise typer.BadParameter("--csv and --json exclude each other")
    found = stack.reader.since(since)
    if as_csv:
        look.write_csv(found, sys.stdout)
    else:
        shown = look.history(found, stack.target["timezone"]) if found else "Nothing was asked since then."
        stack.tell([look.as_history(record) for record in found], shown)


@command("start", example='start --title "Release 1.4" --wait --timeout 2h')
def start(
    stack: Stack,
    title: Annotated[str, typer.Option(help="What is asked.")],
    details: Annotated[str, typer.Option(help="What people should know; - reads standard input.")] = "",
    requested_by: Annotated[str, typer.Option(help="Who asks, and may not decide. [default: the caller's ARN]")] = "",
    policy: Annotated[str, typer.Option(help="The policy's name.")] = "",
    fields: Annotated[str, typer.Option(metavar="JSON|@FILE", help="What people fill in.")] = "",
    link: Annotated[list[str], typer.Option(metavar="LABEL=URL", help="What to read first; may be repeated.")] = [],  # noqa: B006 - typer copies it
    wait: Annotated[bool, typer.Option("--wait", help="Until the run has ended.")] = False,
    timeout: Annotated[int, typer.Option(parser=look.seconds_of, metavar="TIME", help="How long to wait.")] = "1d",  # type: ignore[assignment]
) -> Exit:
    """Ask people.

    \b
    Exit codes of --wait:
      0  approved, and the run has succeeded
      3  rejected
      4  still open: the wait is over, the request goes on
      5  expired: nobody decided in time
      6  ended otherwise: cancelled, or failed after the approval
    """
    given = {
        "title": title,
        "details": sys.stdin.read() if details == "-" else details,
        "requestedBy": requested_by or stack.client("sts").get_caller_identity()["Arn"],
        "policy": policy,
        "fields": act.fields(fields) if fields else [],
        "links": [act.link(one) for one in link],
    }
    known, code = act.start(stack, {name: value for name, value in given.items() if value}), Exit.OK
    stack.say(f"Request {known['requestId']} has been started as {known['executionArn']}.")
    if wait:
        try:
            code, told = act.wait(stack, known["executionArn"], timeout)
        except (KeyboardInterrupt, *FAILURES):
            stack.say("The request goes on: nobody waits for it here any more.")
            raise
        known |= told
        stack.say(act.ENDED[code])
    if stack.as_json:
        stack.data(known)
    return code


@command("remind", example="remind 6b999b6b --to alice@example.com")
def remind(
    stack: Stack,
    request: Request,
    to: Annotated[list[str], typer.Option(metavar="WHO", help="Only this person; may be repeated.")] = [],  # noqa: B006 - typer copies it
) -> Exit:
    """Mail a fresh link to those who wait. Old links stay good."""
    name = stack.reader.find(request).request_id
    told = act.through_door(stack, {"order": "remind", "requestId": name, "to": to})
    for why in told["refused"].values():
        stack.warn(f"not reminded: {why}")
    stack.tell(told, "\n".join(f"{who} has been mailed." for who in told["reminded"]))
    return Exit.ERROR if told["refused"] and to else Exit.OK


@command("cancel", "rm", example='cancel 6b999b6b --why "Not wanted any more"')
def cancel(stack: Stack, request: Request, why: Why) -> None:
    """End a request's run. Everybody who was asked is told why."""
    told = act.cancel(stack, request, why)
    stack.tell(told, f"{told['executionArn']} has been stopped.")


@command("stop-all", example="stop-all --yes")
def stop_all(
    stack: Stack,
    why: Why = "The stack is taken down",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> Exit:
    """Cancel all that runs, as before `pulumi destroy`."""
    running = list(stack.reader.executions(statusFilter="RUNNING"))
    if not running:
        stack.tell([], "Nothing runs.")
        return Exit.OK
    shown = look.table("execution", "since")
    for one in running:
        shown.add_row(look.cell(one["name"], 80), f"{one['startDate'].astimezone(UTC):%Y-%m-%d %H:%M} UTC")
    stack.say(shown)
    if not yes and stack.ask(f"Stop these {len(running)}? [y/N]").strip().lower() not in {"y", "yes"}:
        raise OperateError("nothing was stopped")
    stopped = []
    for one in running:
        try:
            stopped.append(act.cancel(stack, one["executionArn"], why)["executionArn"])
        except FAILURES as error:  # the others have to stop all the same
            stack.warn(f"not stopped: {error}")
    stack.tell(stopped, f"{len(stopped)} of {len(running)} have been stopped.")
    return Exit.OK if len(stopped) == len(running) else Exit.ERROR


@command("doctor", example="doctor")
def doctor(stack: Stack) -> Exit:
    """Look for what is wrong. The exit code is 1 if something is."""
    found = list(checks(Doctor(stack).everything()))
    stack.tell([one._asdict() for one in found], as_table(found))
    return Exit.OK if all(one.ok for one in found) else Exit.ERROR


@command("letters", example="letters")
def letters(stack: Stack) -> None:
    """Show dead letters, and how to send them again."""
    found = list(lying(stack))
    stack.tell(found, "\n".join(map(in_words, found)) or "There are no dead letters.")


@command("rehearse", example="rehearse")
def rehearse(
    stack: Stack,
    approve: Annotated[bool, typer.Option("--approve", help="Ask for an approval: the main processing runs.")] = False,
    timeout: Annotated[int, typer.Option(parser=look.seconds_of, metavar="TIME", help="How long people have.")] = "1h",  # type: ignore[assignment]
) -> Exit:
    """Have people reject a request, and watch each part.

    People are mailed: one request to reject, and one that is cancelled at once. The exit code is 1 if a check fails.
    """
    found = list[Check]()
    rehearsal = Rehearsal(stack, approve=approve, people_seconds=timeout)
    if approve:
        label = stack.target["label"]
        stack.say(f"With the approval, this runs: {rehearsal.would_run()}")
        if stack.ask(f"Type {label} to go on:") != label:
            raise OperateError(f"that is not {label}: nothing has been started")
    try:
        for one in rehearsal.checks():
            found.append(one)
            stack.say(f"{'passed' if one.ok else 'FAILED'} {one.check}: {one.detail}")
    finally:
        rehearsal.stop()
    found.sort(key=lambda one: one.ok or one.check != AS_ASKED)  # it comes first
    failed = [one for one in found if not one.ok]
    stack.say(as_table(failed) if failed else "All of it passed.")
    stack.say("What only a person can see is in docs/verify-on-aws.md.")
    if stack.as_json:
        stack.data([one._asdict() for one in found])
    return Exit.ERROR if failed else Exit.OK


def main(arguments: Sequence[str] | None = None) -> None:
    """Raises SystemExit with the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    completes = f"_{COMPLETED.upper()}_COMPLETE" in os.environ or not COMPLETING.isdisjoint(given)
    try:
        app([*given], prog_name=COMPLETED if completes else "python -m operate")
    except FAILURES as error:
        print(f"operate: {one_line(str(error), LONGEST_ERROR)}", file=sys.stderr)  # noqa: T201
        raise SystemExit(Exit.ERROR) from None


if __name__ == "__main__":
    main()
