#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A Blender that is plain Python: obeys `--version` and `-b … --python-expr EXPR`, and runs the very code of daemon/worker on a stub of bpy.

It starts in a tenth of a second and forks for real, so the pool is tested by the hundred. What it is to do wrong is in the environment, FAKE_BLENDER, words
with commas between them (see fake_faults.py); `version=4.2.1` there makes it another version.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def words() -> dict[str, str]:
    """FAKE_BLENDER as a dict: "crash_at_start,version=4.2.1"."""
    pairs = (word.partition("=") for word in os.environ.get("FAKE_BLENDER", "").split(",") if word)
    return {name: value for name, _, value in pairs}


def main(argv: list[str]) -> int:
    version = words().get("version", "4.9.0")
    if "--version" in argv or "-v" in argv:
        if "broken_version" in words():
            print("fake_blender: error while loading shared libraries: libnothing.so.1", file=sys.stderr)
            return 127
        print(f"Blender {version}\n\tbuild date: 2026-01-01\n\tbuild time: 00:00:00\n\tbuild commit date: 2026-01-01\n\tbuild commit time: 00:00\n"
              "\tbuild hash: fake00000000\n\tbuild platform: Linux\n\tbuild type: Release")
        return 0
    if "-b" not in argv or "--python-expr" not in argv:
        print("fake_blender: only --version and -b … --python-expr EXPR are understood", file=sys.stderr)
        return 2
    expression = argv[argv.index("--python-expr") + 1]
    print(f"Blender {version}", flush=True)
    os.environ["FAKE_SAW"] = os.environ.get("CUDA_VISIBLE_DEVICES", "")   # as a driver would, at its start
    sys.path.insert(0, os.path.join(HERE, "fake_bpy"))
    sys.path.insert(1, HERE)
    import bpy
    import fake_faults
    bpy.app.version_string, bpy.app.version = version, tuple(map(int, version.split(".")))
    fake_faults.at_start(words())
    exec(expression.replace("boot.main()", "import fake_faults; fake_faults.install(boot); boot.main()"), {"__name__": "__main__"})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
