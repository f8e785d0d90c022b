"""Measures the program against the plain pattern that it replaces, in the sandbox: `make bench`."""
