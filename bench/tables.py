"""The page's tables, made from results."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench.costs import total
from bench.figures import Figure
from bench.journey import Step
from bench.run import Results
from bench.stage import FLOOR, OURS, RIVAL

PROGRAMS = (OURS.name, RIVAL.name)
NONE = "–"


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


def goals(results: Results) -> str:
    rows = []
    for goal in results.goals():
        verdict = "met" if goal.met else "**missed**"
        rows.append([goal.what, ms(goal.ours), ms(goal.other), f"{goal.ratio:.2f} ×", f"{goal.factor} ×", verdict])
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
        row("bytes of logs", lambda name: f"{counted[name].log_bytes:,.0f}"),
        row("bytes of the record", lambda name: f"{counted[name].record_bytes:,}"),
        row("bytes of the page", lambda name: f"{counted[name].page_bytes:,}"),
    ]
    return table(["one approval", "ours", "rival"], rows)


def functions(results: Results) -> str:
    rows = []
    for program in (OURS.name, RIVAL.name, FLOOR.name):
        archives = {entry: f"{size / 1024:,.1f}" for entry, size in results.archives[program].items()}
        warm_, cold_ = (measured[program].durations for measured in (results.warm, results.cold))
        rows += [
            [
                f"{program}: `{entry}`",
                both(Figure.of(warm_[entry])),
                both(Figure.of(cold_[entry])),
                archives[entry],
            ]
            for entry in sorted(entry for entry, called in cold_.items() if called)
        ]
    return table(["ms, median / p95", "warm", "cold", "KiB, zipped"], rows)


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
