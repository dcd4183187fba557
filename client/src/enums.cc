// SPDX-License-Identifier: Apache-2.0
#include <offstage/enums.h>

#include <array>
#include <cstddef>

#include <offstage/error.h>

namespace offstage::inline client {
namespace {

constexpr std::array<std::string_view, 9> states{"UNSPECIFIED", "HELD", "BLOCKED", "QUEUED", "RUNNING", "CANCELLING", "SUCCEEDED", "FAILED", "CANCELLED"};
constexpr std::array<std::string_view, 6> attempt_states{"UNSPECIFIED", "STARTING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"};
constexpr std::array<std::string_view, 4> isolations{"UNSPECIFIED", "AUTO", "FORK", "PROCESS"};
constexpr std::array<std::string_view, 7> computes{"AUTO", "NONE", "CUDA", "OPTIX", "HIP", "ONEAPI", "METAL"};
constexpr std::array<std::string_view, 3> on_warnings{"UNSPECIFIED", "WARN", "FAIL"};
constexpr std::array<std::string_view, 4> fork_states{"unspecified", "pending", "proven", "refused"};
constexpr std::array<std::string_view, 3> breaker_states{"unspecified", "open", "trial"};
constexpr std::array<std::string_view, 12> garbage_kinds{"unspecified", "expired_jobs",  "jobs_beyond_size", "attempt_folders",
                                                         "keeper_logs", "trash",         "set_aside",        "inputs",
                                                         "blobs",       "partial_blobs", "corrupt_blobs",    "staged"};
constexpr std::array<std::string_view, 12> reasons{"",     "SCRIPT_ERROR",        "EXIT_CODE", "CRASHED",   "OUT_OF_MEMORY",  "TIMED_OUT",
                                                   "LOST", "BLENDER_UNAVAILABLE", "PREFLIGHT", "DISK_FULL", "RESULT_INVALID", "SCENE_UNREADABLE"};
constexpr std::array<std::string_view, 17> codes{"OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
                                                 "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
                                                 "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
                                                 "DATA_LOSS", "UNAUTHENTICATED"};

template <class Enum, std::size_t N>
std::string_view name_in(const std::array<std::string_view, N>& names, Enum value) {
  const auto index = static_cast<std::size_t>(value);
  return index < N ? names[index] : "UNKNOWN";
}

bool same(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

/// Names from the second on, where the first is "unspecified".
template <class Enum, std::size_t N>
std::optional<Enum> named(const std::array<std::string_view, N>& names, std::string_view name, std::size_t first = 1) {
  for (std::size_t i = first; i < N; ++i)
    if (same(names[i], name)) return static_cast<Enum>(i);
  return std::nullopt;
}

}  // namespace

std::string_view name_of(State value) { return name_in(states, value); }
std::string_view name_of(AttemptState value) { return name_in(attempt_states, value); }
std::string_view name_of(Reason value) { return name_in(reasons, value); }
std::string_view name_of(OnWarning value) { return name_in(on_warnings, value); }
std::string_view name_of(Isolation value) { return name_in(isolations, value); }
std::string_view name_of(ForkState value) { return name_in(fork_states, value); }
std::string_view name_of(BreakerState value) { return name_in(breaker_states, value); }
std::string_view name_of(GarbageKind value) { return name_in(garbage_kinds, value); }

std::string_view name_of(Code code) {
  if (code == Code::no_daemon) return "NO_DAEMON";
  if (code == Code::unsafe_socket) return "UNSAFE_SOCKET";
  return name_in(codes, code);
}

std::optional<State> state_named(std::string_view name) { return named<State>(states, name); }
std::optional<Reason> reason_named(std::string_view name) { return named<Reason>(reasons, name); }
std::optional<OnWarning> on_warning_named(std::string_view name) { return named<OnWarning>(on_warnings, name); }
std::optional<Compute> compute_named(std::string_view name) { return named<Compute>(computes, name, 0); }
std::optional<Isolation> isolation_named(std::string_view name) { return named<Isolation>(isolations, name); }

std::string_view Error::field(std::string_view key) const {
  for (const auto& [name, value] : fields)
    if (name == key) return value;
  return {};
}

}  // namespace offstage::inline client
