"""The operator's tool as somebody runs it who has one policy and nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import partial
from io import StringIO
from tempfile import NamedTemporaryFile
from typing import Any
from unittest.mock import patch

from operate.__main__ import main
from sandbox.deploy import PROJECT
from tests.support.stacks import Stack


@dataclass(frozen=True)
class Told:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


class Operator:
    """A user of the emulator with one policy. Calls are commands with options, run here, without a terminal."""

    def __init__(self, stack: Stack, name: str, policy: str) -> None:
        iam = stack.sandbox.client("iam")
        self.arn = iam.create_user(UserName=name)["User"]["Arn"]
        iam.put_user_policy(UserName=name, PolicyName="the-only-one", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        self._outputs = NamedTemporaryFile("w", suffix=".json")  # noqa: SIM115 - as long as this is there
        json.dump(dict(stack.sandbox.outputs), self._outputs)
        self._outputs.flush()
        self.environment = {
            "AWS_ENDPOINT_URL": stack.sandbox.cloud.endpoint,
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": "127.0.0.1",
        }

    def begin(self, command: str, *options: str) -> subprocess.Popen[str]:
        """The same as a process of its own."""
        given: Any = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        line = [sys.executable, "-m", "operate", command, *options, "--outputs", self._outputs.name]
        # Whoever runs the tests in the background has them ignore Ctrl-C, as the process would, too.
        given["preexec_fn"] = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        return subprocess.Popen(line, cwd=PROJECT, env=os.environ | self.environment, text=True, **given)

    def __call__(self, command: str, *options: str, typed: str = "", **environment: str) -> Told:
        out, err = StringIO(), StringIO()
        file = [] if "--outputs" in options else ["--outputs", self._outputs.name]
        with (
            patch.dict(os.environ, self.environment | environment),
            patch("sys.stdin", StringIO(typed)),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            try:
                main([command, *options, *file])
            except SystemExit as ended:
                return Told(int(ended.code or 0), out.getvalue(), err.getvalue())
        raise AssertionError("main always ends by SystemExit")
