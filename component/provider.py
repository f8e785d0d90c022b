"""`Approvals` as the engine offers it to programs in any language.

Arguments are plain values but for ARNs: the engine's Outputs of whole numbers and of nested objects do not arrive
(pulumi/provider/experimental/component.py). Their names, types and descriptions come from the configuration's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict, get_origin

import pulumi
from pulumi.errors import InputPropertiesError
from pulumi.provider import ConstructResult
from pulumi.provider.experimental.analyzer import PropertyDefinition
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.experimental.schema import generate_schema
from pydantic.alias_generators import to_camel, to_snake

import infra.approvals
from infra.approvals import ApprovalsArgs, check
from infra.config.policies import GroupRules, PolicyRules
from infra.config.refusal import path
from infra.config.settings import LABEL_RULE, Settings, Task
from infra.config.shapes import Meaning, Shape, keys

VERSION = "0.1.0"
# What is no key of the configuration.
OTHERS: dict[str, tuple[Any, str]] = {
    "label": (str, f"what mails, pages, log groups and metrics call this one; {LABEL_RULE}, by default <stack>-<name>"),
    "process_function_arn": (
        pulumi.Input[str],  # type: ignore[misc]
        "a function of your own in the place of process_task; it gets what process_task gets",
    ),
}
OUTPUTS = {
    name: hint for name, hint in infra.approvals.Approvals.__annotations__.items() if hint == "pulumi.Output[str]"
}


def _object(name: str, shape: type[Shape], others: Mapping[str, Any], **nested: Any) -> Any:
    """A typed dictionary of the keys of a shape."""
    plain = {int: int, bool: bool, str: str, tuple: list[str], dict: dict[str, Any], list: list[dict[str, Any]]}
    hints = {}
    for field in keys(shape).values():
        info = shape.model_fields[field]
        hint = nested.get(field) or plain[get_origin(info.annotation) or info.annotation]  # type: ignore[index]
        hints[field] = hint if info.is_required() else NotRequired[hint]
    return TypedDict(name, hints | {other: NotRequired[hint] for other, hint in others.items()})  # type: ignore[operator]


GroupInputs = _object("Group", GroupRules, {})
PolicyInputs = _object("Policy", PolicyRules, {}, groups=dict[str, GroupInputs])  # type: ignore[valid-type]
TaskInputs = _object("Task", Task, {})
ApprovalsInputs = _object(
    "ApprovalsArgs",
    Settings,
    {name: hint for name, (hint, _) in OTHERS.items()},
    policies=dict[str, PolicyInputs],  # type: ignore[valid-type]
    task=TaskInputs,
)


class Approvals(pulumi.ComponentResource):
    """Ask people by e-mail and wait for them, in a state machine of its own."""

    def __init__(
        self,
        name: str,
        args: ApprovalsInputs,  # type: ignore[valid-type]
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("signoff:index:Approvals", name, None, opts)
        made = infra.approvals.Approvals(name, _arguments(args), pulumi.ResourceOptions(parent=self))
        for output in OUTPUTS:
            setattr(self, output, getattr(made, output))
        self.register_outputs({output: getattr(self, output) for output in OUTPUTS})


# As the engine's analyzer reads them: types, not their names.
Approvals.__annotations__ = dict.fromkeys(OUTPUTS, pulumi.Output[str])
Approvals.__init__.__annotations__["args"] = ApprovalsInputs


class Provider(ComponentProvider):
    """Refuses bad arguments before the component is made: whatever its constructor raises is shown with a stack."""

    def __init__(self, version: str) -> None:
        super().__init__([Approvals], "signoff", None, version)
        self._labels: dict[str, str] = {}  # whose they are: to the constructor, each instance is alone in a program
        shapes: dict[str, type[Shape]] = {"Group": GroupRules, "Policy": PolicyRules, "Task": Task}
        for name, shape in shapes.items():
            _describe(self._type_defs[name].properties, shape)
        inputs = self._component_defs["Approvals"].inputs
        _describe(inputs, Settings)
        for name, (_, said) in OTHERS.items():
            inputs[to_camel(name)].description = said
        schema = generate_schema("signoff", version, None, self._component_defs, self._type_defs, self._dependencies)
        told = {key: value for key, value in schema.to_json().items() if key != "dependencies"}  # there are none
        self.schema = json.dumps(told | {"config": {}})  # as `pulumi package get-schema` says it

    def construct(
        self, name: str, resource_type: str, inputs: Any, options: pulumi.ResourceOptions | None = None
    ) -> ConstructResult:
        """Raises InputPropertiesError, with each bad argument by its path."""
        if isinstance(inputs.get("approvers"), list):  # else the engine says that it is missing
            _, faults = check(name, _arguments(inputs), self._labels)
            if faults:
                told = [{"property_path": path(one.where), "reason": one.says} for one in faults]
                raise InputPropertiesError(f"{name} cannot be made", told)  # type: ignore[arg-type]
        return super().construct(name, resource_type, inputs, options)


def _describe(properties: Mapping[str, PropertyDefinition], shape: type[Shape]) -> None:
    for key, field in keys(shape).items():
        said = [one.text for one in shape.model_fields[field].metadata if isinstance(one, Meaning)]
        properties[key].description = re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", "".join(said)) or None


def _arguments(inputs: Mapping[str, Any]) -> ApprovalsArgs:
    return ApprovalsArgs(**{to_snake(key): _whole(value) for key, value in inputs.items()})


def _whole(value: Any) -> Any:
    """Whole numbers, which arrive as floats."""
    if isinstance(value, dict):
        return {key: _whole(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
