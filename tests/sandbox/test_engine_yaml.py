"""A stack's file gives the program what the engine would, or is refused. The engine's answers are recorded."""

import json
from pathlib import Path

import pytest

from sandbox.config import ConfigError, stack_config

RECORDED = json.loads(Path(__file__).with_name("engine-config.json").read_text(encoding="utf-8"))["cases"]
ENCRYPTED = "is encrypted, and the sandbox has no key to it"


@pytest.fixture
def read(tmp_path):
    (tmp_path / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")

    def read(file):
        (tmp_path / "Pulumi.dev.yaml").write_text(file, encoding="utf-8", newline="")
        return stack_config(tmp_path, "dev", {})

    return read


def parsed(config):
    """Objects and lists by what they hold, with their order: spaces in JSON say nothing."""
    return {
        key: json.dumps(json.loads(value), ensure_ascii=False) if value[:1] in {"{", "["} else value
        for key, value in config.items()
    }


def outcome(read, case):
    """How the sandbox compares with the engine: "same", "refused", or what it took for something else."""
    wanted = case["config"]
    try:
        found = read(case["file"])
    except ConfigError as error:
        expected = wanted is None or (None in wanted.values() and ENCRYPTED in str(error))
        return "same" if expected else "refused"
    if wanted is None or None in wanted.values():
        return f"read: {found}"
    return "same" if parsed(found) == parsed(wanted) else f"read: {found}"


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["file"].removeprefix("config:\n  demo:key: ")[:60])
def test_a_stacks_file_is_read_as_the_engine_reads_it_or_refused(read, case):
    assert outcome(read, case) == ("refused" if case.get("refused") else "same")


def test_a_key_that_is_there_twice_is_named_with_both_lines(read):
    with pytest.raises(ConfigError, match=r"line 3 is refused: the key 'demo:a' is there already, in line 2"):
        read("config:\n  demo:a: 1\n  demo:a: 2\n")


@pytest.mark.parametrize(
    ("file", "path"),
    [
        ("{demo:to: [a, {secure: v1:x}]}", "demo:to[1]"),
        ("{demo:to: {secure: v1:x}}", "demo:to"),
        ("{demo:p: {pay: {groups: [{people: {secure: v1:x}}]}}}", "demo:p.pay.groups[0].people"),
        ("{demo:p: {<<: {secure: v1:x}}}", "demo:p"),
        ("{p: [[{secure: v1:x}]]}", "demo:p[0][0]"),
    ],
)
def test_what_is_encrypted_is_named_by_its_path_without_the_secret_text(read, file, path):
    with pytest.raises(ConfigError) as refused:
        read(f"config: {file}")
    key = path.partition("[")[0].partition(".")[0]
    assert f"{path} {ENCRYPTED}: give it with --config {key}=..." in str(refused.value)
    assert "v1:x" not in str(refused.value)


def test_what_the_command_line_gives_needs_no_key_to_the_secret_in_the_file(tmp_path):
    (tmp_path / "Pulumi.yaml").write_text("name: demo\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {demo:to: [{secure: v1:x}]}")
    assert stack_config(tmp_path, "dev", {"demo:to": "[]"}) == {"demo:to": "[]"}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("{a: " * 20_000 + "}" * 20_000, "nested too deep"),
        (r'"\ud83d\ude00"', r"\u is half a character"),
        ("[.nan]", ".nan may be a number or a time; put a text in quotes"),
        ("2027-01-31T10:00:00Z", "put a text in quotes"),
        ("0777", "a number in its usual form"),
        ("&a [*a]", "contains itself"),
        ("!vault x", "the tag !vault is not read here"),
    ],
    ids=lambda value: value[:20],
)
def test_what_the_sandbox_cannot_read_as_the_engine_does_is_refused_in_words_with_its_line(read, value, words):
    with pytest.raises(ConfigError, match=r"^Pulumi\.dev\.yaml") as refused:
        read(f"config:\n  demo:key: {value}\n")
    assert words in str(refused.value)


def test_aliases_of_aliases_end(read):
    grown = "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}' if n else 'x'] * 10)}]\n" for n in range(9))
    with pytest.raises(ConfigError, match="more than 100000 values"):
        read(f"{grown}config: {{demo:a: *x8}}\n")
