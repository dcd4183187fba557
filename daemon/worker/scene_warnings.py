# SPDX-License-Identifier: GPL-3.0-or-later
"""The warnings that a scene can give: their codes, what to do about each, and their form. No bpy here. In words for people: docs/reference/warnings.md."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

Warning = dict[str, Any]                 # {"code", "message", "metadata": {"hint", …}}, see WIRE.md

_FIND = "put the file back, or mend the path in the scene (File > External Data); then `offstage retry` the job"
_BAKE = "bake it, or put the cache's folder back beside the .blend; then `offstage retry` the job"
_ADDON = "run it in a Blender that has the add-on, or name the add-on in the job's environment"
HINTS = {
    "LIBRARY_MISSING": _FIND,
    "DATA_BLOCK_MISSING": "put it back into the library, or link it anew; then `offstage retry` the job",
    "TEXTURE_MISSING": _FIND,
    "FONT_MISSING": _FIND,
    "SOUND_MISSING": _FIND,
    "CLIP_MISSING": _FIND,
    "STRIP_MISSING": _FIND,
    "VOLUME_MISSING": _FIND,
    "FILE_MISSING": _FIND,
    "CACHE_MISSING": _BAKE,
    "SIMULATION_UNBAKED": "bake it: frames that are computed apart do not know what came before them",
    "SCRIPTS_BLOCKED": "if you trust the file, run it with --trust-blend-scripts",
    "ENGINE_UNKNOWN": _ADDON,
    "NODE_UNKNOWN": _ADDON,
    "COLORSPACE_FALLBACK": "give the job the colour configuration that the scene was made with (--env OCIO=/path/config.ocio)",
    "NO_CAMERA": "give the scene a camera, or bind one to a marker",
}
MOST = 100                               # of a code; what is beyond is counted
MAX_TEXT = 4096                          # of a message or a value of metadata: paths can be long, and many


def warning(code: str, message: str, **metadata: str) -> Warning:
    return {"code": code, "message": _clip(message), "metadata": {**{key: _clip(value) for key, value in metadata.items() if value}, "hint": HINTS[code]}}


def bounded(warnings: Iterable[Warning]) -> list[Warning]:
    """By code in the order of HINTS, at most MOST of each; the last of these says how many more there are."""
    ordered = sorted(warnings, key=lambda one: list(HINTS).index(one["code"]))
    count, seen, out = Counter(one["code"] for one in ordered), Counter[str](), []
    for one in ordered:
        code = one["code"]
        seen[code] += 1
        if seen[code] < MOST or count[code] <= MOST:
            out.append(one)
        elif seen[code] == MOST:
            more = count[code] - MOST + 1
            out.append(warning(code, f"{more} more of this kind, not listed", more=str(more)))
    return out


def refusal(warnings: list[Warning]) -> dict[str, Any]:
    """The end of a job that is not to run with such a scene."""
    first = "; ".join(one["message"] for one in warnings[:3])
    more = f"; and {len(warnings) - 3} more" if len(warnings) > 3 else ""
    return {"state": "failed", "reason": "PREFLIGHT", "message": f"the scene is not as it should be: {first}{more}",
            "hint": warnings[0]["metadata"]["hint"] + ". --on-warning warn runs it as it is"}


def _clip(text: str) -> str:
    """UTF-8 can say it (names of files may be other bytes), and it is no novel."""
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT - 1] + "…"
