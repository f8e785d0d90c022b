"""The pictures of the docs: that none is older than what it shows, and what they are drawn from."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace

import pytest
from PIL import Image

from pictures import demo, dot, machine, resources
from pictures.album import GROUPS
from pictures.browser import small
from pictures.resources import Call
from pictures.sources import IMAGES, RECORDED, Sources

LARGEST = 2 * 1024 * 1024  # bytes of all pictures
AGAIN = "run `make pictures`, look at what has changed, and commit it"
PRINTED = """\
    0.8 s  AWS emulator up at http://127.0.0.1:54979, with IAM
           arn:aws:states:eu-central-1:000000000000:execution:workflow-machine-134fe50:01624cf0-77de-40d5-a06c-a130edb852b2
           │ Asked at: Wed 25 Nov 2026, 11:28 CET
           │ Answer until: Wed 25 Nov 2026, 12:28 CET
           │ http://127.0.0.1:54979/_aws/execute-api/e5013e85/$default/approvals/bab2df33-2b6c-4711-b2ae-bd23f11c52de/\
nvxulnpd66kg647zc3a6zrmvy445qfzzjdyknb25bgzsgb4ipjva
             "requestId": "bab2df33-2b6c-4711-b2ae-bd23f11c52de",
             "requestedAt": "2026-11-25T10:28:13Z",
             "digest": "b1683f023cc2893c644d31a06a6a34ee5a28c3dce35d4ddbec7a87a5ab6cec30",
             "decidedAt": "2026-11-25T10:28:16Z",
