"""A page of another site in a real browser, which tries to use the sandbox's AWS and the sandbox's page."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from sandbox.cloud import Cloud
from sandbox.emulator import Emulator
from sandbox.inbox import Inbox
from sandbox.page.server import PageServer
from sandbox.page.stack import Stack
from tests.browser.conftest import tab
from tests.browser.test_pressing import elsewhere

SIGNED = (  # by nobody: the emulator does not check it
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=x&X-Amz-Date=20261125T000000Z"
    "&X-Amz-Credential=test/20261125/eu-central-1/{}/aws4_request"
)
ROLE = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}]}
# One after the other what makes code run; the answers, or why there are none.
ATTACK = """async (steps) => {
  const answers = [];
  for (const [address, asked] of steps) {
    try {
      const answer = await fetch(address, asked);
      answers.push(`${answer.status} ${await answer.text()}`);
    } catch (error) { answers.push(String(error)); }
  }
  return answers;
}"""


@pytest.fixture(scope="module")
def emulator(browser: Browser) -> Iterator[Emulator]:
    with Emulator() as started:
        yield started


@pytest.fixture(params=["localhost", "127.0.0.1"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Of another site, or of another port of this machine."""
    with elsewhere(request.param, "<p>Hello") as there, tab(browser) as opened:
        opened.page.goto(there)
        yield opened.page


def attack(emulator: Emulator) -> list[tuple[str, dict[str, Any]]]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("main.py", "def handler(event, context):\n    return 6 * 7")
    function = {
        "FunctionName": "theirs",
        "Role": "arn:aws:iam::000000000000:role/theirs",
        "Runtime": "python3.13",
        "Handler": "main.handler",
        "Code": {"ZipFile": base64.b64encode(packed.getvalue()).decode()},
    }
    role = f"Action=CreateRole&RoleName=theirs&AssumeRolePolicyDocument={json.dumps(ROLE)}"
    at = f"{emulator.endpoint}/2015-03-31/functions"
    signed = SIGNED.format("lambda")
    return [
        (f"{emulator.endpoint}/?{SIGNED.format('iam')}&{role}", {"method": "POST"}),
        (f"{at}?{signed}", {"method": "POST", "body": json.dumps(function)}),
        (f"{at}/theirs/invocations?{signed}", {"method": "POST", "body": "{}"}),
    ]


def test_another_site_makes_no_function_and_runs_none(page: Page, emulator: Emulator) -> None:
    answers = page.evaluate(ATTACK, attack(emulator))
    assert answers == ["TypeError: Failed to fetch"] * 3
    cloud = Cloud(endpoint=emulator.endpoint, region="eu-central-1")
    assert not cloud.client("lambda").list_functions()["Functions"]
    assert not [role for role in cloud.client("iam").list_roles()["Roles"] if role["RoleName"] == "theirs"]


@pytest.fixture
def server(emulator: Emulator) -> Iterator[PageServer]:
    """The sandbox's page, of a stack that has nothing."""
    cloud = Cloud(endpoint=emulator.endpoint, region="eu-central-1")
    stack = Stack(name="dev", cloud=cloud, emulator=emulator, outputs={}, zone=ZoneInfo("UTC"), log_groups={})
    opened = PageServer(Inbox(io.StringIO(), ()), stack)
    yield opened
    opened.stop()


def test_another_site_neither_starts_a_request_nor_reads_the_mail(page: Page, server: PageServer) -> None:
    steps = [
        (f"{server.url}/requests", {"method": "POST", "body": "title=x", "mode": "no-cors"}),
        (f"{server.url}/messages", {}),
    ]
    opaque, read = page.evaluate(ATTACK, steps)
    assert opaque == "0 "
    assert read == "TypeError: Failed to fetch"
    page.evaluate(f"document.body.innerHTML = `<form method=post action='{server.url}/requests'>`")
    with page.expect_navigation():
        page.evaluate("document.forms[0].submit()")
    expect(page.get_by_text("for this machine only")).to_be_visible()


def test_a_link_of_another_page_opens_what_the_sandbox_shows(page: Page, server: PageServer) -> None:
    page.evaluate(f"document.body.innerHTML = `<a href='{server.url}/messages'>Mail</a>`")
    page.get_by_role("link").click()
    expect(page.get_by_text("[]")).to_be_visible()
