# SPDX-License-Identifier: GPL-3.0-or-later
"""Values and data-blocks for Offstage's jobs, and back again: for scripts and add-ons in a Blender, and for plain Python where no data-blocks travel.

    import offstage_transfer as offstage

    answer = offstage.run("decimate_mesh.py", parameters={"ratio": 0.1}, data_blocks=[bpy.context.object])
    print(answer.result)
    answer.load(replace=True)

`run` calls the `offstage` command and waits. Whoever talks to the daemon in another way packs a Parcel, and makes an Answer of what the job has left.
Only the standard library, and of numpy and bpy what the values need.
"""

from pathlib import Path

# values.py, blocks.py and images.py are the worker's own. Installed they lie in this folder, in the source tree where the worker is.
__path__.append(str(Path(__file__).resolve().parents[3] / "daemon" / "worker"))

from .jobs import Answer, Failed, run  # noqa: E402
from .parcel import Parcel  # noqa: E402
from .session import load  # noqa: E402

__all__ = ["Answer", "Failed", "Parcel", "load", "run"]
