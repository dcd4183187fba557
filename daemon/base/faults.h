// SPDX-License-Identifier: Apache-2.0
//
// Faults that a test build can be asked for by its environment; a release build has none of it, not even a branch.
//
//   OFFSTAGE_CRASH_AT=store.after_commit        SIGKILL at the first passage of that named place
//   OFFSTAGE_CRASH_AT=store.after_commit:3      … at the third
//   OFFSTAGE_CRASH_AT=store.after_commit:1:stop … SIGSTOP instead; whoever asked lets it go on with SIGCONT
//   OFFSTAGE_BUG=skip_fsync                     the harness's own test: a bug, seeded at run time, that the tests must catch
//
// The names are listed where they are used; a name that nobody passes does nothing, so tests ask for the passage to be seen.
#pragma once

#include <string_view>

namespace offstage {

#ifdef OFFSTAGE_FAULTS
void crash_point(std::string_view name) noexcept;
/// OFFSTAGE_CRASH_AT as it is, for the Blenders, which have places of their own (daemon/worker/faults.py).
std::string_view crash_at() noexcept;
bool seeded_bug(std::string_view name) noexcept;
/// For tests that seed a bug within their own process; "" takes it back.
void seed_bug(std::string_view name);
#else
inline void crash_point(std::string_view) noexcept {}
constexpr std::string_view crash_at() noexcept { return {}; }
constexpr bool seeded_bug(std::string_view) noexcept { return false; }
#endif

}  // namespace offstage
