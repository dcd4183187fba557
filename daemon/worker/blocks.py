# SPDX-License-Identifier: GPL-3.0-or-later
"""Data-blocks out of a Blender and into another: a part is a library `.blocks/N.blend` and a manifest `.blocks/N.json`. Needs bpy; no part of the worker.

A block is never known by its name alone, for names change on the way (`Cube` becomes `Cube.001` where there is a Cube). It has a uuid, given by whoever wrote
it first: one that came in goes out under the uuid that it came with. Within a library a name of a type is unique, and Blender gives back what it loads in the
order asked for: so manifest and blocks meet. What is linked from a library stays linked: only its place is told. docs/reference/data-blocks.md has the form.
"""

import json
import os
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from . import images

FOLDER = ".blocks"
KEYS = "shape_keys"      # belong to a mesh, curve or lattice, and travel with it
UNFIT = ("libraries", "screens", "window_managers", "workspaces")  # not appended by Blender; writing a workspace crashes 4.5
Entry = dict[str, Any]
Real = Callable[[str], str]


class Unfit(ValueError):
    """What cannot travel; the text names it: `data_blocks[2]: …`."""


class Unreadable(Exception):
    """A part, or a library that it refers to, cannot be loaded; the text says which and why."""


@dataclass(frozen=True)
class Block:
    uuid: str
    id: Any
    along: bool          # came because another needs it


class Known:
    """Which block has which uuid. By Blender's own reference to it, which survives renaming and undo, and dies with the block."""

    def __init__(self) -> None:
        self._uuids: dict[Any, str] = {}
        self._blocks: dict[str, Any] = {}

    def uuid(self, block: Any) -> str:
        if block not in self._uuids:
            self.add(block, uuid.uuid4().hex)
        return self._uuids[block]

    def add(self, block: Any, name: str) -> None:
        self._uuids[block] = name
        self._blocks[name] = block

    def find(self, name: str) -> Any:
        """The block, or None: it was never here, or is gone."""
        block = self._blocks.get(name)
        return block if block is not None and alive(block) else None


def alive(block: Any) -> bool:
    try:
        return bool(block.name) or True
    except ReferenceError:
        return False


def parts(folder: str) -> list[int]:
    """The numbers of the parts that are whole, in the order in which they were made."""
    place = os.path.join(folder, FOLDER)
    names = os.listdir(place) if os.path.isdir(place) else []
    return sorted(int(name[:-5]) for name in names if name.endswith(".json") and name[:-5].isdigit())


def write(folder: str, part: int, blocks: Iterable[Any], known: Known, name: str = "data_blocks", real: Real = str) -> list[str]:
    """Makes a part; returns its files' names. The manifest comes last, by rename: a part whose manifest is there is whole.

    `real`: the path that a file has for others, where this Blender sees it elsewhere.
    """
    roots = _checked(blocks, name)
    os.makedirs(os.path.join(folder, FOLDER), mode=0o700, exist_ok=True)
    library, manifest = f"{FOLDER}/{part}.blend", f"{FOLDER}/{part}.json"
    local = {_carrier(root) for root in roots if root.library is None}
    with _libraries_at(real):
        along = _write_library(os.path.join(folder, library), local)
    named = set(roots)
    entries = [_entry(block, known, real) for block in roots]
    entries += [{**_entry(block, known, real), "along": True} for block in along if block not in named]
    draft = os.path.join(folder, manifest + ".tmp")
    with open(draft, "x", encoding="utf-8") as file:
        json.dump(entries, file, ensure_ascii=False, indent=1)
    os.rename(draft, os.path.join(folder, manifest))
    return [library, manifest]


def read(folder: str, part: int, known: Known) -> list[Block]:
    """Loads a part: the blocks that were named, in their order, then what came along."""
    library = os.path.join(folder, FOLDER, f"{part}.blend")
    with open(os.path.join(folder, FOLDER, f"{part}.json"), encoding="utf-8") as file:
        entries: list[Entry] = json.load(file)
    found: dict[str, Any] = {}
    for place in {entry["library"]: None for entry in entries}:
        here = [entry for entry in entries if entry["library"] == place and entry["collection"] != KEYS]
        found.update(_load(place or library, here, link=place is not None))
    for entry in entries:
        if entry["collection"] == KEYS:
            found[entry["uuid"]] = found[entry["owner"]].shape_keys
    _forget_library(library)
    for entry in entries:
        known.add(found[entry["uuid"]], entry["uuid"])
        if entry["fake_user"] and entry["library"] is None:
            found[entry["uuid"]].use_fake_user = True
        if "filepath" in entry:
            found[entry["uuid"]].filepath = entry["filepath"]
    return [Block(entry["uuid"], found[entry["uuid"]], entry.get("along", False)) for entry in entries]


def collection_of(block: Any) -> str:
    """The name of the collection of bpy.data that a block of this type is in; "" if there is none."""
    import bpy
    for property in bpy.data.bl_rna.properties:
        if property.type == "COLLECTION" and isinstance(block, getattr(bpy.types, property.fixed_type.identifier)):
            return property.identifier
    return ""


