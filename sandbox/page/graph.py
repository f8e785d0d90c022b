"""Where the states of a workflow are drawn: in layers from left to right, with as few crossings as a few sweeps find.

The usual way (Sugiyama's): take the edges that lead back out, put every state one layer after the last that leads to
it, let long edges pass through the layers between in lanes of their own, sort the layers, then straighten the lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

STATE_HEIGHT, LANE_HEIGHT = 34.0, 4.0
GAP_BETWEEN, GAP_BEFORE = 12.0, 34.0  # from state to state within a layer; from layer to layer
LETTER, PADDING = 7.2, 28.0  # the widest that a letter of a name is on average; beside the name
SWEEPS, STRAIGHTENINGS = 12, 30

Point = tuple[float, float]


@dataclass(frozen=True)
class Edge:
    """One way from a state to another; `when` says what takes it, such as the errors that are caught."""

    source: str
    target: str
    when: str = ""


@dataclass(frozen=True, kw_only=True)
class Box:
    """A state's place: its middle, and its width. All are STATE_HEIGHT high."""

    x: float
    y: float
    width: float


@dataclass(frozen=True, kw_only=True)
class Line:
    """An edge's way, from box to box. `back` edges lead from bottom to bottom, the others from right to left."""

    edge: Edge
    points: tuple[Point, ...]
    back: bool


@dataclass(frozen=True, kw_only=True)
class Drawing:
    width: float
    height: float
    boxes: dict[str, Box]
    lines: list[Line]


@dataclass
class Place:
    """A state, or the lane of an edge through one layer. They are sorted and moved; `y` is the middle."""

    layer: int
    height: float
    before: list[Place] = field(default_factory=list)
    after: list[Place] = field(default_factory=list)
    y: float = 0.0


def edges(states: Mapping[str, Any]) -> list[Edge]:
    """All ways from state to state, in the order of the definition; of two between the same states only the first."""
    found: dict[tuple[str, str], Edge] = {}
    for name, state in states.items():
        ways = [Edge(name, state["Next"])] if "Next" in state else []
        ways += [Edge(name, choice["Next"], str(choice.get("Condition", ""))) for choice in state.get("Choices", [])]
        ways += [Edge(name, state["Default"], "otherwise")] if "Default" in state else []
        ways += [Edge(name, catch["Next"], ", ".join(catch["ErrorEquals"])) for catch in state.get("Catch", [])]
        for way in ways:
            found.setdefault((way.source, way.target), way)
    return list(found.values())


def draw(definition: Mapping[str, Any]) -> Drawing:
    """Lay out a state machine's definition, as parsed from its JSON."""
    ways = edges(definition["States"])
    back = set(leading_back(definition["StartAt"], ways))
    forward = [way for way in ways if way not in back]
    layer = layers(definition["States"], forward)
    states = {name: Place(layer[name], STATE_HEIGHT) for name in definition["States"]}
    lanes = {way: lane(states[way.source], states[way.target]) for way in forward}
    rows = sort([*states.values(), *(place for places in lanes.values() for place in places)])
    straighten(rows)
    return drawing(states, lanes, back)


def leading_back(start: str, ways: Sequence[Edge]) -> Iterable[Edge]:
    """The edges that close a circle, seen from the start."""
    passed, entered = set[str](), list[str]()

    def visit(name: str) -> Iterable[Edge]:
        passed.add(name)
        entered.append(name)
        for way in ways:
            if way.source == name and way.target in entered:
                yield way
            elif way.source == name and way.target not in passed:
                yield from visit(way.target)
        entered.pop()

    return visit(start)


def layers(states: Iterable[str], forward: Sequence[Edge]) -> dict[str, int]:
    """For each state the length of the longest way to it."""
    found = dict.fromkeys(states, 0)
    changed = True
    while changed:
        changed = False
        for way in forward:
            if found[way.target] <= found[way.source]:
                found[way.target], changed = found[way.source] + 1, True
    return found


def lane(source: Place, target: Place) -> list[Place]:
    """The places that an edge passes between its ends, all of them linked with each other."""
    between = [Place(layer, LANE_HEIGHT) for layer in range(source.layer + 1, target.layer)]
    for left, right in pairwise([source, *between, target]):
        left.after.append(right)
        right.before.append(left)
    return between


