"""Records anew what the Pulumi engine makes of the stack files in engine-config.json: needs `pulumi` on the PATH.

    .venv/bin/python -m tests.sandbox.record_engine_config

A new case is a line `{"file": "config:\\n  …"}` in that file. Of the answers only each key's value is
kept; a key with anything encrypted in it is null, and so is the whole of a file that the engine refuses. What
the engine reads and the sandbox refuses is marked by hand: `"refused": true`.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

ANSWERS = Path(__file__).with_name("engine-config.json")


def main() -> None:
    recorded = json.loads(ANSWERS.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        own = {"PULUMI_BACKEND_URL": f"file://{folder}", "PULUMI_HOME": folder, "PULUMI_CONFIG_PASSPHRASE": "none"}

        def pulumi(*arguments: str) -> subprocess.CompletedProcess[str]:
            command = ["pulumi", *arguments, "--non-interactive"]
            return subprocess.run(
                command, cwd=folder, env=os.environ | own, capture_output=True, text=True, check=False
            )

        Path(folder, "Pulumi.yaml").write_text("name: demo\nruntime: python\n")
        pulumi("stack", "init", "dev").check_returncode()
        for case in recorded["cases"]:
            Path(folder, "Pulumi.dev.yaml").write_text(case["file"], encoding="utf-8", newline="")
            case["config"] = values(pulumi("config", "--json", "--stack", "dev"))
    lines = ",\n".join(json.dumps(case, ensure_ascii=True) for case in recorded.pop("cases"))
    head = json.dumps(recorded, indent=0).removesuffix("\n}")
    ANSWERS.write_text(f'{head},\n"cases": [\n{lines}\n]}}\n', encoding="utf-8")


def values(answered: subprocess.CompletedProcess[str]) -> dict[str, Any] | None:
    if answered.returncode:
        return None
    return {key: found.get("value") for key, found in json.loads(answered.stdout).items()}


if __name__ == "__main__":
    main()
