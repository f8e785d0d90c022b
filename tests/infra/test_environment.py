"""What a function is told by its variables: what its cold start reads, and nothing besides."""

from __future__ import annotations

import pytest

from handlers.contract.settings import (
    AnnounceSettings,
    AskSettings,
    BounceSettings,
    FunctionSettings,
    GenerateSettings,
    GiveUpSettings,
    OperateSettings,
    PageSettings,
    ProcessSettings,
    ReconcileSettings,
    SettingsError,
)
from infra.shared.function import PythonFunction, PythonFunctionArgs
from tests.support.harness import ALICE, EVERYTHING, MAILED, REQUIRED, STACK, Graph, deploy, load

FUNCTION = "aws:lambda/function:Function"
# Who reads what, by the entry module.
SETTINGS: dict[str, type[FunctionSettings]] = {
    "page": PageSettings,
    "generate": GenerateSettings,
    "give_up": GiveUpSettings,
    "process": ProcessSettings,
    "reconcile": ReconcileSettings,
    "ask": AskSettings,
    "bounce": BounceSettings,
    "announce": AnnounceSettings,
    "operate": OperateSettings,
}
# What only a mail by SES needs, of MAILED.
BY_SES = {
    "mail_from": "approvals@mail.example.com",
    "mail_from_name": "Approvals",
    "reply_to": "help@example.com",
    "configuration_set": f"{STACK}-0a1b2c3",
    "own_domains": "example.com",
}
POWERTOOLS = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"}


class Sample(FunctionSettings):
    table_name: str
    colour: str


class Told(dict[str, str]):
    """Variables that know which of them were read."""

    def __init__(self, variables: dict[str, str]) -> None:
        super().__init__(variables)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.read.add(name)
        return super().__getitem__(name)


def told(graph: Graph, entry: str) -> Told:
    (function,) = [one.name for one in graph.of(FUNCTION) if one.inputs["handler"] == f"handlers.{entry}.handler"]
    return Told(graph.variables(function))


def test_every_function_has_settings_of_its_own(mailed):
    assert {one.inputs["handler"] for one in mailed.of(FUNCTION)} == {f"handlers.{entry}.handler" for entry in SETTINGS}
    known = [one for one in FunctionSettings.__subclasses__() if one.__module__ == FunctionSettings.__module__]
    known = [leaf for one in known for leaf in one.__subclasses__() or [one]]
    assert sorted(one.__name__ for one in SETTINGS.values()) == sorted(one.__name__ for one in known)


@pytest.mark.parametrize(("entry", "settings"), SETTINGS.items())
def test_a_function_reads_all_that_it_is_told_and_needs_no_more(graph, mailed, entry, settings):
    variables = told(mailed if settings is BounceSettings else graph, entry)
    assert settings.read(variables).label == STACK
    assert variables.keys() - variables.read == POWERTOOLS


@pytest.mark.parametrize(("name", "config"), [("bare", REQUIRED), ("full", EVERYTHING), ("mailed", MAILED)])
def test_a_function_is_told_what_is_configured(request, name, config):
    graph, known = request.getfixturevalue(name), load(**config)
    table = graph.exports["approvalTableName"]
    to_operator = {
        "label": STACK,
        "table_name": table,
        "operator_topic_arn": graph.exports["operatorTopicArn"],
        "timezone": known.timezone,
    }
    mailing = {
        "label": STACK,
        "table_name": table,
        "topic_arn": graph.exports.get("approverTopicArn", ""),
        **(BY_SES if known.mail_from else dict.fromkeys(BY_SES, "")),
        "approval_url": graph.exports["approvalApiUrl"],
        "timezone": known.timezone,
        "one_click": known.one_click,
        "mail_pause_seconds": 2 / known.mails_per_second,
    }
    for settings in (
        AskSettings(queue_url=graph.exports["requestQueueUrl"], **mailing),
        OperateSettings(
            execution_index="by-execution",
            state_machine_arn=graph.exports["stateMachineArn"],
            **mailing | {"own_domains": ""},
        ),
        *([BounceSettings(**to_operator)] if known.mail_from else []),
        PageSettings(label=STACK, table_name=table, timezone=known.timezone, one_click=known.one_click),
        GiveUpSettings(label=STACK, table_name=table),
        ReconcileSettings(execution_index="by-execution", **to_operator),
        GenerateSettings(label=STACK, event_details=known.event_details),
        AnnounceSettings(
            label=STACK,
            events=known.events,
            announce_decision=known.announce_decision,
            queue_url=graph.exports["requestQueueUrl"],
            chat_topic_arn=graph.exports.get("chatTopicArn", ""),
            timezone=known.timezone,
        ),
    ):
        (entry,) = [entry for entry, kind in SETTINGS.items() if kind is type(settings)]
        assert type(settings).read(told(graph, entry)) == settings


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"table_name": "t"}, "colour"),
        ({"table_name": "t", "colour": "red", "audit_days": 5}, "audit_days"),
        ({"table_name": "t", "Colour": "red"}, "Colour, colour"),
    ],
)
def test_a_deployment_is_refused_that_tells_a_function_too_little_or_what_it_does_not_read(values, named):
    graph = Graph()
    args = PythonFunctionArgs(entry="page", reads=Sample, values=values, settings=load(approvers=[ALICE]))
    with pytest.raises(SettingsError, match=f"^Sample: {named} must"):
        deploy(lambda: PythonFunction("page", args), graph=graph)
    assert not graph.of(FUNCTION)
