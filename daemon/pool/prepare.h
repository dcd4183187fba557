// SPDX-License-Identifier: Apache-2.0
//
// PREPARE and `limits`: a job's stored spec, as its worker and its keeper need it. See daemon/worker/WIRE.md.
//
// Thread: pure functions.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "core/ports.h"

namespace offstage::v1 {
class Scene;
}

namespace offstage::pool {

/// The frame's JSON. `spec` is a serialized offstage.v1.JobSpec whose script has its text; `state` is where the job's inputs lie. SPEC_UNREADABLE,
/// SPEC_TOO_LARGE.
Result<std::string> prepare_message(const core::Assignment& assignment, std::string_view spec, const std::filesystem::path& state);
/// Which scene it is, as a worker takes it with PREPARE and with its boot line: canonical JSON, so that the same scene gives the same text. One by value is
/// known by its hash; where a worker finds the bytes is added in either place.
std::string scene_text(const v1::Scene& scene);
std::string limits_message(const core::Assignment& assignment);
/// {"t": type, "attempt": …}, or without the attempt.
std::string plain_message(std::string_view type);
std::string plain_message(std::string_view type, AttemptId attempt);

}  // namespace offstage::pool
