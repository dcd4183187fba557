# SPDX-License-Identifier: GPL-3.0-or-later
"""Loads the data-blocks that a job gave back into the session of a Blender. Needs bpy."""

from typing import Any

from . import blocks
from .blocks import Block, Known


def load(folder: str, known: Known | None = None, replace: bool = False, collection: Any = None) -> list[Any]:
    """The blocks that the script named, in its order; of all parts in `folder`, the oldest first.

    known        of the Parcel that went with the job
    replace      A block that went with the job is replaced by what came back of it: users, collections and name are handed on, the old one goes. Its own data
                 (a mesh with its shape keys, an action, the objects of a collection) goes with it, unless others use that, too. Whatever else came along
                 and is here already (materials, images …) stays as it is here. Nothing that did not go with the job is touched, whatever it is called.
    collection   objects and collections are linked to it if they are in none
    """
    loaded: list[Any] = []
    for part in blocks.parts(folder):
        got = blocks.read(folder, part, Known())
        loaded += [block.id for block in got if not block.along]
        if replace and known:
            _Replacement(got, known).carry_out()
    loaded = [block for block in loaded if blocks.alive(block)]     # one that came in two parts was replaced by the later
    if collection is not None:
        _link(loaded, collection)
    return loaded


class _Replacement:
    def __init__(self, got: list[Block], known: Known) -> None:
        self._got, self._known = got, known
        self._old = {block.id: old for block in got if (old := known.find(block.uuid)) is not None and old != block.id}

    def carry_out(self) -> None:
        whole = self._whole()
        data = {one for block in whole for one in _data_of(block)}
        for block in self._got:
            if block.along and block.id in self._old and block.id not in whole and block.id not in data and not _is_keys(block.id):
                block.id.user_remap(self._old[block.id])
                _remove(block.id)
        orphans: list[tuple[Any, Any]] = []
        for new, old in self._old.items():
            if new in whole and not _is_keys(new):
                orphans += zip(_data_of(old), _data_of(new), strict=True)
                old.user_remap(new)
                self._hand_on(old, new)
        loaded = {block.id for block in self._got}
        for old, new in orphans:
            if old is not None and old != new and new in loaded and blocks.alive(old) and old.users == int(old.use_fake_user):
                self._hand_on(old, new)

    def _whole(self) -> set[Any]:
        """What was named, with what is in it: to be replaced. Of shape keys, what they belong to."""
        whole = {block.id.user if _is_keys(block.id) else block.id for block in self._got if not block.along}
        queue = list(whole)
        for block in queue:
            for inner in _contents(block):
                if inner not in whole:
                    whole.add(inner)
                    queue.append(inner)
        return whole

    def _hand_on(self, old: Any, new: Any) -> None:
        name, fake, uuid = old.name, old.use_fake_user, self._known.uuid(old)
        _remove(old)
        new.name, new.use_fake_user = name, fake
        self._known.add(new, uuid)           # for a part that comes later


def _contents(block: Any) -> tuple[Any, ...]:
    import bpy
    collection = block.collection if isinstance(block, bpy.types.Scene) else block
    return (*collection.children, *collection.objects) if isinstance(collection, bpy.types.Collection) else ()


def _data_of(block: Any) -> tuple[Any, ...]:
    """What a block has for itself, as a rule, place by place: data and actions."""
    import bpy
    data = block.data if isinstance(block, bpy.types.Object) else None
    return (data, *(_action(owner) for owner in (block, data, getattr(data, "shape_keys", None))))


def _is_keys(block: Any) -> bool:
    return blocks.collection_of(block) == blocks.KEYS


def _action(block: Any) -> Any:
    animation = getattr(block, "animation_data", None)
    return animation.action if animation else None


def _remove(block: Any) -> None:
    import bpy
    getattr(bpy.data, blocks.collection_of(block)).remove(block)


def _link(loaded: list[Any], collection: Any) -> None:
    import bpy
    for block in loaded:
        if isinstance(block, bpy.types.Object) and not block.users_collection:
            collection.objects.link(block)
        elif isinstance(block, bpy.types.Collection) and block.users == int(block.use_fake_user):
            collection.children.link(block)
