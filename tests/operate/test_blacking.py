"""What is blacked out in letters and logs: task tokens and the secrets of links, in whatever form they stand."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from operate.letters import blacked

REQUEST, SECRET = "6b999b6b-0c3c-4c55-8f5e-1f2d3c4b5a69", "q7-Zt3_vN0fWc2LxJk8bRm5HsYd1PgUeA9oTiQnXw4C"
LINK = f"https://example.com/approvals/{REQUEST}/{SECRET}"
# As Step Functions makes them, some of whose characters an encoding changes; and as the emulator does.
LONG = "AQCEAAAAKgAAAAMAAAAA" + "l6/Vq+8ZbQ3xT0kR9mWc" * 30 + "=="
SHORT = "7d0c3e5a-8f2b-4c1d-9e6f-0a1b2c3d4e5f"
BODY = {"requestId": REQUEST, "taskToken": "", "details": f"See {LINK} now"}
FORMS: dict[str, Callable[[Any], str]] = {
    "a message": json.dumps,
    "without spaces": lambda body: json.dumps(body, separators=(",", ":")),
    "a destination's record": lambda body: json.dumps({"requestPayload": body, "responsePayload": {}}),
    "JSON in JSON": lambda body: json.dumps({"Records": [{"body": json.dumps(body)}]}),
    "JSON in JSON in JSON": lambda body: json.dumps({"Message": json.dumps({"body": json.dumps(body)})}),
    "escaped slashes": lambda body: json.dumps(body).replace("/", "\\/"),
    "escaped quotation marks": lambda body: json.dumps(json.dumps(body)).replace('\\"', "\\u0022"),
    "percent-encoded": lambda body: quote(json.dumps(body), safe=""),
    "percent-encoded twice": lambda body: quote(quote(json.dumps(body), safe=""), safe=""),
    "an item": lambda body: json.dumps({name: {"S": value} for name, value in body.items()}),
    "Python": repr,
}


@pytest.mark.parametrize("token", [LONG, SHORT], ids=["long", "short"])
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_tokens_and_links_are_blacked_out_in_whatever_form_they_stand(form, token):
    told = blacked(form(BODY | {"taskToken": token}))
    encoded = {one for text in (token, SECRET) for one in (text, quote(text, safe=""), text.replace("/", "\\/"))}
    pieces = {text[at : at + 8] for text in encoded for at in range(len(text) - 8)}
    assert not [piece for piece in pieces if piece in told]
    assert told.count("blacked out") >= 2
    assert REQUEST in told
    assert "now" in told


def test_a_token_is_blacked_out_wherever_it_stands_and_other_words_are_not():
    arn = "arn:aws:states:eu-central-1:123456789012:execution:approvals-workflow-machine-0123abc:manual-" + "x" * 30
    assert blacked(f"{arn} was given {LONG}.") == f"{arn} was given (blacked out)."
