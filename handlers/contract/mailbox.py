"""Who a mail comes from, as a mail's head has it: the program checks it, and a function sends it."""

from email.header import Header
from email.utils import formataddr

# What SES takes, though its guide does not say so: https://github.com/zulip/zulip/issues/17558
MAILBOX_LIMIT = 320  # bytes
WORD = 75  # characters of an encoded word


def mailbox(name: str, address: str) -> str:
    """In ASCII. A long name takes several encoded words, which `formataddr` does not make: RFC 2047."""
    if name.isascii():
        return formataddr((name, address))
    return f"{Header(name, 'utf-8', WORD).encode(linesep='')} <{address}>"


def domains(address: str) -> list[str]:
    """That of the address, and each above it but the last: SES may have verified any of them."""
    labels = address.rpartition("@")[2].split(".")
    return [".".join(labels[start:]) for start in range(len(labels) - 1)]
