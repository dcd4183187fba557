# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes this Blender's thread pools quiet, so that fork() gives children that work.

A workaround, by symbols found in the libraries that are mapped; each was checked on the builds listed in tests/assumptions. If one is missing, the
answer is False and the zygote does not fork: slow is better than wrong. An upstream hook would replace this file.
"""

import ctypes
import functools
import os
import re
from collections.abc import Callable

_OMP_PAUSE_HARD = 2
_MAX_ALLOWED_PARALLELISM = 0
Resize = Callable[[int], object]
_pools: dict[str, list[Resize] | None] = {}
_caps: list[object] = []      # global_controls hold as long as they live


def mapped(pattern: str) -> list[str]:
    """Libraries of this process whose path matches."""
    with open("/proc/self/maps") as maps:
        paths = {line.split(None, 5)[5].strip() for line in maps if "/" in line}
    return sorted(path for path in paths if re.search(pattern, path))


def _function(path: str, names: list[str]) -> Callable[..., int] | None:
    library = ctypes.CDLL(path)
    return next((getattr(library, name) for name in names if hasattr(library, name)), None)


_TBB_12, _TBB_2, _EXR, _OIIO, _GOMP = r"/libtbb[-.\w]*\.so\.12", r"/libtbb\.so\.2", r"/libOpenEXR[-.]", r"/libOpenImageIO_Util[.-]", r"/libgomp[-.]"


def _one_tbb() -> bool:
    """oneTBB: a blocking finalize joins its workers; the next use starts new ones."""
    for path in mapped(_TBB_12):
        get = _function(path, ["_ZN3tbb6detail2r13getERNS0_2d121task_scheduler_handleE"])
        finalize = _function(path, ["_ZN3tbb6detail2r18finalizeERNS0_2d121task_scheduler_handleEl"])
        if not get or not finalize:
            return False
        finalize.restype, finalize.argtypes = ctypes.c_bool, [ctypes.c_void_p, ctypes.c_long]
        handle = ctypes.c_void_p()
        get(ctypes.byref(handle))
        if not finalize(ctypes.addressof(handle), 1):
            return False
    return True


def _tbb_2020() -> bool:
    """TBB 2020 gives up its workers at the second blocking terminate, if the handle is put back in between."""
    for path in mapped(_TBB_2):
        initialize = _function(path, ["_ZN3tbb19task_scheduler_init10initializeEi"])
        terminate = _function(path, ["_ZN3tbb19task_scheduler_init27internal_blocking_terminateEb"])
        if not initialize or not terminate:
            return False
        terminate.restype, terminate.argtypes = ctypes.c_bool, [ctypes.c_void_p, ctypes.c_bool]
        initialize.restype, initialize.argtypes = None, [ctypes.c_void_p, ctypes.c_int]
        handle = (ctypes.c_void_p * 4)()
        initialize(ctypes.addressof(handle), -1)
        saved = handle[0]
        for _ in range(4):
            handle[0] = saved
            if terminate(ctypes.addressof(handle), False):
                break
        else:
            return False
    return True


def tbb() -> bool:
    """A Blender whose TBB we cannot see (linked in statically, say) is quiet only if it has no thread at all."""
    if not mapped(_TBB_12) and not mapped(_TBB_2):
        return len(os.listdir("/proc/self/task")) == 1
    return _tbb_2020() and _one_tbb()


def exr() -> list[Resize] | None:
    """How OpenEXR's pool is resized; None: it is there and cannot be."""
    found = [_function(path, [f"_ZN7Imf_3_{minor}20setGlobalThreadCountEi" for minor in range(10)]) for path in mapped(_EXR)]
    return None if None in found else [resize for resize in found if resize]


def oiio() -> list[Resize] | None:
    """The same of OpenImageIO's default pool; 0 joins its workers, work then runs in the caller."""
    versions = [f"v{major}_{minor}" for major in (2, 3) for minor in range(10)]
    found: list[Resize] = []
    for path in mapped(_OIIO):
        pool = _function(path, [f"_ZN16OpenImageIO_{version}19default_thread_poolEv" for version in versions])
        resize = _function(path, [f"_ZN16OpenImageIO_{version}11thread_pool6resizeEi" for version in versions])
        if not pool or not resize:
            return None
        pool.restype, resize.restype, resize.argtypes = ctypes.c_void_p, None, [ctypes.c_void_p, ctypes.c_int]
        found.append(functools.partial(resize, pool()))
    return found


def gomp() -> bool:
    for path in mapped(_GOMP):
        pause = _function(path, ["omp_pause_resource_all"])
        if not pause or pause(_OMP_PAUSE_HARD) != 0:
            return False
    return True


def _find() -> bool:
    """Finds the two pools that are resized, once: a search through the libraries costs a child more than all else."""
    if not _pools:
        _pools["oiio"], _pools["exr"] = oiio(), exr()
    return None not in _pools.values()


def quiesce() -> dict[str, bool]:
    """Pool by pool, in this order; all must be True before a fork. After it, nothing here may run that wakes a pool."""
    _find()
    for pool in _pools.values():
        for resize in pool or []:
            resize(0)
    return {**{name: pool is not None for name, pool in _pools.items()}, "gomp": gomp(), "tbb": tbb()}


def wake(threads: int) -> None:
    """In a worker: the size of the two pools that do not come back by themselves after a fork. The caller of OpenImageIO's works as well."""
    _find()
    for resize in _pools["exr"] or []:
        resize(threads)
    for resize in _pools["oiio"] or []:
        resize(max(1, threads - 1))


def cap(threads: int) -> bool:
    """In a worker: no more than so many threads at once, for its whole life. False: this Blender's TBB cannot be capped.

    The pool is given up first: threads that a cold Blender has already made would spin in vain beside the ones that are allowed (4.5: 3 cores for a cap of 1).
    """
    class Control(ctypes.Structure):
        _fields_ = (("value", ctypes.c_size_t), ("reserved", ctypes.c_void_p), ("parameter", ctypes.c_int))

    tbb()
    capped = False
    for path in mapped(_TBB_12) + mapped(_TBB_2):
        create = _function(path, ["_ZN3tbb6detail2r16createERNS0_2d114global_controlE", "_ZN3tbb10interface914global_control15internal_createEv"])
        if create:
            control = Control(threads, None, _MAX_ALLOWED_PARALLELISM)
            create(ctypes.byref(control))
            _caps.append(control)
            capped = True
    for path in mapped(_GOMP):
        ctypes.CDLL(path).omp_set_num_threads(threads)
    wake(threads)
    return capped
