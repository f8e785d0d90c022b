"""Settings: as variables, and back at a cold start."""

# No `from __future__ import annotations`: the fields' types are looked at.
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.contract.settings import FunctionSettings, SettingsError


class Sample(FunctionSettings):
    """A setting of each kind that there is."""

    text: str
    truth: bool
    whole: int
    number: float


VALUES: dict[str, Any] = {
    "label": "dev",
    "text": "Europe/Berlin",
    "truth": True,
    "whole": 3,
    "number": 0.4,
}
VARIABLES = {
    "LABEL": "dev",
    "TEXT": "Europe/Berlin",
    "TRUTH": "true",
    "WHOLE": "3",
    "NUMBER": "0.4",
}


def read(**variables: str) -> Sample:
    return Sample.read(Sample.variables(**VALUES) | variables)


def test_settings_are_read_as_they_were_written_in_one_way_each():
    variables = Sample.variables(**VALUES)
    assert {name: variables[name] for name in VARIABLES} == VARIABLES
    assert read(AWS_REGION="eu-central-1", whole="4") == Sample(**VALUES), "variables of others are left alone"
    later = object()  # as Pulumi's outputs are
    assert Sample.variables(**(VALUES | {"text": later}))["TEXT"] is later


@pytest.mark.parametrize(
    ("field", "value"),
    [("text", ""), ("text", "true"), ("truth", False), ("whole", -5), ("number", 2.0)],
)
def test_a_value_comes_back_as_the_very_same(field, value):
    made = Sample.read(Sample.variables(**(VALUES | {field: value})))
    assert getattr(made, field) == value
    assert type(getattr(made, field)) is type(value)
    number = read(NUMBER="2").number
    assert (number, type(number)) == (2.0, float)


@given(text=st.text())
def test_whatever_people_write_comes_back(text):
    values = VALUES | {"text": text}
    assert Sample.read(Sample.variables(**values)) == Sample(**values)


@pytest.mark.parametrize("field", VALUES)
def test_a_variable_that_is_missing_is_named(field):
    variables = Sample.variables(**VALUES)
    del variables[field.upper()]
    with pytest.raises(SettingsError, match=f"^{field.upper()} is not set$"):
        Sample.read(variables)


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("TRUTH", ["", "True", "yes", "1", '"true"', "null"]),
        ("WHOLE", ["", "3.0", "three", '"3"', "true"]),
        ("NUMBER", ["", "0,4", "true", '"0.4"']),
    ],
)
def test_a_variable_that_is_not_of_its_kind_is_named_with_what_it_holds(name, texts):
    for text in texts:
        with pytest.raises(SettingsError) as refused:
            read(**{name: text})
        assert str(refused.value).startswith(f"{name} must be ")
        assert str(refused.value).endswith(f", got {text!r}")
