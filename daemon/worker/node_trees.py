# SPDX-License-Identifier: GPL-3.0-or-later
"""One walk over all node trees of the open scene: what kinds of nodes there are, and those that concern us. Needs bpy.

A node's class is read by map() and not node by node: of 2,000 materials that is half the time of the whole preflight.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Owned = tuple[Any, Any]                  # something, and the data-block that it is in


@dataclass
class Survey:
    trees: list[Owned] = field(default_factory=list)     # node tree, owner
    kinds: dict[str, list[Owned]] = field(default_factory=dict)   # of SOUGHT → the trees that have such a node
    external: list[Owned] = field(default_factory=list)  # nodes that may name a file: light profiles, OSL scripts


    def unknown(self) -> Iterator[tuple[Any, list[str] | None]]:
        """Owners of nodes that no add-on here has registered, with the nodes' names; None: the tree itself is of an unknown kind."""
        for tree, owner in self.trees:
            if tree.bl_idname == "NodeTreeUndefined":
                yield owner, None
        for tree, owner in self.kinds.get(UNKNOWN, ()):
            if tree.bl_idname != "NodeTreeUndefined" and (names := [node.name for node in tree.nodes if node.bl_idname == "NodeUndefined"]):
                yield owner, names


UNKNOWN = "Node"                         # the class of a node whose own class nobody has registered
EXTERNAL = ("ShaderNodeTexIES", "ShaderNodeScript")
SOUGHT = (UNKNOWN, *EXTERNAL)


def survey() -> Survey:
    out, seen = Survey(), set[type]()    # seen: classes that concern nobody
    for tree, owner in _trees():
        out.trees.append((tree, owner))
        for kind in set(map(type, tree.nodes)) - seen:
            if kind.__name__ in SOUGHT:
                out.kinds.setdefault(kind.__name__, []).append((tree, owner))
            else:
                seen.add(kind)
    for kind in EXTERNAL:
        out.external += [(node, owner) for tree, owner in out.kinds.get(kind, ()) for node in tree.nodes if type(node).__name__ == kind]
    return out


def _trees() -> Iterator[Owned]:
    import bpy
    data = bpy.data
    for blocks in (data.materials, data.worlds, data.lights, data.linestyles, data.textures):
        for block in blocks:
            if tree := block.node_tree:
                yield tree, block
    for group in data.node_groups:
        yield group, group
    for scene in data.scenes:            # from 5.0 on the compositor's tree is a node group
        if tree := getattr(scene, "node_tree", None):
            yield tree, scene


def image_users(trees: Survey) -> dict[str, list[Any]]:
    """By name of the image: all that say which of its frames are shown."""
    import bpy
    users: dict[str, list[Any]] = {}

    def add(image: Any, user: Any) -> None:
        if image and user:
            users.setdefault(image.name_full, []).append(user)

    for tree, _ in trees.trees:
        for node in tree.nodes:
            if isinstance(image := getattr(node, "image", None), bpy.types.Image):
                add(image, node if hasattr(node, "frame_duration") else getattr(node, "image_user", None))
    for texture in bpy.data.textures:
        if texture.type == "IMAGE":
            add(texture.image, texture.image_user)
    for block in bpy.data.objects:
        if block.type == "EMPTY" and isinstance(block.data, bpy.types.Image):
            add(block.data, block.image_user)
    for camera in bpy.data.cameras:
        for background in camera.background_images:
            add(background.image, background.image_user)
    return users