"""


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.names[0])
def test_no_picture_is_older_than_what_it_is_drawn_from(group):
    recorded, digest = json.loads(RECORDED.read_text(encoding="utf-8")), group.sources.digest()
    old = [name for name in group.names if recorded.get(name) != digest]
    more = f" and {len(old) - 1} more" if len(old) > 1 else ""
    assert not old, f"{old[0]}{more}: older than what is shown; {AGAIN}. Drawn from {group.sources.files()}"


def test_every_picture_is_there_and_all_of_them_are_small():
    names = [name for group in GROUPS for name in group.names]
    assert sorted(names) == sorted(json.loads(RECORDED.read_text(encoding="utf-8")))
    missing = [name for name in names if not (IMAGES / name).is_file()]
    assert not missing, f"not there: {', '.join(missing)}; {AGAIN}"
    assert sum(file.stat().st_size for file in IMAGES.iterdir()) < LARGEST


@pytest.mark.parametrize("name", [machine.NAME, resources.NAME, demo.NAME])
def test_a_drawing_has_text_and_loads_nothing(name):
    drawing = (IMAGES / name).read_text(encoding="utf-8")
    assert "<text" in drawing
    assert not re.search(r"url\((?!#)|href=|<script|<image", drawing)


@pytest.fixture
def project(tmp_path):
    (tmp_path / "p").mkdir()
    (tmp_path / "p/__init__.py").write_text("")
    (tmp_path / "p/page.py").write_text("def show():\n    from p.pieces import piece\n    import q\n")
    (tmp_path / "p/pieces.py").write_text("piece = 1\n")
    (tmp_path / "p/style.css").write_text("body { color: red }\n")
    (tmp_path / "q.py").write_text("")
    return tmp_path


SOURCES = Sources(modules=("p/page.py",), within=("p/",), others=("p/*.css",))


def test_sources_are_what_a_module_imports_of_its_own_and_what_nothing_imports(project):
    assert SOURCES.files(project) == ["p/page.py", "p/pieces.py", "p/style.css"]


@pytest.mark.parametrize("file", ["p/page.py", "p/pieces.py", "p/style.css"])
def test_a_change_of_a_source_is_seen(project, file):
    before = SOURCES.digest(project)
    (project / file).write_text((project / file).read_text() + "\n")
    assert SOURCES.digest(project) != before


def test_what_is_elsewhere_and_how_lines_end_is_no_change(project):
    before = SOURCES.digest(project)
    (project / "q.py").write_text("changed = True\n")
    (project / "p/style.css").write_bytes(b"body { color: red }\r\n")
    assert SOURCES.digest(project) == before


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.names[0])
def test_every_source_that_is_named_is_there(group):
    files = group.sources.files()
    assert files
    for beginning in group.sources.within:
        assert any(file.startswith(beginning) for file in files), beginning


def test_pages_are_drawn_from_their_style_and_wording_and_mails_are_not_of_them():
    files = GROUPS[0].sources.files()
    assert {"handlers/approvals/faces/style.css", "handlers/approvals/faces/wording.py"} <= set(files)
    assert "handlers/approvals/faces/mail.py" not in files


def test_the_machine_is_drawn_with_every_state_and_every_way():
    definition = machine.definition()
    document = machine.document(definition)
    for name, state in definition["States"].items():
        assert f"{dot.quoted(name)} [" in document
        targets = [
            *(one["Next"] for one in [state, *state.get("Catch", []), *state.get("Choices", [])] if "Next" in one)
        ]
        for target in targets:
            assert f"{dot.quoted(name)} -> {dot.quoted(target)} " in document
    assert '"Expire request" -> "Ask for late decision" [label="DynamoDB.ConditionalCheckFailedException"' in document
    assert '"Ask again?" -> "Request approval" [label="$round <= $terms.rounds"' in document


def test_resources_are_drawn_with_who_may_call_whom():
    graph = resources.recorded()
    calls = set(resources.calls(graph))
    assert {
        Call("approval-api", "approval-function", "invokes"),
        Call("approval-function", "approvals-table", "UpdateItem"),
        Call("approval-function", "workflow-machine", "SendTaskSuccess"),
        Call("notifier-request-approval", "approvers-topic", "Publish"),
        Call("records-reconcile-request", "approvals-table", "Query"),
        Call("requests-queue", "notifier-request-approval", "invokes"),
        Call("requests-queue", "requests-dead-letters", "after 8 receives"),
        Call("trigger-rule", "workflow-machine", "StartExecution"),
        Call("trigger-schedule", "workflow-machine", "StartExecution"),
        Call("workflow-machine", "records-endings", "events"),
        Call("workflow-machine", "requests-queue", "SendMessage"),
    } <= calls
    assert not {call for call in calls if call.called == "approvers-topic"} - {
        Call("notifier-request-approval", "approvers-topic", "Publish")
    }
    document = resources.document(graph)
    for node in graph.nodes:
        if node.type in resources.KINDS:
            assert f'"{node.name}" [label=' in document
    assert resources.document(replace(graph, nodes=graph.nodes[::-1])) == document, "the order of registration shows"


def test_a_demo_looks_the_same_whenever_it_ran():
    other = (
        PRINTED.replace("Wed 25 Nov 2026, 11:28", "Thu 31 Dec 2026, 23:59")
        .replace("Wed 25 Nov 2026, 12:28", "Fri 1 Jan 2027, 00:59")
        .replace("2026-11-25T10:28:1", "2026-12-31T22:59:4")
        .replace("54979", "40001")
        .replace("134fe50", "99aabbc")
        .replace("01624cf0-77de", "77777777-77de")
        .replace("bab2df33", "12345678")
        .replace("b1683f02", "00000000")
        .replace("e5013e85", "0123abcd")
        .replace("nvxulnpd66kg", "aaaaaaaaaaaa")
    )
    assert other != PRINTED
    steady = demo.steady(PRINTED, "Europe/Berlin")
    assert demo.steady(other, "Europe/Berlin") == steady
    assert "Answer until: Thu 26 Nov 2026, 11:00 CET" in steady
    assert '"decidedAt": "2026-11-26T09:00:03Z"' in steady
    assert len(set(demo.UUID.findall(steady))) == 2


def test_the_demo_is_broken_where_a_terminal_breaks_it():
    drawn = demo.svg("\x1b[1m" + "x" * (demo.COLUMNS + 3) + "\x1b[0m\n")
    assert ">xxx</text>" in drawn
    assert f">{'x' * demo.COLUMNS}</text>" in drawn


def test_a_drawing_says_what_it_is_and_not_who_drew_it():
    styled = dot.styled(
        '<?xml version="1.0"?>\n<!-- Generated by graphviz 2 -->\n<svg width="8pt">\n<title>x</title><g/></svg>',
        "A & B",
    )
    assert styled.startswith('<svg width="8pt" role="img" aria-label="A &amp; B">\n<style>')
    assert "graphviz" not in styled
    assert "title" not in styled


def test_a_small_picture_keeps_its_size_and_the_colours_of_its_areas():
    card, ground, text = (255, 255, 255), (253, 254, 255), (23, 28, 38)
    picture = Image.effect_noise((400, 300), 50).convert("RGB")
    picture.paste(card, (0, 0, 200, 150))
    picture.paste(ground, (200, 0, 400, 150))
    picture.paste(text, (0, 150, 200, 200))
    out = io.BytesIO()
    picture.save(out, "PNG")
    made = Image.open(io.BytesIO(small(out.getvalue())))
    assert (made.size, made.mode) == ((400, 300), "P")
    shown = made.convert("RGB")
    assert [shown.getpixel(at) for at in ((100, 75), (300, 75), (100, 175))] == [card, ground, text]
