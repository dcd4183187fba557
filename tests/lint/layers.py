# SPDX-License-Identifier: Apache-2.0
"""Who may include whom.

A folder of daemon/ includes only itself and the folders to its left: base < core < store < pool < api < app. What is public of the client includes only what is
public; the command line and the examples include only that and themselves, so that whatever they can do, any user's program can.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from .tree import ROOT, files, shown, text

LAYERS = ["base", "core", "store", "pool", "api", "app"]
RPC = re.compile(r"grpc|absl/|google/|offstage/v1/")
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')

# Without gRPC and protobuf: what ThreadSanitizer can judge, and what is linked without them.
FREE_OF_RPC = ["base", "core", "store"]


def wrong(folder: str, layer: str, include: str) -> str:
    """Why a file of this folder and layer may not include that; empty if it may."""
    target = include.split("/")[0]
    if folder == "daemon":
        if target in LAYERS and LAYERS.index(target) > LAYERS.index(layer):
            return f"{layer} must not know {target}"
        if layer in FREE_OF_RPC and RPC.match(include):
            return f"{layer} is free of gRPC and protobuf"
        return "the daemon does not use its client" if re.match(r"offstage/(?!v1/)|cli/", include) else ""
    if target in LAYERS:
        return "the client does not know the daemon's insides"
    if layer != "src" and RPC.match(include):
        return "only client/src knows gRPC and protobuf"
    if layer == "include" and not include.startswith("offstage/") and "/" in include and not include.startswith("sys/"):
        return "public headers include only public headers"
    if layer in ("cli", "examples") and target == "src":
        return f"client/{layer} uses only the public headers"
    return ""


def violations() -> Iterator[str]:
    for folder in ("daemon", "client"):
        for path in files(".h", ".cc", under=folder):
            layer = path.relative_to(ROOT / folder).parts[0]
            if folder == "daemon" and layer not in LAYERS:
                yield f"{shown(path, 1)}: daemon/{layer} is none of the layers {' < '.join(LAYERS)}"
                continue
            yield from judge(path, folder, layer)


def judge(path: Path, folder: str, layer: str) -> Iterator[str]:
    for number, line in enumerate(text(path).splitlines(), 1):
        if (found := INCLUDE.match(line)) and (why := wrong(folder, layer, found[1])):
            yield f"{shown(path, number)}: includes {found[1]}: {why}"
