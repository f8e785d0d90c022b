"""The files of a Lambda archive: our source, and the libraries it imports, taken from this environment.

The libraries are pure Python, so an archive built on any machine runs on arm64. boto3 comes with the runtime.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

import pulumi

ROOT = Path(__file__).resolve().parents[2]
# What an entry module of ours runs of its holder's.
YOURS = {"generate": "generate_task", "process": "process_task"}
# Powertools needs typing_extensions, and jmespath, which is boto3's as well.
LOGGING = ("aws-lambda-powertools", "typing-extensions")
# MarkupSafe falls back to Python where its compiled half is missing.
RENDERING = ("markupsafe",)
# Never imported by a handler, directly or not: more than half of Powertools.
UNUSED = tuple(
    f"aws_lambda_powertools/{part}/"
    for part in (
        "utilities/parser",
        "utilities/idempotency",
        "utilities/feature_flags",
        "utilities/kafka",
        "utilities/data_masking",
        "utilities/parameters",
        "utilities/streaming",
        "event_handler",
    )
)


def archive(entry: str, libraries: tuple[str, ...]) -> pulumi.AssetArchive:
    """The archive of the function whose module is handlers/`entry`.py.

    An explicit list: a folder would bring caches along, and change with them.
    """
    return pulumi.AssetArchive(
        {name: pulumi.FileAsset(str(path)) for name, path in sorted(files(entry, libraries).items())}
    )


def files(entry: str, libraries: tuple[str, ...]) -> dict[str, Path]:
    """Paths of files by name in the archive. Raises FileNotFoundError for an entry point that does not exist."""
    modules = ["__init__", entry, *([YOURS[entry]] if entry in YOURS else [])]
    own = [*(ROOT / f"handlers/{module}.py" for module in modules), *_domain()]
    for path in own:
        if not path.is_file():
            raise FileNotFoundError(path)
    found = {path.relative_to(ROOT).as_posix(): path for path in own}
    for library in libraries:
        found |= dict(_vendored(library))
    return found


def _domain() -> Iterator[Path]:
    for folder in ("handlers/approvals", "handlers/contract"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".py", ".css"}:
                yield path


@cache
def _vendored(library: str) -> tuple[tuple[str, Path], ...]:
    """The Python files of an installed distribution."""
    listed = distribution(library).files or []
    return tuple(
        (name, Path(str(file.locate())))
        for file in listed
        if (name := file.as_posix()).endswith(".py") and not name.startswith(("..", *UNUSED))
    )
