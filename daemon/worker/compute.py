# SPDX-License-Identifier: GPL-3.0-or-later
"""What Cycles computes with: the job says it, whatever the preferences had. Needs bpy.

A backend that does not see the devices that the job was given is an error: Cycles would render on the CPU and not say a word.
"""

from typing import Any

AUTO = ("OPTIX", "CUDA", "HIP", "ONEAPI", "METAL")


class Unusable(Exception):
    """The devices cannot be had; the text says why."""


def choose(compute: str, gpus: int) -> None:
    """`compute`: a backend, AUTO or NONE; `gpus`: how many devices were made visible."""
    preferences = _cycles()
    if preferences is None and compute not in ("NONE", "AUTO"):
        raise Unusable(f"{compute} was asked for, and this Blender has no Cycles")
    if preferences is None:
        return
    preferences.compute_device_type = "NONE"
    if compute == "NONE":
        return
    told = []
    for backend in AUTO if compute == "AUTO" else (compute,):
        if not (reason := _use(preferences, backend, gpus)):
            return
        told.append(reason)
    preferences.compute_device_type = "NONE"
    raise Unusable("; ".join(told))


def _cycles() -> Any:
    import bpy
    addon = bpy.context.preferences.addons.get("cycles")
    return addon.preferences if addon else None


def _use(preferences: Any, backend: str, gpus: int) -> str:
    """Why not ("" = it is set)."""
    try:
        preferences.compute_device_type = backend
    except TypeError:                    # no such item of the enum
        return f"this Blender was built without {backend}"
    found = [device for device in preferences.get_devices_for_type(backend) or () if device.type == backend]
    if len(found) < gpus:
        return f"{backend} sees {len(found) or 'none'} of the {gpus} GPUs that the job was given"
    ids = {device.id for device in found[:gpus]}
    for device in preferences.devices:
        device.use = device.type == backend and device.id in ids
    return ""
