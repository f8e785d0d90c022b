import io
import os
import zipfile

import pulumi
import pytest

from sandbox.archive import zipped


def archive(path, *, backwards=False):
    entries: dict[str, pulumi.Asset | pulumi.Archive] = {
        "handlers/a.py": pulumi.StringAsset("print('ä')"),
        "b.py": pulumi.FileAsset(str(path)),
        "lib": pulumi.AssetArchive({"c.py": pulumi.StringAsset("c")}),
    }
    return pulumi.AssetArchive(dict(reversed(entries.items())) if backwards else entries)


def test_the_same_files_give_the_same_bytes(tmp_path):
    path = tmp_path / "b.py"
    path.write_text("b = 1")
    os.utime(path, (1, 1_000_000_000))
    first = zipped(archive(path))
    os.utime(path, (1, 1_700_000_000))
    path.chmod(0o600)
    assert zipped(archive(path, backwards=True)) == first


def test_everything_is_in_it_and_readable_by_all(tmp_path):
    path = tmp_path / "b.py"
    path.write_text("b = 1")
    with zipfile.ZipFile(io.BytesIO(zipped(archive(path)))) as found:
        assert found.namelist() == ["b.py", "handlers/a.py", "lib/c.py"]
        assert found.read("handlers/a.py").decode() == "print('ä')"
        assert {info.date_time for info in found.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {info.external_attr >> 16 for info in found.infolist()} == {0o100644}


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(TypeError, match="explicit list"):
        zipped(pulumi.FileArchive(str(tmp_path)))
