"""Settings: as variables, and back at a cold start."""

# No `from __future__ import annotations`: the fields' types are looked at.
from dataclasses import dataclass, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.contract.environment import Environment, SettingsError

TASK = {"title": "Daily payout", "details": "All of it — süß."}


@dataclass(frozen=True, kw_only=True)
class Sample(Environment):
    """A setting of each kind that there is."""

    text: str
    truth: bool
    whole: int
    number: float
    people: tuple[str, ...]
    task: dict[str, str]
    spare: int = 7


VALUES: dict[str, Any] = {
    "environment": "dev",
    "text": "Europe/Berlin",
    "truth": True,
    "whole": 3,
    "number": 0.4,
    "people": ("anna@example.com", "ben@example.com"),
    "task": TASK,
}
VARIABLES = {
    "ENVIRONMENT": "dev",
    "TEXT": "Europe/Berlin",
    "TRUTH": "true",
    "WHOLE": "3",
    "NUMBER": "0.4",
    "PEOPLE": '["anna@example.com", "ben@example.com"]',
}


def read(**variables: str) -> Sample:
    return Sample.read(Sample.variables(**VALUES) | variables)


def test_each_kind_has_one_way_to_be_written():
    variables = Sample.variables(**VALUES)
    assert {name: variables[name] for name in VARIABLES} == VARIABLES
    assert all(type(one) is str for one in variables.values())
    assert variables["TASK"].isascii(), "4 KB are all that variables have, whatever the encoding"


def test_settings_are_read_as_they_were_written():
    assert read() == Sample(**VALUES)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", ""),
        ("text", "true"),
        ("text", '["a"]'),
        ("truth", False),
        ("whole", 0),
        ("whole", -5),
        ("number", 2.0),
        ("number", 0.1 + 0.2),
        ("people", ()),
        ("task", {}),
    ],
)
def test_a_value_comes_back_as_the_very_same(field, value):
    made = Sample.read(Sample.variables(**(VALUES | {field: value})))
    assert getattr(made, field) == value
    assert type(getattr(made, field)) is type(value)


@given(text=st.text(), people=st.lists(st.text()).map(tuple), task=st.dictionaries(st.text(), st.text()))
def test_whatever_people_write_comes_back(text, people, task):
    values = VALUES | {"text": text, "people": people, "task": task}
    assert Sample.read(Sample.variables(**values)) == Sample(**values)


def test_a_value_that_is_known_only_later_is_left_as_it_is():
    """Pulumi's outputs."""
    later = object()
    assert Sample.variables(**(VALUES | {"text": later}))["TEXT"] is later


def test_a_default_may_be_left_out_or_overruled():
    assert read().spare == 7
    assert read(SPARE="8").spare == 8
    assert "SPARE" not in Sample.variables(**VALUES)
    assert Sample.variables(**VALUES, spare=9)["SPARE"] == "9"


def test_variables_of_others_are_left_alone():
    assert read(AWS_REGION="eu-central-1", POWERTOOLS_SERVICE_NAME="x", whole="4") == Sample(**VALUES)


@pytest.mark.parametrize("field", [field.name for field in fields(Sample) if field.name != "spare"])
def test_a_variable_that_is_missing_is_named(field):
    variables = Sample.variables(**VALUES)
    del variables[field.upper()]
    with pytest.raises(SettingsError, match=f"^{field.upper()} is not set$"):
        Sample.read(variables)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("TRUTH", ""),
        ("TRUTH", "True"),
        ("TRUTH", "yes"),
        ("TRUTH", "1"),
        ("TRUTH", '"true"'),
        ("TRUTH", "null"),
        ("WHOLE", ""),
        ("WHOLE", "3.0"),
        ("WHOLE", "three"),
        ("WHOLE", '"3"'),
        ("WHOLE", "true"),
        ("NUMBER", ""),
        ("NUMBER", "0,4"),
        ("NUMBER", "true"),
        ("NUMBER", '"0.4"'),
        ("PEOPLE", ""),
        ("PEOPLE", "anna@example.com"),
        ("PEOPLE", '"anna@example.com"'),
        ("PEOPLE", "[1]"),
        ("PEOPLE", '["anna@example.com", null]'),
        ("PEOPLE", '{"anna@example.com": 1}'),
        ("TASK", ""),
        ("TASK", "[]"),
        ("TASK", '"title"'),
        ("SPARE", "many"),
    ],
)
def test_a_variable_that_is_not_of_its_kind_is_named_with_what_it_holds(name, text):
    with pytest.raises(SettingsError) as refused:
        read(**{name: text})
    assert str(refused.value).startswith(f"{name} must be ")
    assert str(refused.value).endswith(f", got {text!r}")


def test_a_whole_number_will_do_for_any_number():
    number = read(NUMBER="2").number
    assert (number, type(number)) == (2.0, float)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"whole": None}, "whole"),
        ({"whole": None, "text": None}, "text, whole"),
        ({"hole": 3}, "hole"),
        ({"WHOLE": 3}, "WHOLE"),
        ({"whole": None, "hole": 3}, "hole, whole"),
    ],
)
def test_values_that_are_not_just_the_settings_are_refused_by_name(change, named):
    values = {name: value for name, value in (VALUES | change).items() if value is not None}
    with pytest.raises(SettingsError, match=f"^Sample: {named} must be given if and only if it is a setting$"):
        Sample.variables(**values)
