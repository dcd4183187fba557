// SPDX-License-Identifier: Apache-2.0
//
// Resource names (AIP-122): jobs/{uid}, jobs/{uid}/tasks/{index}, jobs/{uid}/tasks/{index}/attempts/{uid}. A name that is malformed is INVALID_ARGUMENT with
// the reason BAD_NAME; one that is well formed and unknown is NOT_FOUND.
//
// Thread: any; pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "base/sha256.h"

namespace offstage::api {

struct AttemptName {
  JobId job;
  AttemptId attempt;
};

std::string job_name(JobId id);
std::string attempt_name(JobId job, AttemptId attempt);

Result<JobId> parse_job_name(std::string_view name, std::string_view field);
/// Of a job, with attempt zero, or of an attempt.
Result<AttemptName> parse_job_or_attempt_name(std::string_view name, std::string_view field);

/// The SHA-256 of a blob. Errors: BAD_BLOB.
Result<Sha256> parse_blob(std::string_view text, std::string_view field);

/// The selector of a Blender that may be written as a resource name, "blenders/{id}".
std::string without_collection(std::string selector);

Error unknown_job(std::string_view name);
Error unknown_attempt(const AttemptName& name);

}  // namespace offstage::api
