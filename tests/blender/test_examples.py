# SPDX-License-Identifier: Apache-2.0
"""Examples of data in and out, as a user runs them: from a Blender of one's own, and from the command line."""
from __future__ import annotations

import json
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DECIMATE = ROOT / "client" / "examples" / "decimate_mesh.py"


def host(blender: str, script: Path, *args: str) -> list[str]:
    """A Blender of one's own that runs a script."""
    if "python" in Path(blender).name:
        return [blender, str(script), "--", *args]
    return [blender, "-b", "--factory-startup", "--python-exit-code", "9", "--python", str(script), "--", *args]


def test_decimate_mesh_takes_an_object_and_gives_it_back(shared, blender: str) -> None:
    done = subprocess.run(host(blender, DECIMATE), env=shared.env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Suzanne has 9" in done.stdout and "is in ['Collection']" in done.stdout
    newest = shared.json("list", "--limit", "1")[0]
    parts = Path(newest["out_dir"]) / ".blocks"
    assert sorted(path.name for path in parts.iterdir()) == ["0.blend", "0.json"]
    again = shared.offstage("run", str(DECIMATE), "--data-blocks", str(parts / "0.blend"), "--param", "ratio=0.5")
    faces = json.loads(again.stdout)["Suzanne"]
    assert faces["faces_before"] == newest["result"]["Suzanne"]["faces_after"] < 100 and faces["faces_after"] < faces["faces_before"] * 0.7


def test_a_host_s_array_goes_by_the_daemon_and_comes_back_mapped(shared, blender: str, tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text("python_data = {'sum': float(array.sum()), 'back': array[::-1].copy()}\n")
    script = tmp_path / "host.py"
    script.write_text(f"""
import sys
sys.path.append({str(ROOT / "client" / "python")!r})
import numpy, offstage_transfer
array = numpy.arange(1_000_000.0)
answer = offstage_transfer.run({str(tmp_path / "job.py")!r}, {{"array": array}})
back = answer.result["back"]
assert answer.result["sum"] == array.sum() and (back == array[::-1]).all() and not back.flags.owndata
try:
    offstage_transfer.run({str(tmp_path / "job.py")!r}, {{"array": [1, {{2}}]}})
except ValueError as error:
    print("REFUSED", error)
try:
    offstage_transfer.run({str(tmp_path / "job.py")!r}, {{}})
except offstage_transfer.Failed as error:
    print("FAILED", error)
""")
    done = subprocess.run(host(blender, script), env=shared.env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'REFUSED parameters["array"][1]: object of type set' in done.stdout
    assert "FAILED NameError: name 'array' is not defined" in done.stdout
