"""A webhook is told of decisions: examples/webhook, deployed beside the stack that it listens to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from sandbox.deploy import PROJECT, deploy
from tests.support.stacks import ALICE
from tests.support.waiting import until

TITLE = 'Pay "Müller & Sons" <now> \\ {"outcome": "REJECTED"}'


@pytest.fixture
def posted(plain) -> Iterator[list[tuple[str | None, dict[str, Any]]]]:
    """What the webhook is given: key and body of each request."""
    found: list[tuple[str | None, dict[str, Any]]] = []

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            found.append((self.headers["x-api-key"], body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Webhook) as server:
        threading.Thread(target=server.serve_forever).start()
        config = {"label": "dev", "url": f"http://127.0.0.1:{server.server_port}/hook", "apiKey": "a secret"}
        named = {f"signoff-webhook:{key}": value for key, value in config.items()}
        deployed = deploy("dev", named, plain.sandbox.cloud, root=PROJECT / "examples/webhook")
        yield found
        deployed.destroy()
        server.shutdown()


def test_a_webhook_is_told_of_a_decision_with_its_key_whatever_the_title_says(plain, posted):
    run = plain.start(title=f"{TITLE} {id(posted)}")
    run.title = f"{id(posted)}"
    plain.press(run.link(), comment='"Fine."')
    key, body = until(lambda: next((one for one in posted if str(id(posted)) in one[1]["title"]), None), "the post")
    (told,) = [
        one["detail"]
        for one in plain.sandbox.events()
        if one["detail-type"] == "Approval Decided" and str(id(posted)) in one["detail"]["title"]
    ]
    assert key == "a secret"
    assert body == {name: told[name] for name in ("id", "title", "outcome", "votes")}
    assert (body["outcome"], body["votes"][0]["approver"]) == ("APPROVED", ALICE)
    assert TITLE in body["title"]
