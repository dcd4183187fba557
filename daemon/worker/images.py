# SPDX-License-Identifier: GPL-3.0-or-later
"""Painted and generated pixels live in memory alone: what is written into a library has to have them packed, and nobody is to notice. Needs bpy."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def unsaved(image: Any) -> bool:
    """Its pixels are neither in a file nor what Blender generates again from the settings."""
    return image.is_dirty and image.type in ("IMAGE", "UV_TEST") and image.source in ("GENERATED", "FILE") and image.has_data


@contextmanager
def packed(images: list[Any]) -> Iterator[None]:
    """Packs them for the time of the block; afterwards each is as it was, dirty pixels and an older packed file included."""
    before = [_State(image) for image in images]
    try:
        for image in images:
            image.pack()
        yield
    finally:
        for state in before:
            state.restore()


class _State:
    """packing makes a generated image one of a file; taking the packed file away loses its pixels. Both are put back."""

    def __init__(self, image: Any) -> None:
        import numpy
        self._image = image
        self._settings = {name: getattr(image, name) for name in ("source", "filepath_raw", "file_format")}
        self._old = image.packed_file.data if image.packed_file else None
        self._pixels = numpy.empty(len(image.pixels), dtype=numpy.float32)
        image.pixels.foreach_get(self._pixels)

    def restore(self) -> None:
        image = self._image
        if self._old is not None:
            image.pack(data=self._old, data_len=len(self._old))
        elif image.packed_file:
            image.unpack(method="REMOVE")
        for name, value in self._settings.items():
            setattr(image, name, value)
        image.pixels.foreach_set(self._pixels)
