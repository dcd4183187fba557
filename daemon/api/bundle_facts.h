// SPDX-License-Identifier: Apache-2.0
//
// The files of a bundle that are put together from what daemon and machine are now: versions, environment, the daemon's own words, and what it all is.
//
// Thread: any but the core strand; reads files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/context.h"
#include "offstage/v1/job.pb.h"

namespace offstage::api {

/// JSON. `exit_record` as the keeper wrote it: it knows the versions that ran.
std::string versions(const Context& context, const store::JobRow& job, const std::string& exit_record);
/// NAME=VALUE lines: the daemon's own, laid over by the kind's and the job's. Secrets are hidden.
std::string environment(const store::JobRow& job, const v1::JobSpec& spec);
/// The lines of the daemon's log that name the job or the attempt.
std::string daemon_log(const Context& context, const store::JobRow& job, const std::optional<store::AttemptRow>& attempt);
std::string readme(const Context& context, const v1::Job& job, const v1::Attempt& attempt, const std::vector<std::string>& files);

}  // namespace offstage::api
