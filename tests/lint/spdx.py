# SPDX-License-Identifier: Apache-2.0
"""Each source file says its licence in its first lines: GPL for what runs inside Blender, Apache for the rest."""

from collections.abc import Iterator

from .tree import ROOT, files, shown, text

INSIDE_BLENDER = ("addon/", "client/python/", "daemon/worker/")
SOURCES = {".h", ".cc", ".py", ".cmake", ".proto", ".sql", ".sh", ".service", ".yaml", ".toml"}
SCRIPTS = ("scripts/", ".ci/")
OTHERS = ("proto/google/",)  # with their own notice


def violations() -> Iterator[str]:
    for path in files():
        name = path.relative_to(ROOT).as_posix()
        source = path.suffix in SOURCES or path.name in ("CMakeLists.txt", "Dockerfile") or (name.startswith(SCRIPTS) and path.suffix in ("", ".txt"))
        if not source or name.startswith(OTHERS):
            continue
        licence = "GPL-3.0-or-later" if name.startswith(INSIDE_BLENDER) else "Apache-2.0"
        if not any(line.endswith(f"SPDX-License-Identifier: {licence}") for line in text(path).splitlines()[:3]):
            yield f"{shown(path, 1)}: its first lines lack SPDX-License-Identifier: {licence}"
