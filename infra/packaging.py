"""What goes into a Lambda archive, file by file: our source, and the libraries it imports, from this environment.

The libraries are pure Python, so an archive built on any machine runs on arm64. boto3 comes with the runtime.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

import jinja2
import pulumi

from handlers.contract import templates

ROOT = Path(__file__).resolve().parents[1]
# Powertools needs typing_extensions, and jmespath, which is boto3's as well.
LOGGING = ("aws-lambda-powertools", "typing-extensions")
# MarkupSafe falls back to Python where its compiled half is missing.
RENDERING = ("jinja2", "markupsafe")
# What no handler imports, directly or not: more than half of Powertools.
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
    content: dict[str, pulumi.Asset | pulumi.Archive] = {
        name: pulumi.FileAsset(str(path)) for name, path in files(entry, libraries).items()
    }
    if "jinja2" in libraries:
        content |= {name: pulumi.StringAsset(code) for name, code in _compiled_templates()}
    return pulumi.AssetArchive(dict(sorted(content.items())))


def files(entry: str, libraries: tuple[str, ...]) -> dict[str, Path]:
    """Archive names and where their content lies. Raises FileNotFoundError for an entry point that does not exist."""
    own = [ROOT / "handlers/__init__.py", ROOT / f"handlers/{entry}.py", *_domain()]
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


def _compiled_templates() -> Iterator[tuple[str, str]]:
    """Archive names and code: what Jinja2 would make of the templates in each cold start.

    Only its built-in filters can be used in them: what the page defines itself is a function there.
    """
    environment = jinja2.Environment(**templates.OPTIONS)  # noqa: S701 - they escape
    for path in sorted((ROOT / templates.SOURCES).glob("*.html")):
        code = environment.compile(path.read_text(encoding="utf-8"), path.name, path.name, raw=True, defer_init=True)
        yield f"{templates.COMPILED}/{jinja2.ModuleLoader.get_module_filename(path.name)}", code


@cache
def _vendored(library: str) -> tuple[tuple[str, Path], ...]:
    """The Python files of an installed distribution."""
    listed = distribution(library).files or []
    return tuple(
        (name, Path(str(file.locate())))
        for file in listed
        if (name := file.as_posix()).endswith(".py") and not name.startswith(("..", *UNUSED))
    )
