"""Silence, and one emulator for what has to be real."""

from tests.support.emulator import emulator
from tests.support.quiet import quiet

__all__ = ["emulator", "quiet"]
