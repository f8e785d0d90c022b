"""The page's tables and the plot, made from results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import mean, median

from bench.costs import total
from bench.figures import Figure
from bench.journey import Step
from bench.memory import SIZES_MIB, estimate
from bench.plot import Bar, Panel, svg
from bench.results import Results, start_goal
from bench.stage import FLOOR, OURS, RIVAL

PROGRAMS = (OURS.name, RIVAL.name)
NONE = "–"
SMALL_MS = 1  # libraries below this in every function share one line
PRESSED = {Step.ANSWER, Step.FINISH}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """In Markdown; all columns but the first are right-aligned."""
    lines = [head, ["---", *(["---:"] * (len(head) - 1))], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def ms(value: float) -> str:
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"  # noqa: PLR2004 - more digits are noise


def amount(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 or not value else f"{value:.2g}"


def both(figure: Figure | None) -> str:
    return f"{ms(figure.median)} / {ms(figure.p95)}" if figure else NONE


def verdict(*, met: bool) -> str:
    return "met" if met else "**missed**"


def goals(results: Results) -> str:
    rows = [
        [goal.what, ms(goal.ours), ms(goal.other), f"{goal.ratio:.2f} ×", f"{goal.factor} ×", verdict(met=goal.met)]
        for goal in results.goals()
    ]
    return table(["median, ms", "ours", "rival", "ratio", "goal", ""], rows)


def times(results: Results, *, cold: bool) -> str:
    rows = []
    for step in Step:
        ours, rival, floor = (results.figure(program.name, step, cold=cold) for program in (OURS, RIVAL, FLOOR))
        ratio = f"{ours.median / rival.median:.2f} ×" if ours and rival else NONE
        above = f"+{ms(ours.median - floor.median)}" if ours and floor else NONE
        rows.append([step, both(ours), both(rival), both(floor), ratio, above])
    return table(["ms, median / p95", "ours", "rival", "floor", "ours : rival", "ours above floor"], rows)


def warm(results: Results) -> str:
    return times(results, cold=False)


def cold(results: Results) -> str:
    return times(results, cold=True)


def calls(results: Results) -> str:
    rows = []
    for program in PROGRAMS:
        counted = results.counted[program].calls
        rows += [
            [f"{program}: `{call.who}`", f"{call.service} {call.operation}", f"{counted[call]:g}"] for call in counted
        ]
        rows.append([f"**{program}**", "**all**", f"**{sum(counted.values()):g}**"])
    return table(["by", "call", "times"], rows)


def sums(results: Results) -> str:
    def row(what: str, value: Callable[[str], str]) -> list[str]:
        return [what, *map(value, PROGRAMS)]

    counted = results.counted
    rows = [
        row("states entered", lambda name: f"{counted[name].states:g}"),
        row("AWS calls of functions", lambda name: f"{sum(counted[name].calls.values()):g}"),
        row("invocations", lambda name: f"{sum(counted[name].invocations.values()):g}"),
        row("Lambda milliseconds, warm", lambda name: f"{lambda_ms(results, name, cold=False):,.0f}"),
        row("Lambda milliseconds, cold", lambda name: f"{lambda_ms(results, name, cold=True):,.0f}"),
        row("bytes of logs", lambda name: f"{counted[name].log_bytes:,.0f}"),
        row("bytes of the record", lambda name: f"{counted[name].record_bytes:,}"),
    ]
    return table(["one approval", "ours", "rival"], rows)


def lambda_ms(results: Results, program: str, *, cold: bool) -> float:
    measured = (results.cold if cold else results.warm)[program]
    approvals = len(measured.times[Step.MAIL])
    return sum(sum(durations) for durations in measured.durations.values()) / approvals


def archives(results: Results) -> str:
    rows = [
        [f"{program}: `{entry}`", f"{size / 1024:,.1f}"]
        for program in PROGRAMS
        for entry, size in sorted(results.archives[program].items())
    ]
    return table(["function", "KiB, zipped"], rows)


def crowds(results: Results) -> str:
    rows = []
    for ours, rival in results.crowds:
        rows.append(
            [
                f"{ours.size:,}",
                *(f"{one.started:.1f}" for one in (ours, rival)),
                *(f"{one.mailed:.1f}" if one.mailed else f"{one.mails:,} mails only" for one in (ours, rival)),
                *(f"{one.mails - one.size}" for one in (ours, rival)),
                *(both(Figure.of(one.answers)) for one in (ours, rival)),
                f"{ours.size / 10:,.0f}",
            ]
        )
    head = ["open", "all started, s", "rival", "all mailed, s", "rival", "mails too many", "rival"]
    return table([*head, "press → answer, ms", "rival", "at ten mails a second, s"], rows)


def audiences(results: Results) -> str:
    rows = [
        [f"{one.size}", f"{one.unpaced.median:.2f}", f"{one.rival.median:.2f}", f"{one.paced:.1f}", f"{one.size / 10}"]
        for one in results.audiences
    ]
    return table(["approvers", "ours, no pause", "rival, one publish", "ours, paced", "at ten mails a second"], rows)


def per_thousand(results: Results) -> str:
    return money(results, monthly=False)


def per_month(results: Results) -> str:
    return money(results, monthly=True)


def money(results: Results, *, monthly: bool) -> str:
    ours, rival = ((results.per_month if monthly else results.per_thousand)[name] for name in PROGRAMS)
    rows = [
        [one.what, amount(one.quantity), amount(other.quantity), f"{one.dollars:.4f}", f"{other.dollars:.4f}"]
        for one, other in zip(ours, rival, strict=True)
    ]
    rows.append(["**all**", "", "", f"**{total(ours):.4f}**", f"**{total(rival):.4f}**"])
    what = "a month" if monthly else "1,000 approvals"
    return table([what, "ours", "rival", "ours, $", "rival, $"], rows)


def starts(results: Results) -> str:
    rows = []
    for entry, told in results.starts.items():
        goal = start_goal(entry, told)
        rows.append(
            [
                f"`{entry}`",
                both(told.compiled.whole),
                both(told.floor.whole),
                f"{goal.ratio:.2f} ×",
                f"{told.compiled.cpu.median / told.floor.cpu.median:.2f} ×",
                f"{goal.factor} ×",
                verdict(met=goal.met),
                both(told.source.whole),
            ]
        )
    head = [
        "ms, median / p95",
        "ours",
        "floor",
        "ratio",
        "ratio of CPU time",
        "goal",
        "",
        "ours, compiled at each start",
    ]
    return table(head, rows)


def imports(results: Results) -> str:
    by_function = {entry: told.imports for entry, told in results.starts.items()}
    names = {name for one in by_function.values() for name in one}
    small = {name for name in names if all(one.get(name, 0) < SMALL_MS for one in by_function.values())}
    large = sorted(names - small, key=lambda name: -mean(one.get(name, 0) for one in by_function.values()))
    rows = [[name, *(ms(one[name]) if name in one else NONE for one in by_function.values())] for name in large]
    rest = [ms(sum(one.get(name, 0) for name in small)) for one in by_function.values()]
    return table(["ms", *(f"`{entry}`" for entry in by_function)], [*rows, ["others", *rest]])


def memory(results: Results) -> str:
    rows = []
    for entry, told in results.starts.items():
        start = told.source
        load, answer, cpu = (median(one) for one in (start.load, start.answer, start.answer_cpu))
        estimates = [estimate(size, load=load, answer=answer, answer_cpu=cpu) for size in SIZES_MIB]
        cells = [
            f"{'**' * (one.memory_mib == told.memory_mib)}{one.milliseconds:,.0f} ms, ${one.dollars:.4f}"
            f"{'**' * (one.memory_mib == told.memory_mib)}"
            for one in estimates
        ]
        rows.append([f"`{entry}`", *cells])
    return table(["cold, estimated", *(f"{size:,} MiB" for size in SIZES_MIB)], rows)


def plot(results: Results) -> str:
    """The plot next to the tables."""
    panels = []
    for title, is_cold in (("Warm, milliseconds", False), ("Cold, milliseconds", True)):
        rows = []
        for step in Step:
            figures = [results.figure(program.name, step, cold=is_cold) for program in (OURS, RIVAL, FLOOR)]
            bars = [Bar(series, one.median, one.p95) for series, one in enumerate(figures) if one]
            rows.append((str(step), bars))
        panels.append(Panel(title, "ms", rows))
    return svg(["signoff", "rival", "floor"], panels)
