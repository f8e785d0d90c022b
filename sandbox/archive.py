"""Turns a Pulumi archive into the zip file that Lambda takes."""

from __future__ import annotations

import io
import zipfile
from functools import cache
from pathlib import Path

import pulumi

EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time a zip can hold
READABLE = 0o100644 << 16


def zipped(archive: pulumi.Archive) -> bytes:
    """The same files give the same bytes: names sorted, one fixed time and mode.

    Relative paths start from the current folder, which is the program's while it runs.
    Raises TypeError for an asset or archive that is neither text nor a file nor a collection of such.
    """
    return _packed(tuple(sorted(entries(archive).items())))


@cache
def _packed(files: tuple[tuple[str, bytes], ...]) -> bytes:
    """Kept: every stack of one process has the same archives."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files:
            info = zipfile.ZipInfo(name, EPOCH)
            info.external_attr = READABLE
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, content)
    return data.getvalue()


def entries(archive: pulumi.Archive) -> dict[str, bytes]:
    if not isinstance(archive, pulumi.AssetArchive):
        raise TypeError(f"expected a pulumi.AssetArchive with an explicit list of files, got {type(archive).__name__}")
    found: dict[str, bytes] = {}
    for name, asset in archive.assets.items():
        if isinstance(asset, pulumi.StringAsset):
            found[name] = asset.text.encode()
        elif isinstance(asset, pulumi.FileAsset):
            found[name] = Path(asset.path).read_bytes()
        elif isinstance(asset, pulumi.AssetArchive):
            found |= {f"{name}/{inner}": content for inner, content in entries(asset).items()}
        else:
            raise TypeError(f"{name}: expected a FileAsset or StringAsset, got {type(asset).__name__}")
    return found
