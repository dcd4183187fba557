#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Merges the assets of many .blend files into one library, each file opened in a Blender of its own, at the same time.

    python3 merge_library.py -o library.blend chairs.blend tables.blend lamps.blend

From each file comes what is marked as an asset, or, where nothing is, its mesh objects, with all that they use. Equal names of two files are kept apart.
Plain Python and the command line `offstage`; no Blender runs here.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

COLLECT = """
import bpy, offstage
kinds = ("collections", "objects", "materials", "node_groups", "actions", "worlds")
everything = [block for kind in kinds for block in getattr(bpy.data, kind) if block.library is None]
marked = [block for block in everything if block.asset_data]
data_blocks.extend(marked or [thing for thing in bpy.data.objects if thing.type == "MESH" and thing.library is None])
offstage.result = [block.name for block in data_blocks]
"""

MERGE = """
import bpy, offstage, os
for block in passed_data_blocks:
    block.use_fake_user = True
    if not block.asset_data:
        block.asset_mark()
    if isinstance(block, bpy.types.Object):
        bpy.context.scene.collection.objects.link(block)
    elif isinstance(block, bpy.types.Collection):
        bpy.context.scene.collection.children.link(block)
for thing in [t for t in bpy.data.objects if t.name in ("Cube", "Camera", "Light") and t not in passed_data_blocks and not t.asset_data]:
    bpy.data.objects.remove(thing)         # of the factory's scene
bpy.ops.wm.save_as_mainfile(filepath=os.path.join(offstage.out_dir, "library.blend"), compress=True)
offstage.result = sorted(block.name for block in passed_data_blocks)
"""


def offstage(*arguments: str, text: str | None = None) -> str:
    done = subprocess.run(["offstage", *arguments], input=text, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)  # it has said why
    return done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description="Merges the assets of many .blend files into one library.")
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="LIBRARY.blend")
    arguments = parser.parse_args()
    if arguments.output.exists():
        sys.exit(f"{arguments.output} exists already")

    jobs = [offstage("submit", "-", "--blend", str(file), "--name", f"collect {file.name}", text=COLLECT).strip() for file in arguments.files]
    offstage("wait", *jobs)
    parts = []
    for job in jobs:
        folder = Path(json.loads(offstage("show", job, "--json"))["out_dir"]) / ".blocks"
        parts += [part for library in sorted(folder.glob("*.blend")) for part in ("--data-blocks", str(library))]
    merged = json.loads(offstage("run", "-", "--name", f"merge {arguments.output.name}", "--json", *parts, text=MERGE))
    with tempfile.TemporaryDirectory(dir=arguments.output.absolute().parent) as folder:
        offstage("fetch", merged["id"], "library.blend", "-o", folder)
        Path(folder, "library.blend").rename(arguments.output)
    print(f"{arguments.output} has {len(merged['result'])} assets: {', '.join(merged['result'])}")


if __name__ == "__main__":
    main()
