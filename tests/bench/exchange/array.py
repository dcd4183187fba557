# SPDX-License-Identifier: Apache-2.0
"""A host in plain Python: an array goes to a job, which looks at it and gives another one back; and the same array to a file and back."""

import json
import os
import sys
import time
from pathlib import Path

import numpy

sys.path.append(str(Path(__file__).resolve().parents[3] / "client" / "python"))
import offstage_transfer as transfer

array = numpy.random.default_rng(1).random(int(os.environ["BENCH_BYTES"]) // 8)
total = array.sum()
path = Path(os.environ["BENCH_FOLDER"], "array.npy")
job = Path(os.environ["BENCH_FOLDER"], "array_job.py")
job.write_text("import offstage\ntotal = float(array.sum())\narray[0] += 1\noffstage.result = [total, array]\n")


def by_offstage() -> None:
    there, back = transfer.run(str(job), {"array": array}).result
    assert there == total and abs(back.sum() - total - 1) < 1e-3


def by_file() -> None:
    with open(path, "wb") as file:
        numpy.save(file, array)
        file.flush()
        os.fsync(file.fileno())
    assert numpy.load(path).sum() == total
    path.unlink()


by_offstage()
best = {"ours_s": [], "file_s": []}
for _ in range(3):
    for name, way in (("file_s", by_file), ("ours_s", by_offstage)):
        begun = time.perf_counter()
        way()
        best[name].append(time.perf_counter() - begun)
print(json.dumps({"bytes": array.nbytes, **{name: sorted(times)[1] for name, times in best.items()}}))
