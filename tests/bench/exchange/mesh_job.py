# SPDX-License-Identifier: Apache-2.0
"""The job of mesh.py: changes what it is passed and gives it back."""

for thing in passed_data_blocks:  # noqa: F821  given to every job's script
    thing.data.vertices[0].co.z = 1
    data_blocks.append(thing)  # noqa: F821
