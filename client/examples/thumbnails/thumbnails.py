#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A picture of each mesh object of a .blend: one job an object, all on one scene, which is opened once.

    python3 thumbnails.py LIBRARY.blend -o FOLDER [--size 128]

Plain Python and the command line `offstage`; no Blender runs here.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

LIST = "import bpy, offstage\noffstage.result = [o.name for o in bpy.data.objects if o.type == 'MESH']\n"
THUMBNAIL = Path(__file__).with_name("thumbnail.py")


def offstage(*arguments: str, text: str | None = None) -> str:
    done = subprocess.run(["offstage", *arguments], input=text, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.returncode)  # it has said why
    return done.stdout


def file_name(number: int, name: str) -> str:
    """Any name is good for an object, not for a file."""
    return f"{number:04} " + "".join(c if c.isalnum() or c in " .-_" else "_" for c in name)[:80] + ".png"


def main() -> None:
    parser = argparse.ArgumentParser(description="A picture of each mesh object of a .blend.")
    parser.add_argument("library", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--size", type=int, default=128, help="pixels, square")
    arguments = parser.parse_args()
    scene = ["--blend", str(arguments.library)]

    offstage("warm", str(arguments.library))
    names = json.loads(offstage("run", "-", *scene, text=LIST))
    jobs = []
    for number, name in enumerate(names):
        parameters = {"object": name, "size": arguments.size, "file": file_name(number, name)}
        jobs.append(offstage("submit", str(THUMBNAIL), *scene, "--cpus", "1", "--params", "-", "--name", name[:200], text=json.dumps(parameters)).strip())
    offstage("wait", *jobs)
    for job in jobs:
        offstage("fetch", job, "-o", str(arguments.output))
    print(f"{len(jobs)} pictures in {arguments.output}")


if __name__ == "__main__":
    main()