def _checked(blocks: Iterable[Any], name: str) -> list[Any]:
    """Each once, in order, and fit to travel."""
    import bpy
    if not isinstance(blocks, list | tuple | set | frozenset):
        raise Unfit(f"{name}: {type(blocks).__name__} is neither a list nor a set of data-blocks")
    fit: dict[Any, None] = {}
    for index, block in enumerate(blocks):
        where = f"{name}[{index}]"
        if not isinstance(block, bpy.types.ID):
            raise Unfit(f"{where}: object of type {type(block).__name__} is no data-block")
        if not alive(block):
            raise Unfit(f"{where}: the data-block has been removed")
        shown = f"{type(block).__name__} {block.name!r}"
        if block.is_embedded_data:
            raise Unfit(f"{where}: {shown} is part of another data-block; give that one")
        if block.is_evaluated:
            raise Unfit(f"{where}: {shown} is an evaluated copy; give its original, or a new block made of it")
        collection = collection_of(block)
        if collection in UNFIT or not collection:
            raise Unfit(f"{where}: {shown} cannot travel; no library takes {collection or 'such blocks'}")
        if collection != KEYS and _in_bpy_data(collection, block.name, block.library) != block:
            raise Unfit(f"{where}: {shown} is not in bpy.data.{collection}")
        fit[block] = None
    return list(fit)


def _in_bpy_data(collection: str, name: str, library: Any) -> Any:
    import bpy
    return getattr(bpy.data, collection).get((name, library.filepath if library else None))


def _carrier(block: Any) -> Any:
    return block.user if collection_of(block) == KEYS else block


def _write_library(path: str, local: set[Any]) -> list[Any]:
    """Writes; packs what would be lost and tells all that is in it. Images are looked for only among what was really written."""
    import bpy
    _write(path, local)
    _begin_to_sync(path)
    inside = _inside(path)
    unsaved = [block for block in inside if isinstance(block, bpy.types.Image) and images.unsaved(block)]
    if unsaved:
        with images.packed(unsaved):
            _write(path, local)
    return inside


def _write(path: str, local: set[Any]) -> None:
    import bpy
    # A fake user keeps blocks that nobody uses; what they had before is in the manifest.
    bpy.data.libraries.write(path, local, path_remap="ABSOLUTE", fake_user=True)


def _begin_to_sync(path: str) -> None:
    """Whoever takes the library makes it durable. That takes less time then, for the disk has been busy with it since."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def sync() -> None:
        try:
            os.fsync(fd)
        except OSError:                  # told to whoever relies on it
            pass
        finally:
            os.close(fd)

    threading.Thread(target=sync, daemon=True).start()


def _inside(path: str) -> list[Any]:
    """The blocks of this session that a library was written of."""
    import bpy
    with bpy.data.libraries.load(path) as (names, _):
        told = {collection: list(getattr(names, collection)) for collection in dir(names)}
    _forget_library(path)
    return [block for collection, of_it in told.items() for name in of_it if (block := _in_bpy_data(collection, name, None))]


def _entry(block: Any, known: Known, real: Real) -> Entry:
    entry = {"uuid": known.uuid(block), "collection": collection_of(block), "name": block.name,
             "library": real(_place(block.library)) if block.library else None, "users": block.users, "fake_user": block.use_fake_user}
    if entry["collection"] == KEYS:
        entry["owner"] = known.uuid(block.user)
    if block.library is None and getattr(block, "filepath", "") and real(place := _place(block)) != place:
        entry["filepath"] = real(place)
    return entry


def _place(block: Any) -> str:
    import bpy
    return os.path.normpath(bpy.path.abspath(block.filepath))


@contextmanager
def _libraries_at(real: Real) -> Iterator[None]:
    """Their paths as others know them, while we write."""
    import bpy
    before = [(library, library.filepath) for library in bpy.data.libraries if real(_place(library)) != _place(library)]
    for library, _ in before:
        library.filepath = real(_place(library))
    try:
        yield
    finally:
        for library, path in before:
            library.filepath = path


def _load(path: str, entries: list[Entry], link: bool) -> dict[str, Any]:
    """uuid → block. Blender puts what it has loaded into the places of the names."""
    import bpy
    found = _linked_already(path, entries) if link else {}
    wanted: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry["uuid"] not in found:
            wanted.setdefault(entry["collection"], []).append(entry)
    if not wanted:
        return found
    try:
        with bpy.data.libraries.load(path, link=link) as (_, into):
            for collection, of_it in wanted.items():
                setattr(into, collection, [entry["name"] for entry in of_it])
    except (OSError, AttributeError) as error:
        raise Unreadable(f"library {path} cannot be loaded by Blender {bpy.app.version_string}: {error}") from None
    for collection, of_it in wanted.items():
        for entry, block in zip(of_it, getattr(into, collection), strict=True):
            if block is None:
                raise Unreadable(f"{entry['name']!r} is not among the {collection} of library {path}")
            found[entry["uuid"]] = block
    return found


def _linked_already(path: str, entries: list[Entry]) -> dict[str, Any]:
    import bpy
    here = [library for library in bpy.data.libraries if _place(library) == path]
    found = ((entry["uuid"], _in_bpy_data(entry["collection"], entry["name"], library)) for library in here for entry in entries)
    return {name: block for name, block in found if block and not getattr(block, "is_missing", False)}


def _forget_library(path: str) -> None:
    """What was appended is our own now. The library's block would hold on to a file that goes away, and to the linked copies that 4.5 leaves of overrides."""
    import bpy
    for library in list(bpy.data.libraries):
        if os.path.normpath(library.filepath) == os.path.normpath(path):
            bpy.data.libraries.remove(library)
