// SPDX-License-Identifier: Apache-2.0
//
// Rows and hot records to messages of the API.
//
// Thread: any; pure functions.
#pragma once

#include <filesystem>
#include <optional>

#include "base/result.h"
#include "offstage/v1/job.pb.h"
#include "pool/manifest.h"
#include "pool/pool.h"
#include "store/rows.h"

namespace offstage::api {

google::protobuf::Timestamp to_timestamp(Wall time);
google::protobuf::Duration to_duration(Micros duration);
std::string etag_of(core::Revision revision);
/// Empty: no condition. Errors: BAD_ETAG.
Result<std::optional<core::Revision>> parse_etag(const std::string& etag);

/// What a new job is: all but its spec.
void to_job(const core::Job& job, const core::Kind& kind, v1::Job& out);

/// A durable row; `folder` is that of the last attempt, or empty, for Result.out_dir. Live progress is laid over it by the caller.
void to_job(const store::JobRow& row, const std::filesystem::path& folder, v1::Job& out);

void to_file(const pool::ResultFile& file, v1::ResultFile& out);

void to_progress(const pool::Progress& progress, v1::Progress& out);

void to_attempt(const store::AttemptRow& row, const core::Kind& kind, const std::filesystem::path& folder, v1::Attempt& out);

}  // namespace offstage::api
