"""The workflow as inline SVG, with the way that a run has taken. Its colours are in style.css."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from sandbox.page.graph import STATE_HEIGHT, Drawing, Line, Point, draw

ARROW = 6.0
CORNER = 12.0
STRAIGHT = 0.05  # less of a bend than this is none
NOTHING = Markup("")


class Picture:
    """Lays a definition out once, and marks as many runs in it as are asked for."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self._drawing = draw(definition)
        kinds = {"Fail": "fails", "Succeed": "ends"}
        self._ends = {
            name: kinds.get(state.get("Type"), "ends" if state.get("End") else "")
            for name, state in definition["States"].items()
        }
        self._ways = {line.edge: Markup(way(line)) for line in self._drawing.lines}  # noqa: S704 - numbers and letters

    def of(self, entered: Sequence[str], status: str) -> Markup:
        """`entered`: the states so far, in order; `status`: the execution's, such as RUNNING; both may be empty."""
        taken, last = set(pairwise(entered)), entered[-1] if entered else ""
        final = {"": "", "RUNNING": "now", "SUCCEEDED": "good"}.get(status, "bad")
        tones = dict.fromkeys(entered, "past") | ({last: final} if last else {})
        lines = sorted(self._drawing.lines, key=lambda line: (line.edge.source, line.edge.target) in taken)
        drawn = NOTHING.join(
            Markup('<path class="way{}" d="{}"><title>{}</title></path>').format(
                " taken" if (line.edge.source, line.edge.target) in taken else "",
                self._ways[line.edge],
                f"{line.edge.source} → {line.edge.target}" + (f": {line.edge.when}" if line.edge.when else ""),
            )
            for line in lines
        )
        states = NOTHING.join(
            self._state(name, tones.get(name, ""), entered.count(name)) for name in self._drawing.boxes
        )
        return Markup(
            '<svg class="graph" role="img" aria-label="{}" viewBox="0 0 {:.0f} {:.0f}" '
            'width="{:.0f}" height="{:.0f}">{}{}</svg>'
        ).format(told(last, status), *size(self._drawing), *size(self._drawing), drawn, states)

    def _state(self, name: str, tone: str, times: int) -> Markup:
        box = self._drawing.boxes[name]
        often = (
            Markup('<text class="times" x="{:.1f}" y="{:.1f}">×{}</text>').format(
                box.x + box.width / 2 - 4, box.y - STATE_HEIGHT / 2 - 4, times
            )
            if times > 1
            else NOTHING
        )
        return Markup(
            '<g class="state {}" data-state="{}" data-ending="{}">'
            '<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.0f}" rx="9"/>'
            '<text x="{:.1f}" y="{:.1f}">{}</text>{}</g>'
        ).format(
            tone,
            name,
            self._ends[name],
            box.x - box.width / 2,
            box.y - STATE_HEIGHT / 2,
            box.width,
            STATE_HEIGHT,
            box.x,
            box.y + 4.5,
            name,
            often,
        )


def told(last: str, status: str) -> str:
    """The picture in words."""
    if not last:
        return "The workflow; no run is shown"
    return (
        f"The workflow; the run is now in {last}" if status == "RUNNING" else f"The workflow; the run ended in {last}"
    )


def size(drawing: Drawing) -> tuple[float, float]:
    return drawing.width, drawing.height


def way(line: Line) -> str:
    """The edge as SVG's path data, with its arrow."""
    if line.back:
        return back(line.points)
    start, *rest = line.points
    steps = [f"M{place(start)}"]
    for (x0, y0), (x1, y1) in pairwise([start, *rest]):
        middle = (x0 + x1) / 2
        steps.append(
            f"H{x1:.1f}"
            if abs(y1 - y0) < STRAIGHT
            else f"C{middle:.1f} {y0:.1f} {middle:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"
        )
    x, y = rest[-1]
    return " ".join(
        [*steps, f"M{place((x - ARROW, y - ARROW * 0.7))} L{place((x, y))} L{place((x - ARROW, y + ARROW * 0.7))}"]
    )


def back(points: Sequence[Point]) -> str:
    (sx, sy), (_, low), _, (tx, ty) = points
    side = CORNER if tx < sx else -CORNER
    return (
        f"M{place((sx, sy))} V{low - CORNER:.1f} Q{place((sx, low))} {place((sx - side, low))} H{tx + side:.1f} "
        f"Q{place((tx, low))} {place((tx, low - CORNER))} V{ty:.1f} "
        f"M{place((tx - ARROW * 0.7, ty + ARROW))} L{place((tx, ty))} L{place((tx + ARROW * 0.7, ty + ARROW))}"
    )


def place(point: Point) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"
