"""YAML as the Pulumi engine reads it, which is neither YAML 1.1 nor 1.2.

Its library (go-yaml v3) takes `no`, `yes` and `24:00:00` for text, as YAML 1.2 does, but `0777` for an octal number and
`2027-01-31` for a time, as YAML 1.1 did. ruamel.yaml reads the syntax; what a plain word stands for is decided here.
What may be a number or a time in one of them and is written in no common way is refused: people mean a text by it.
`tests/sandbox/engine-config.json` has the engine's own answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.tag import Tag

MOST_NODES = 100_000  # aliases of aliases grow without limit
PLAIN, TEXT = "plain", "tag:yaml.org,2002:str"
TAGS = {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}
WORDS = {"~": None, "": None} | {
    word: value
    for written, value in (("true", True), ("false", False), ("null", None))
    for word in (written, written.title(), written.upper())
}
# Every library reads and writes these alike: no more digits than a float keeps, no form that it would write otherwise.
WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,14})")
BROKEN = re.compile(r"-?(0|[1-9][0-9]{0,9})\.[0-9]{1,4}")
# Nothing else that one of them takes for a number or a time is missing here; texts such as 1.3.2 are caught with it.
DOUBTFUL = re.compile(
    r"[-+]?\.?[0-9][0-9a-fA-FoOxX_.+-]*|[-+]?\.(inf|nan)|[0-9]{4}-[0-9]+-[0-9]+([Tt]| +)[0-9:.+-]+[Zz]?", re.IGNORECASE
)
DIRECTIVE = re.compile(r"(\s*(#.*)?\n)*%")


class NotYamlError(ValueError):
    """Text that the engine would refuse, or that would be read otherwise here. `line` is 0 if it is unknown."""

    def __init__(self, words: str, line: int = 0) -> None:
        super().__init__(words)
        self.line = line


class AsWritten(VersionedResolver):
    """Leaves plain words as they are: `PLAIN`."""

    def resolve(self, kind: type[Node], value: Any, implicit: Any) -> Any:
        if kind is ScalarNode:
            return Tag(suffix=PLAIN if implicit[0] else TEXT)
        return super().resolve(kind, value, implicit)


def read(text: str) -> Any:
    """The first document: mappings, lists, text, numbers, truth values and None. Raises NotYamlError."""
    if DIRECTIVE.match(text):
        raise NotYamlError("is refused: lines that begin with % are not read here; take them out", 1)
    if found := re.search("[\x85\u2028\u2029]", text):
        raise NotYamlError(
            "is refused: a line ends with a character that is none here", text.count("\n", 0, found.start()) + 1
        )
    reader = YAML(typ="safe", pure=True)
    reader.Resolver = AsWritten
    reader.composer.warn_double_anchors = False
    try:
        document = next(iter(reader.compose_all(text)), None)
        return Reading().value(document) if document else None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        advice = "Compare its indentation, of spaces, with the lines above; quote a text that has ': ' or '#' in it."
        words = f"is not YAML: {error.problem or error.context}.\n{advice}"
        raise NotYamlError(words, mark.line + 1 if mark else 0) from error
    except YAMLError as error:
        raise NotYamlError(
            f"cannot be read as YAML in UTF-8: {str(error).splitlines()[0]}. Save it as such."
        ) from error
    except RecursionError as error:
        raise NotYamlError("is refused: it is nested too deep") from error


class Reading:
    """Makes values of nodes."""

    def __init__(self) -> None:
        self._nodes = 0
        self._open: list[Node] = []

    def value(self, node: Node) -> Any:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise refusal(node, f"there are more than {MOST_NODES} values, with those behind aliases")
        if node in self._open:
            raise refusal(node, f"the anchor {node.anchor} contains itself")
        if isinstance(node, ScalarNode):
            return scalar(node)
        if node.tag not in TAGS:
            raise refusal(node, f"the tag {node.tag} is not read here; leave it out")
        self._open.append(node)
        if isinstance(node, SequenceNode):
            read: Any = [self.value(one) for one in node.value]
        else:
            assert isinstance(node, MappingNode)  # noqa: S101 - there are three kinds
            read = self._mapping(node)
        self._open.pop()
        return read

    def _mapping(self, node: MappingNode) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        written: dict[str, Node] = {}
        for name, held in node.value:
            if not isinstance(name, ScalarNode):
                raise refusal(name, "a key must be text, and is a list or a mapping")
            if name.value in written:
                before = written[name.value].start_mark.line + 1
                raise refusal(name, f"the key {name.value!r} is there already, in line {before}")
            written[name.value] = name
            if name.value == "<<":
                for one in held.value if isinstance(held, SequenceNode) else [held]:
                    if not isinstance(one, MappingNode):
                        raise refusal(held, "<< takes a mapping, or a list of mappings")
                    merged = self.value(one) | merged
            else:
                own[key(name)] = self.value(held)
        return merged | own


def key(node: ScalarNode) -> str:
    read = scalar(node)
    if not isinstance(read, str):
        raise refusal(node, f"{node.value!r} as a key is no text; put it in quotes")
    return read


def scalar(node: ScalarNode) -> Any:
    if re.search("[\ud800-\udfff]", node.value):
        raise refusal(node, r"\u is half a character; write the character itself")
    if node.tag == TEXT:
        return node.value
    if node.tag != PLAIN:
        raise refusal(node, f"the tag {node.tag} is not read here; leave it out, or put a text in quotes")
    return plain(node)


def plain(node: ScalarNode) -> Any:
    """What a word without quotes stands for."""
    word = str(node.value)
    if word in WORDS:
        return WORDS[word]
    if WHOLE.fullmatch(word):
        return int(word)
    if BROKEN.fullmatch(word):
        return int(float(word)) if float(word).is_integer() else float(word)
    if DOUBTFUL.fullmatch(word):
        raise refusal(node, f"{word} may be a number or a time; put a text in quotes, and a number in its usual form")
    return word


def passed_on_as_text(value: Any) -> str:
    """As `PULUMI_CONFIG` has it: None is the empty text, all else that is no text is JSON, sorted by its keys."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def secrets(value: Any, path: str) -> Iterator[str]:
    """The paths of all `{secure: text}`."""
    if isinstance(value, dict):
        if isinstance(value.get("secure"), str) and len(value) == 1:
            yield path
        for name, held in value.items():
            yield from secrets(held, f"{path}.{name}")
    elif isinstance(value, list):
        for index, held in enumerate(value):
            yield from secrets(held, f"{path}[{index}]")


def refusal(node: Node, words: str) -> NotYamlError:
    return NotYamlError(f"is refused: {words}", node.start_mark.line + 1)
