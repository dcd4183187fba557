# SPDX-License-Identifier: GPL-3.0-or-later
"""What Offstage runs inside headless Blenders, and beside them. `boot` loads this folder as the package `offstage_worker`, see WIRE.md."""
