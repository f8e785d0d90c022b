"""The shipped picture of the workflow, with the way that a run has taken. Its colours are in style.css."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

from markupsafe import Markup

from sandbox.deploy import PROJECT

SHIPPED = PROJECT / "docs/images/state-machine.svg"
OLD = Markup(
    '<p class="meta">The picture of the workflow is older than the workflow, or is missing: '
    "<code>make pictures</code> draws it anew. The history has the states.</p>"
)
SVG = "http://www.w3.org/2000/svg"
SIZE = ("width", "height")
ABOVE = 19.0  # from a state's name up to how often it was entered
ET.register_namespace("", SVG)


class Picture:
    """Marks runs in graphviz's SVG, where the title of a group is a state, or a way as "state->state".

    A picture that has other states than the workflow, or lacks a way that a run took, is not shown.
    """

    def __init__(self, states: Collection[str], file: Path = SHIPPED) -> None:
        self._states = states
        self._shipped = read(file)
        self._drawn = {title for title, group in groups(self._shipped).items() if "state" in classes(group)}

    def of(self, entered: Sequence[str], status: str) -> Markup:
        """`entered`: the states so far, in order; `status`: the execution's, such as RUNNING; both may be empty."""
        last = entered[-1] if entered else ""
        tones = dict.fromkeys(entered, "past")
        if last:
            tones[last] = {"RUNNING": "now", "SUCCEEDED": "good"}.get(status, "bad")
        taken = {f"{source}->{target}" for source, target in pairwise(entered)}
        picture = deepcopy(self._shipped)
        found = groups(picture)
        if self._drawn != set(self._states) or not taken <= found.keys():
            return OLD
        for title, group in found.items():
            if title in self._drawn:
                group.set("data-state", title)
            if tone := "taken" if title in taken else tones.get(title, ""):
                group.set("class", f"{group.get('class')} {tone}")
            if (times := entered.count(title)) > 1:
                say_how_often(group, times)
        picture.set("aria-label", told(last, status))
        return Markup(ET.tostring(picture, encoding="unicode"))  # noqa: S704 - the project's file, and escaped


def read(file: Path) -> ET.Element:
    """One unit of the drawing is a pixel, and its own style sheet, which the page's policy forbids, is left out."""
    try:
        root = ET.parse(file).getroot()  # noqa: S314 - the project's own file
    except (OSError, ET.ParseError):
        return ET.Element("svg")
    for style in root.findall(f"{{{SVG}}}style"):
        root.remove(style)
    for side in SIZE:
        root.set(side, root.get(side, "").removesuffix("pt"))
    return root


def groups(picture: ET.Element) -> dict[str, ET.Element]:
    """By their titles."""
    titled = ((group.findtext(f"{{{SVG}}}title"), group) for group in picture.iter(f"{{{SVG}}}g"))
    return {title: group for title, group in titled if title}


def classes(group: ET.Element) -> list[str]:
    return group.get("class", "").split()


def say_how_often(state: ET.Element, times: int) -> None:
    name = state.find(f"{{{SVG}}}text")
    assert name is not None  # noqa: S101 - every state has one
    above = f"{float(name.get('y', '0')) - ABOVE:.2f}"
    ET.SubElement(state, f"{{{SVG}}}text", {**name.attrib, "y": above}).text = f"×{times}"


def told(last: str, status: str) -> str:
    """The picture in words."""
    if not last:
        return "The workflow; no run is shown"
    return f"The workflow; the run {'is now' if status == 'RUNNING' else 'ended'} in {last}"
