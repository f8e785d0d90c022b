"""Runs the Pulumi program and creates what it registers in the emulator: `pulumi up` without the engine."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import runpy
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import mocks, resource, settings
from pulumi.runtime.proto import source_pb2

from infra.config.settings import ConfigError
from sandbox import resources
from sandbox.cloud import Cloud
from sandbox.config import project_name

PROJECT = Path(__file__).resolve().parents[1]
PROVIDER = "pulumi:providers:"
SECRET = "4dabf18193072939515e22adb298388d"  # noqa: S105 - Pulumi's mark on a secret value
WARNINGS = logging.getLogger("signoff.program")

# Where in the program a resource stands is for the engine's messages. To find out took a quarter of a deployment.
resource._get_stack_trace = source_pb2.StackTrace  # noqa: SLF001


class DeployError(Exception):
    """The program failed, or one of its resources could not be created."""


@dataclass
class Deployed:
    """Stack outputs as plain values, and what was made: type, id and outputs of each, in the order of creation."""

    cloud: Cloud
    made: list[tuple[str, str, dict[str, Any]]]
    outputs: dict[str, Any] = field(default_factory=dict)

    def of(self, type_: str) -> list[dict[str, Any]]:
        """The outputs of all resources of one type."""
        return [outputs for made, _, outputs in self.made if made == type_]

    def destroy(self) -> None:
        """Delete it all again, the last first. May be called again if it fails; what is protected fails, as on AWS."""
        while self.made:
            resources.delete(*self.made[-1], self.cloud)
            self.made.pop()


class Provider(mocks.Mocks):
    """Creates custom resources as they are registered; their inputs are known by then, so dependencies come first."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.made: list[tuple[str, str, dict[str, Any]]] = []
        self.failures: list[Exception] = []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        inputs = plain(args.inputs)
        if not args.custom or args.typ.startswith(PROVIDER):
            return args.name, inputs
        try:
            id_, outputs = resources.create(args.typ, args.name, inputs, self._cloud)
        except Exception as error:
            # The SDK reports only that a registration failed; what depends on this one then fails as well.
            self.failures.append(DeployError(f"{args.typ} {args.name!r}: {error}"))
            raise
        self.made.append((args.typ, id_, outputs))  # before anything that needs it is registered
        return id_, outputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], None]:
        error = DeployError(f"the program calls {args.token}, which the sandbox does not answer")
        self.failures.append(error)
        raise error


class Monitor(mocks.MockMonitor):
    """The SDK's stand-in for the engine, which lets two resources have one URN; the engine does not."""

    def __init__(self, provider: mocks.Mocks, failures: list[Exception]) -> None:
        super().__init__(provider)
        self._failures = failures
        self._urns: set[str] = set()
        self._claiming = threading.Lock()

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the engine's name
        urn = self.make_urn(request.parent, request.type, request.name)
        with self._claiming:
            if urn in self._urns:
                error = DeployError(f"duplicate resource URN {urn}: give one of the two another name")
                self._failures.append(error)
                raise error
            self._urns.add(urn)
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]


def evaluate(
    program: Callable[[], Any], monitor: mocks.MockMonitor, *, project: str, stack: str, config: Mapping[str, str]
) -> dict[str, Any]:
    """Run a program until everything that it registers has been; the stack's outputs.

    May be called again in one process; not by two threads at once.
    """
    outputs: dict[str, Any] = {}
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)  # Python 3.14 no longer makes one for us
    # The first failure is raised by the caller. asyncio would print each of its consequences when it is collected.
    loop.set_exception_handler(lambda _loop, _context: None)
    settings.reset_options()  # or the root of an earlier stack stays everyone's parent
    pulumi.runtime.set_all_config(dict(config), [])
    mocks.set_mocks(monitor.mocks, project, stack, preview=False, logger=WARNINGS, monitor=monitor)

    @mocks.test  # type: ignore[untyped-decorator]
    def evaluated() -> pulumi.Output[None]:
        program()
        root: Any = settings.get_root_resource()
        return pulumi.Output.all(**getattr(root, "outputs", {})).apply(outputs.update)

    try:
        evaluated()
    finally:
        loop.close()
        asyncio.set_event_loop(None)
    return outputs


def deploy(stack: str, config: Mapping[str, str], cloud: Cloud, *, root: Path = PROJECT) -> Deployed:
    """Evaluate `__main__.py` of `root` for a stack with a configuration (see `config.stack_config`).

    Raises DeployError with the message of whatever went wrong first.
    """
    provider = Provider(cloud)
    deployed = Deployed(cloud, provider.made)
    monitor = Monitor(provider, provider.failures)
    try:
        # Resources are still being registered after the program's last line, so stay in its folder until they are.
        with contextlib.chdir(root):
            deployed.outputs = evaluate(
                lambda: run_program(root), monitor, project=project_name(root), stack=stack, config=config
            )
    except ConfigError as error:
        raise DeployError(
            f"the program refuses the configuration of stack {stack}:\n{error}\n"
            f"Change it in Pulumi.{stack}.yaml, or with --config."
        ) from error
    except Exception as error:
        if provider.failures:
            raise provider.failures[0] from error
        # The engine, too, shows the words of a RunError alone.
        said = str(error) if isinstance(error, pulumi.RunError) else f"{type(error).__name__}: {error}"
        raise DeployError(said) from error
    if provider.failures:
        raise provider.failures[0]
    return deployed


def run_program(root: Path) -> None:
    """Run `__main__.py` as the engine's language host does: in its folder, which is also where imports start."""
    start = str(root)
    added = start not in sys.path
    if added:
        sys.path.insert(0, start)
    try:
        runpy.run_path(str(root / "__main__.py"), run_name="__main__")
    except SystemExit as error:
        raise DeployError(f"the program called exit: {error.code}") from error
    finally:
        if added:
            sys.path.remove(start)


def plain(value: Any) -> Any:
    """Unwrap Pulumi's secrets."""
    if isinstance(value, Mapping):
        return plain(value["value"]) if SECRET in value else {key: plain(held) for key, held in value.items()}
    return [plain(held) for held in value] if isinstance(value, list | tuple) else value