def sort(places: Sequence[Place]) -> list[list[Place]]:
    """The layers, each from top to bottom, in the order with the fewest crossings that was seen."""
    rows: list[list[Place]] = [[] for _ in range(max(place.layer for place in places) + 1)]
    for place in places:
        rows[place.layer].append(place)
    best = [list(row) for row in rows]
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        order = rows[1:] if down else rows[-2::-1]
        for row in order:
            positions = {id(place): index for each in rows for index, place in enumerate(each)}

            def wanted(place: Place, at: dict[int, int] = positions, *, down: bool = down) -> float:
                beside = place.before if down else place.after
                return sum(at[id(one)] for one in beside) / len(beside) if beside else at[id(place)]

            row.sort(key=wanted)
        if crossings(rows) < crossings(best):
            best = [list(row) for row in rows]
    return best


def crossings(rows: Sequence[Sequence[Place]]) -> int:
    count = 0
    for left, right in pairwise(rows):
        at = {id(place): index for index, place in enumerate(right)}
        ends = [(index, at[id(after)]) for index, place in enumerate(left) for after in place.after]
        count += sum(a < c and b > d for a, b in ends for c, d in ends)
    return count


def straighten(rows: Sequence[Sequence[Place]]) -> None:
    """Move each place towards those that it is linked with, as far as its neighbours leave room."""
    for _ in range(STRAIGHTENINGS):
        for row in rows:
            wanted = []
            for place in row:
                beside = [*place.before, *place.after]
                wanted.append(sum(one.y for one in beside) / len(beside) if beside else place.y)
            for place, y in zip(row, spread(wanted, row), strict=True):
                place.y = y


def spread(wanted: Sequence[float], row: Sequence[Place]) -> list[float]:
    """The places nearest to the wanted ones (by least squares) that keep the order and the gaps."""
    room = [0.0]
    for above, below in pairwise(row):
        room.append(room[-1] + (above.height + below.height) / 2 + GAP_BETWEEN)
    blocks: list[tuple[float, int]] = []  # the mean of neighbours that had to give way to each other, and how many
    for value in (want - offset for want, offset in zip(wanted, room, strict=True)):
        mean, count = value, 1
        while blocks and blocks[-1][0] > mean:
            other, more = blocks.pop()
            mean, count = (mean * count + other * more) / (count + more), count + more
        blocks.append((mean, count))
    means = [mean for mean, count in blocks for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, room, strict=True)]


def drawing(states: Mapping[str, Place], lanes: Mapping[Edge, Sequence[Place]], back: Iterable[Edge]) -> Drawing:
    """All of it in the coordinates of a picture whose top left is 0, 0."""
    width = {name: len(name) * LETTER + PADDING for name in states}
    columns: dict[int, float] = {}
    for name, place in states.items():
        columns[place.layer] = max(columns.get(place.layer, 0.0), width[name])
    left, right = {}, 1.0
    for layer in sorted(columns):
        left[layer] = right
        right += columns[layer] + GAP_BEFORE
    places = [*states.values(), *(place for lane_ in lanes.values() for place in lane_)]
    top = min(place.y - place.height / 2 for place in places) - 1.0
    bottom = max(place.y + place.height / 2 for place in places) - top + 1.0
    boxes = {
        name: Box(x=left[place.layer] + width[name] / 2, y=place.y - top, width=width[name])
        for name, place in states.items()
    }
    lines = []
    for way, passed in lanes.items():
        source, target = boxes[way.source], boxes[way.target]
        points = [(source.x + source.width / 2, source.y)]
        # A straight piece to the end of the source's own column, so that no wider state is crossed.
        points.append((left[states[way.source].layer] + columns[states[way.source].layer], source.y))
        for place in passed:
            y = place.y - top
            points += [(left[place.layer], y), (left[place.layer] + columns[place.layer], y)]
        points.append((target.x - target.width / 2, target.y))
        lines.append(Line(edge=way, points=tuple(points), back=False))
    for way in back:
        source, target = boxes[way.source], boxes[way.target]
        low = max(source.y, target.y) + STATE_HEIGHT
        bottom = max(bottom, low)
        half = STATE_HEIGHT / 2
        points = [(source.x, source.y + half), (source.x, low), (target.x, low), (target.x, target.y + half)]
        lines.append(Line(edge=way, points=tuple(points), back=True))
    return Drawing(width=right - GAP_BEFORE + 1.0, height=bottom, boxes=boxes, lines=lines)
