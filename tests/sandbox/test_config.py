import pytest

from sandbox.config import ConfigError, parse_override, setting, stack_config


@pytest.fixture
def config(tmp_path):
    (tmp_path / "Pulumi.yaml").write_text("{name: demo, runtime: python}")

    def read(stack_file="", **overrides):
        (tmp_path / "Pulumi.dev.yaml").write_text(stack_file)
        return stack_config(tmp_path, "dev", overrides.pop("overrides", overrides))

    return read


def test_a_key_without_a_namespace_is_the_projects(config):
    found = config("config: {demo:plain: from the stack, count: 2, aws:region: us-east-1}")
    assert found == {"demo:plain": "from the stack", "demo:count": "2", "aws:region": "us-east-1"}


def test_what_the_engine_would_add_from_the_project_is_refused(config, tmp_path):
    config()
    (tmp_path / "Pulumi.yaml").write_text("{name: demo, config: {count: {type: integer, default: 1}}}")
    with pytest.raises(ConfigError, match=r"Pulumi\.yaml: config is not read here: say it in Pulumi\.dev\.yaml"):
        stack_config(tmp_path, "dev", {})


def test_an_override_wins_in_either_namespace_that_the_program_reads(config):
    """The program takes the project's own key first, which must not beat what was said last."""
    found = config(
        "config: {demo:count: 2, signoff:plain: a, other:plain: b}", overrides={"signoff:count": 3, "plain": "c"}
    )
    assert {key: text for key, text in found.items() if key.endswith(("count", "plain"))} == {
        "signoff:count": "3",
        "demo:plain": "c",
        "other:plain": "b",
    }


def test_a_whole_configuration_reads_no_stack_file(tmp_path):
    (tmp_path / "Pulumi.yaml").write_text("{name: demo}")
    assert stack_config(tmp_path, "none", {"count": 2, "aws:region": "eu-west-1"}, whole=True) == {
        "demo:count": "2",
        "aws:region": "eu-west-1",
    }


def test_a_setting_is_looked_up_as_the_program_does(config, tmp_path):
    found = config('config: {demo:count: "", signoff:count: 3, signoff:reminders: 4}')
    assert [setting(found, key, tmp_path) for key in ("count", "reminders", "schedule")] == ["", "4", ""]


def test_an_unknown_stack_is_refused_with_those_that_exist(config, tmp_path):
    config()
    with pytest.raises(ConfigError, match=r"Pulumi\.test\.yaml does not exist \(there is dev\)"):
        stack_config(tmp_path, "test", {})


def test_a_stack_with_a_dot_in_its_name_is_listed_by_all_of_it(config, tmp_path):
    config()
    (tmp_path / "Pulumi.prod.eu-1.yaml").write_text("")
    with pytest.raises(ConfigError, match=r"\(there is dev, prod\.eu-1\)"):
        stack_config(tmp_path, "test", {})
    assert stack_config(tmp_path, "prod.eu-1", {}) == {}


def test_an_override_is_a_key_and_a_value():
    assert parse_override('signoff:task={"a": 1}') == ("signoff:task", '{"a": 1}')
    assert parse_override("a==") == ("a", "=")
    with pytest.raises(ConfigError, match="key=value"):
        parse_override("signoff:task")
