// SPDX-License-Identifier: Apache-2.0
//
// Gives one open file the contents of another: by sharing its blocks where the filesystem can (Btrfs, XFS, bcachefs: no matter how large, it takes no time and
// no room), otherwise copied by the kernel, and by hand where the kernel does not copy between these two.
//
// Thread: any; may take long.
#pragma once

#include <system_error>

namespace offstage {

/// `to` is new and empty, open for writing; `from` is read from its start to its end.
std::error_code copy_contents(int from, int to);

}  // namespace offstage
