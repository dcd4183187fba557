// SPDX-License-Identifier: Apache-2.0
//
// UpdateJob: which of priority, held and labels a request changes, and whether an ended job, which the core does not know, allows it.
//
// Thread: parse_update() any, pure; check_update() reads the store, so not on the core strand.
#pragma once

#include "api/context.h"
#include "offstage/v1/job_service.pb.h"

namespace offstage::api {

/// Errors: BAD_NAME, BAD_ETAG, BAD_UPDATE_MASK, and those of the fields.
Result<core::JobChange> parse_update(const v1::UpdateJobRequest& request);

/// Against the job as the store has it: JOB_NOT_FOUND, JOB_ENDED, ETAG_STALE.
Status check_update(const Context& context, const core::JobChange& change);
Error job_ended(JobId id);

}  // namespace offstage::api
