"""Event patterns: what AWS takes is taken, what it refuses or never matches is refused, and no run starts the next."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from infra.config.event_pattern import MATCHERS, MOST_CHARACTERS, check
from infra.config.json_text import compact
from infra.config.own_events import CALLED, SES
from infra.config.refusal import RefusedError, path
from tests.support.harness import ALICE, deploy, load, texts
from tests.support.refusals import refusal

SENDER = "approvals@example.com"
MACHINES = "arn:aws:states:eu-central-1:123456789012:stateMachine:"
EXECUTIONS = "arn:aws:states:eu-central-1:123456789012:execution:"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
CALL = "AWS API Call via CloudTrail"


def refused(pattern: dict[str, Any]) -> list[str]:
    """The paths of what is wrong."""
    try:
        check(pattern)
    except RefusedError as error:
        return [path(fault.where) for fault in error.faults]
    return []


def said(pattern: dict[str, Any]) -> str:
    with pytest.raises(RefusedError) as caught:
        check(pattern)
    return str(caught.value)


TAKEN = [
    "text",
    "",
    5,
    -1.5,
    0,
    123456789012,
    True,
    False,
    None,
    "10.0.0.1",
    {"prefix": "a"},
    {"prefix": ""},
    {"prefix": {"equals-ignore-case": "A"}},
    {"suffix": ".png"},
    {"suffix": {"equals-ignore-case": ".PNG"}},
    {"equals-ignore-case": "alice"},
    {"wildcard": "*"},
    {"wildcard": "dir/*.png"},
    {"wildcard": r"a\*\\*b"},
    {"wildcard": r"\\\**"},
    {"anything-but": "a"},
    {"anything-but": 5},
    {"anything-but": ["a", "b"]},
    {"anything-but": [1, 2.5]},
    {"anything-but": {"prefix": "a"}},
    {"anything-but": {"prefix": ["a", "b"]}},
    {"anything-but": {"suffix": "a"}},
    {"anything-but": {"suffix": ["a"]}},
    {"anything-but": {"equals-ignore-case": "a"}},
    {"anything-but": {"equals-ignore-case": ["a", "b"]}},
    {"anything-but": {"wildcard": "*/lib/*"}},
    {"anything-but": {"wildcard": ["*/lib/*", "*/bin/*"]}},
    {"numeric": ["=", 3.018e2]},
    {"numeric": ["<", 10]},
    {"numeric": ["<=", -10]},
    {"numeric": [">", 0, "<=", 5]},
    {"numeric": [">=", -5_000_000_000, "<", 5_000_000_000]},
    {"cidr": "10.0.0.0/24"},
    {"cidr": "10.0.0.5/0"},
    {"cidr": "2001:db8::/127"},
    {"exists": True},
    {"exists": False},
]


@pytest.mark.parametrize("value", TAKEN)
def test_a_value_that_aws_takes_is_taken(value):
    assert refused({"source": ["shop"], "detail": {"field": [value]}}) == []
    assert refused({"source": ["shop"], "detail": {"deep": {"er": ["other", value]}}}) == []


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (["nested"], ""),
        (float("inf"), ""),
        ({}, ""),
        ({"prefix": "a", "suffix": "b"}, ""),
        ({"prefx": "a"}, ".prefx"),
        ({"PREFIX": "a"}, ".PREFIX"),
        ({"regex": "a"}, ".regex"),
        ({"prefix": 5}, ".prefix"),
        ({"prefix": ["a"]}, ".prefix"),
        ({"prefix": {"suffix": "a"}}, ".prefix"),
        ({"prefix": {"equals-ignore-case": 5}}, ".prefix.equals-ignore-case"),
        ({"suffix": None}, ".suffix"),
        ({"equals-ignore-case": ["a"]}, ".equals-ignore-case"),
        ({"wildcard": "a**b"}, ".wildcard"),
        ({"wildcard": r"a\b"}, ".wildcard"),
        ({"wildcard": "a\\"}, ".wildcard"),
        ({"wildcard": ["a*"]}, ".wildcard"),
        ({"anything-but": None}, ".anything-but"),
        ({"anything-but": True}, ".anything-but"),
        ({"anything-but": []}, ".anything-but"),
        ({"anything-but": ["a", 5]}, ".anything-but[1]"),
        ({"anything-but": [5, "a"]}, ".anything-but[1]"),
        ({"anything-but": ["a", None]}, ".anything-but[1]"),
        ({"anything-but": [{"wildcard": "a*"}]}, ".anything-but[0]"),
        ({"anything-but": 5_000_000_001}, ".anything-but"),
        ({"anything-but": {"prefix": ""}}, ".anything-but.prefix"),
        ({"anything-but": {"prefix": []}}, ".anything-but.prefix"),
        ({"anything-but": {"suffix": ["a", ""]}}, ".anything-but.suffix[1]"),
        ({"anything-but": {"prefix": {"equals-ignore-case": "a"}}}, ".anything-but.prefix"),
        ({"anything-but": {"wildcard": ["a*", "b**"]}}, ".anything-but.wildcard[1]"),
        ({"anything-but": {"cidr": "10.0.0.0/24"}}, ".anything-but"),
        ({"anything-but": {"numeric": [">", 5]}}, ".anything-but"),
        ({"anything-but": {"prefix": "a", "suffix": "b"}}, ".anything-but"),
        ({"anything-but": {}}, ".anything-but"),
        ({"numeric": ">5"}, ".numeric"),
        ({"numeric": []}, ".numeric"),
        ({"numeric": [">"]}, ".numeric"),
        ({"numeric": ["==", 5]}, ".numeric"),
        ({"numeric": [5, ">"]}, ".numeric"),
        ({"numeric": [[], 5]}, ".numeric"),
        ({"numeric": [">", "5"]}, ".numeric[1]"),
        ({"numeric": [">", True]}, ".numeric[1]"),
        ({"numeric": [">", float("nan")]}, ".numeric[1]"),
        ({"numeric": [">", 0, "<", 5_000_000_001]}, ".numeric[3]"),
        ({"numeric": ["<", 5, ">", 0]}, ".numeric"),
        ({"numeric": [">", 0, ">", 0]}, ".numeric"),
        ({"numeric": [">", 5, "<", 5]}, ".numeric"),
        ({"numeric": [">=", 5, "<", 1]}, ".numeric"),
        ({"numeric": [">", 0, "<", 5, "<", 6]}, ".numeric"),
        ({"cidr": "10.0.0.0"}, ".cidr"),
        ({"cidr": "10.0.0.0/32"}, ".cidr"),
        ({"cidr": "10.0.0.0/-1"}, ".cidr"),
        ({"cidr": "10.0.0/8"}, ".cidr"),
        ({"cidr": "300.0.0.0/8"}, ".cidr"),
        ({"cidr": "2001:db8::/128"}, ".cidr"),
        ({"cidr": 10}, ".cidr"),
        ({"exists": "true"}, ".exists"),
        ({"exists": 1}, ".exists"),
    ],
)
def test_a_value_that_aws_refuses_is_refused_by_its_path(value, where):
    assert refused({"source": ["shop"], "detail": {"field": ["good", value]}}) == [f"detail.field[1]{where}"]


@pytest.mark.parametrize(
    ("pattern", "where"),
    [
        ({"source": "shop"}, "source"),
        ({"source": []}, "source"),
        ({"source": {"prefix": "shop"}}, "source"),
        ({"source": {"name": ["shop"]}}, "source"),
        ({"source": [None]}, "source[0]"),
        ({"source": [True]}, "source[0]"),
        ({"account": [123456789012]}, "account[0]"),
        ({"account": ["12345678901"]}, "account[0]"),
        ({"account": [{"anything-but": 123456789012}]}, "account[0].anything-but"),
        ({"account": [{"anything-but": [1]}]}, "account[0].anything-but[0]"),
        ({"region": [1]}, "region[0]"),
        ({"region": [{"numeric": ["=", 1]}]}, "region[0]"),
        ({"resources": [{"cidr": "10.0.0.0/8"}]}, "resources[0]"),
        ({"detail": {}}, "detail"),
        ({"detail": ["failed"]}, "detail"),
        ({"detail": "failed"}, "detail"),
        ({"detail": {"state": "failed"}}, "detail.state"),
        ({"detail": {"state": 0}}, "detail.state"),
        ({"detail": {"state": None}}, "detail.state"),
        ({"detail": {"state": {}}}, "detail.state"),
        ({"detail": {"state": []}}, "detail.state"),
        ({"detail": {"deep": {"er": {"state": "failed"}}}}, "detail.deep.er.state"),
        ({"detail.state": "failed"}, '["detail.state"]'),
        ({"detail": {"state": {"prefix": "f"}}}, "detail.state.prefix"),
        ({"detail": {"amount": {"numeric": [">", 5]}}}, "detail.amount.numeric"),
        ({"detail": {"amount": {"exists": True}}}, "detail.amount.exists"),
        ({"$or": []}, "$or"),
        ({"$or": {"source": ["a"]}}, "$or"),
        ({"$or": [{"source": ["a"]}]}, "$or"),
        ({"$or": [{"source": ["a"]}, {}]}, "$or[1]"),
        ({"$or": [{"source": ["a"]}, "b"]}, "$or[1]"),
        ({"$or": [{"source": ["a"]}, {"Source": ["b"]}]}, "$or[1].Source"),
        ({"detail": {"$or": [{"a": ["x"]}, {"b": "y"}]}}, "detail.$or[1].b"),
        ({"detail": {"$or": [{"a": ["x"]}, {"prefix": ["y"]}]}}, "detail.$or[1].prefix"),
        ({"detail": {"$or": [{"a": ["x"]}, {"deep": {"suffix": ["y"]}}]}}, "detail.$or[1].deep.suffix"),
    ],
)
def test_a_field_that_could_never_match_is_refused_by_its_path(pattern, where):
    assert refused(pattern) == [where]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("detailType", "detail-type"),
        ("DetailType", "detail-type"),
        ("Source", "source"),
        ("accounts", "account"),
        ("detial", "detail"),
        ("or", "$or"),
        ("$OR", "$or"),
        ("bucket", ""),
        ("detailed.state", ""),
    ],
)
def test_a_field_that_no_event_has_is_told_which_was_meant(typed, meant):
    words = said({typed: ["shop"]})
    assert "is not a field of an event" in words
    assert ("did you mean" in words) == bool(meant)
    assert f"(did you mean {meant}?)" in words or not meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("prefx", "prefix"), ("Suffix", "suffix"), ("anythingBut", "anything-but"), ("exist", "exists")],
)
def test_a_matcher_that_does_not_exist_is_told_which_was_meant(typed, meant):
    assert f"source[0].{typed} is not a matcher (did you mean {meant}?)" in said({"source": [{typed: "shop"}]})


def test_a_matcher_outside_of_a_list_is_told_so():
    assert 'stands in a list, such as [{"numeric": [">", 5]}]' in said({"detail": {"amount": {"numeric": [">", 5]}}})


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["shop"], "detail.state": ["failed"]},
        {"source": ["shop"], "detail": {"prefix": ["logs/"], "exists": ["yes"]}},
        {"source": ["shop"], "replay-name": [{"exists": False}]},
        {"source": ["shop"], "account": ["123456789012", {"prefix": "1234"}]},
        {"source": ["shop"], "$or": [{"detail": {"a": [1]}}, {"resources": [{"suffix": "/b"}]}]},
        {"$or": [{"source": ["a"]}, {"source": ["b"], "$or": [{"region": ["x"]}, {"region": ["y"]}]}]},
    ],
)
def test_a_pattern_that_only_looks_wrong_is_taken(pattern):
    assert refused(pattern) == []


def sized(characters: int) -> dict[str, Any]:
    return {"source": ["x" * (characters - len('{"source":[""]}'))]}


def test_a_pattern_is_counted_as_it_is_sent():
    assert refused(sized(MOST_CHARACTERS)) == []
    assert said(sized(MOST_CHARACTERS + 1)).strip() == "must be at most 4,096 characters of JSON, got 4,097"
    graph = deploy(config=texts({"approvers": [ALICE], "eventPattern": sized(MOST_CHARACTERS)}))
    rule = graph.named("aws:cloudwatch/eventRule:EventRule", "trigger-rule")
    assert len(rule.inputs["eventPattern"]) == MOST_CHARACTERS
    assert len(compact({"source": ["ü漢"]})) == len('{"source":["xx"]}')


def nested(levels: int) -> dict[str, Any]:
    pattern: dict[str, Any] = {"a": [1]}
    for _ in range(levels):
        pattern = {"a": pattern}
    return {"source": ["shop"], "detail": pattern}


@pytest.mark.parametrize("levels", [100, 600, 100_000])
def test_a_pattern_that_is_too_deep_is_refused(levels):
    assert refused(nested(90)) == []
    assert "must be at most" in said(nested(levels))


def test_half_a_letter_is_refused():
    assert "surrogate" in said({"source": ["\ud800"]})
    assert "surrogate" in said({"detail": {"\ud800": ["a"]}})


def test_alternatives_that_multiply_beyond_what_aws_takes_are_refused():
    def alternatives(fields: int) -> dict[str, Any]:
        detail = {f"{number}": {"$or": [{"a": [1]}, {"b": [2]}]} for number in range(fields)}
        return {"source": ["shop"], "detail": detail}

    assert refused(alternatives(9)) == []
    assert "at most 1,000 combinations with $or, got 1,024" in said(alternatives(10))
    assert "combinations" in said(alternatives(60))


FIELD = st.text("abc", min_size=1, max_size=3)
LEAF = st.lists(st.sampled_from(TAKEN), min_size=1, max_size=3)


def objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    plain = st.dictionaries(FIELD, LEAF | inner, min_size=1, max_size=3)
    alternatives = st.fixed_dictionaries({"$or": st.lists(plain, min_size=2, max_size=3)})
    return plain | st.builds(lambda one, other: {**one, **other}, plain, alternatives)


DETAIL = st.recursive(st.dictionaries(FIELD, LEAF, min_size=1, max_size=2), objects, max_leaves=4)


@settings(deadline=None)
@given(DETAIL)
def test_whatever_is_made_by_the_rules_is_taken_and_sent_as_it_is(detail):
    pattern = {"source": ["shop"], "detail": detail}
    assert refused(pattern) == []
    assert json.loads(compact(pattern)) == pattern


@settings(deadline=None)
@given(detail=DETAIL, wrong=st.sampled_from(["x", 5, None, True, [], {}, [[]], [{}], [{"prefx": "x"}]]), data=st.data())
def test_one_wrong_element_anywhere_is_found_there(detail, wrong, data):
    """Somewhere in the tree one leaf is replaced."""
    where: tuple[str | int, ...] = ("detail",)
    holder: Any = {"detail": detail}
    node: Any = detail
    while isinstance(node, dict) or where[-1] == "$or":
        step = data.draw(st.sampled_from(list(node)) if isinstance(node, dict) else st.just(0))
        holder, node, where = node, node[step], (*where, step)
    holder[where[-1]] = wrong
    found = refused({"source": ["shop"], "detail": detail})
    assert len(found) == 1
    assert found[0].startswith(path(where))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3) | st.sampled_from([*MATCHERS, "$or"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["source", "detail", "$or", "account", "x"]), JSON, min_size=1, max_size=3))
@example({"detail": {"a": [{"numeric": [{}, {}]}]}})
@example({"detail": {"a": [{"anything-but": [[]]}]}})
def test_no_json_breaks_the_check(pattern):
    refused(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        {"account": ["123456789012"]},
        {"detail-type": ["Order Placed"]},
        {"detail": {"nothing": [{"exists": False}]}},
        {"source": [{"prefix": "shop"}]},
        {"source": [{"prefix": "aws."}]},
        {"source": [{"anything-but": "aws.states"}]},
        {"source": [{"exists": True}]},
        {"source": ["shop", {"equals-ignore-case": "AWS.States"}]},
        {"$or": [{"source": ["shop"]}, {"detail-type": ["Order Placed"]}]},
    ],
)
def test_a_pattern_without_sources_by_their_names_is_refused(pattern):
    assert said(pattern).startswith('source must list the sources by their names, such as ["shop"]')


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["aws.states"]},
        {"source": ["shop", "aws.states"]},
        {"source": ["aws.states"], "detail-type": ["Something Else"]},
        {"source": ["aws.states"], "detail-type": [CALL], "detail": {"eventName": ["StartExecution"]}},
        {"source": ["aws.states"], "detail": {"status": ["FAILED"]}},
        {"source": ["aws.states"], "detail": {"executionArn": [{"prefix": f"{EXECUTIONS}orders:"}]}},
        {"source": ["aws.states"], "detail": {"stateMachineArn": [{"suffix": ":orders"}]}},
        {"source": ["aws.states"], "detail": {"stateMachineArn": [{"anything-but": f"{MACHINES}orders"}]}},
        {"source": ["aws.states"], "detail": {"stateMachineArn": [f"{MACHINES}orders", {"exists": True}]}},
        {"source": ["aws.states"], "detail": {"stateMachineArn": [None]}},
        {"source": ["shop"], "$or": [{"source": ["aws.states"]}, {"detail": {"a": [1]}}]},
        {"source": ["aws.states"], "$or": [{"detail": {"a": [1]}}, {"detail": {"stateMachineArn": [MACHINES]}}]},
        {
            "source": ["aws.states"],
            "detail": {"stateMachineArn": [f"{MACHINES}orders"]},
            "detail.stateMachineArn": [{"exists": True}],
        },
    ],
)
def test_events_of_step_functions_need_the_arns_of_other_machines(pattern):
    assert said(pattern).startswith("detail.stateMachineArn must list the ARNs of other state machines")


@pytest.mark.parametrize("source", sorted(CALLED - {"aws.states"}))
@pytest.mark.parametrize(
    "types",
    [
        {},
        {"detail-type": [CALL]},
        {"detail-type": ["Object Created", "AWS Service Event via CloudTrail"]},
        {"detail-type": [{"prefix": "Object"}]},
        {"$or": [{"detail-type": ["Object Created"]}, {"detail": {"eventName": ["Publish"]}}]},
    ],
)
def test_events_of_a_service_that_the_workflow_calls_need_a_type_that_is_no_trails(source, types):
    assert said({"source": ["shop", source], **types}).startswith("detail-type must list types that are none of")


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["shop"]},
        {"source": ["aws.ec2"], "detail": {"status": ["FAILED"]}},
        {"source": ["aws.s3"], "detail-type": [CALL]},
        {"source": ["aws.ecs", "aws.cloudwatch"], "detail-type": [{"suffix": "Change"}]},
        {"source": ["aws.lambda"], "detail-type": ["Lambda Function Invocation Result - Failure"]},
        {"source": ["aws.states"], "detail": {"stateMachineArn": [f"{MACHINES}orders"], "status": ["FAILED"]}},
        {"source": ["aws.states"], "detail.stateMachineArn": [f"{MACHINES}orders", f"{MACHINES}payouts"]},
        {"source": ["AWS.STATES"]},
        {"$or": [{"source": ["shop"]}, {"source": ["erp"], "detail-type": ["Order Placed"]}]},
    ],
)
def test_a_pattern_that_cannot_match_this_workflows_own_events_is_taken(pattern):
    assert refused(pattern) == []


def test_the_services_that_the_workflow_calls_are_those_of_its_roles(full, mailed):
    """And SES, whose events need a configuration set of somebody else's: no trail's has one."""
    actions = {
        action
        for policy in full.of(ROLE_POLICY) + mailed.of(ROLE_POLICY)
        for statement in policy.json("policy")["Statement"]
        for action in statement["Action"]
    }
    taken = {"aws.sts", "aws.kms"}  # the roles themselves, and the key of the topics: no statement names these
    assert {f"aws.{action.partition(':')[0]}" for action in actions} | taken == CALLED | {SES}
    assert full.named("aws:sns/topic:Topic", "approvers-topic").inputs["kmsMasterKeyId"]


def test_a_pattern_that_names_this_very_machine_is_refused_as_soon_as_its_arn_is_known(full):
    own = full.exports["stateMachineArn"]
    pattern = {"source": ["aws.states"], "detail": {"stateMachineArn": [f"{MACHINES}orders", own]}}
    with pytest.raises(Exception, match=f"must name other state machines.*{own}"):
        deploy(config=texts({"approvers": [ALICE], "eventPattern": pattern}))


def of_set(*names: Any) -> dict[str, Any]:
    """What is told of the mails of these configuration sets."""
    return {"detail": {"mail": {"tags": {"ses:configuration-set": list(names)}}}}


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["shop", "aws.ses"], "detail-type": ["Email Bounced"]},
        {"source": ["aws.ses"], **of_set("news", {"exists": True})},
        {"source": ["aws.ses"], "$or": [of_set("news"), {"detail-type": ["Email Bounced"]}]},
    ],
)
def test_events_of_ses_need_configuration_sets_by_their_names_only_where_mails_go_by_it(pattern):
    said = refusal(approvers=[ALICE], mailFrom=SENDER, eventPattern=pattern)
    where = 'signoff:eventPattern.detail.mail.tags["ses:configuration-set"]'
    assert said.startswith(f"{where} must list configuration sets by their names where source has aws.ses")
    assert load(approvers=[ALICE], eventPattern=pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["aws.ses", "shop"], **of_set("news", "test-1111111")},
        {"$or": [{"source": ["shop"]}, {"source": ["aws.ses"], **of_set("news")}]},
    ],
)
def test_events_of_other_configuration_sets_are_taken(pattern):
    graph = deploy(config=texts({"approvers": [ALICE], "mailFrom": SENDER, "eventPattern": pattern}))
    assert graph.named("aws:cloudwatch/eventRule:EventRule", "trigger-rule").json("eventPattern") == pattern


def test_a_pattern_that_names_our_own_configuration_set_is_refused_as_soon_as_its_name_is_known(mailed):
    own = mailed.variables("ask")["CONFIGURATION_SET"]
    config = texts({"approvers": [ALICE], "eventPattern": {"source": ["aws.ses"], **of_set("news", own)}})
    with pytest.raises(Exception, match=f"must name other configuration sets.*{own}"):
        deploy(config=config | {"mailFrom": SENDER})
    assert deploy(config=config).nodes


def test_a_good_pattern_comes_out_of_the_config_as_it_went_in():
    pattern = {"source": ["shop"], "detail": {"ü": [1.5, None, {"numeric": [">", 0]}]}}
    assert load(approvers=[ALICE], eventPattern=pattern).event_pattern == pattern
