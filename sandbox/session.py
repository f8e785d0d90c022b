"""A running sandbox: emulator, deployed program, inbox. For the command line and for tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.cloud import Cloud
from sandbox.config import setting, stack_config
from sandbox.deploy import PROJECT, Deployed, deploy
from sandbox.emulator import Emulator
from sandbox.inbox import Inbox, Message
from sandbox.page.server import PageServer
from sandbox.page.stack import Stack

DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """One deployed stack. `config` is the configuration that it was deployed with."""

    cloud: Cloud
    config: Mapping[str, str]
    deployed: Deployed
    emulator: Emulator
    inbox: Inbox
    inbox_url: str
    stack: Stack

    @property
    def outputs(self) -> dict[str, Any]:
        return self.deployed.outputs

    def client(self, service: str) -> Any:
        """A boto3 client as the deploying user."""
        return self.cloud.client(service)

    def messages(self) -> list[Message]:
        """The mail so far, oldest first."""
        return self.inbox.messages()

    def events(self) -> list[dict[str, Any]]:
        """See `Stack.events`."""
        return self.stack.events()

    def chat(self) -> list[str]:
        """What a chat was told so far, oldest first: JSON."""
        return [message.body for message in self.inbox.chat()]


@contextmanager
def running(
    stack: str = "dev",
    overrides: Mapping[str, Any] | None = None,
    *,
    whole: bool = False,
    iam: bool = True,
    emulator: Emulator | None = None,
    port: int | None = None,
    lambda_endpoint_url: str | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[Sandbox]:
    """Deploy a stack into an emulator and collect its mail.

    overrides            config values by key, over those of the stack's file; text, or anything JSON can hold
    whole                these are all: no stack file is read
    emulator             an emulator that runs already, for a second stack beside the first; else one is started and
                         stopped here, with the three settings below
    iam                  whether calls are checked against the caller's policies
    port                 a free one unless given
    lambda_endpoint_url  where functions call AWS, when not the emulator itself
    say                  told in a few words what has just been done
    Raises ConfigError, DeployError, EmulatorFailedError or PortTakenError, with everything stopped.
    """
    # Before the emulator: its errors are the quick ones.
    config = stack_config(PROJECT, stack, overrides or {}, whole=whole)
    with ExitStack() as stop:
        if emulator is None:
            emulator = stop.enter_context(Emulator(port=port, iam=iam, lambda_endpoint_url=lambda_endpoint_url))
            say(f"AWS emulator up at {emulator.endpoint}, {'with' if iam else 'without'} IAM")
        cloud = Cloud(endpoint=emulator.endpoint, region=config.get("aws:region", DEFAULT_REGION))
        deployed = deploy(stack, config, cloud)
        say(f"Program deployed as stack {stack}: {len(deployed.made)} resources in {cloud.region}")
        topics, functions = deployed.of("aws:sns/topic:Topic"), deployed.of("aws:lambda/function:Function")
        mail, chat = stop.enter_context(emulator.mail_file.open()), deployed.outputs.get("chatTopicArn", "")
        sets = [one["configurationSetName"] for one in deployed.of("aws:sesv2/configurationSet:ConfigurationSet")]
        inbox = Inbox(mail, [*(topic["arn"] for topic in topics), *sets], chat)
        if sender := setting(config, "mailFrom", PROJECT):  # as its holder has done
            cloud.client("sesv2").create_email_identity(EmailIdentity=sender)
        known = Stack(
            name=stack,
            cloud=cloud,
            emulator=emulator,
            outputs=deployed.outputs,
            zone=ZoneInfo(setting(config, "timezone", PROJECT) or "UTC"),
            log_groups={one["handler"].split(".")[-2]: one["loggingConfig"]["logGroup"] for one in functions},
        )
        server = PageServer(inbox, known)
        stop.callback(server.stop)
        yield Sandbox(
            cloud=cloud,
            config=config,
            deployed=deployed,
            emulator=emulator,
            inbox=inbox,
            inbox_url=server.url,
            stack=known,
        )
