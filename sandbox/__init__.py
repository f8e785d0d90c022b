"""The program on an AWS emulator: no account, no cloud, no e-mail server. See `python -m sandbox --help`."""

from sandbox.session import Sandbox, running

__all__ = ["Sandbox", "running"]
