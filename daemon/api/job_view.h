// SPDX-License-Identifier: Apache-2.0
//
// A durable row as the client sees it: with the folder of its last attempt, and the live progress of a running one.
//
// Thread: any but the core strand; reads the store.
#pragma once

#include "api/context.h"
#include "api/names.h"
#include "offstage/v1/job.pb.h"

namespace offstage::api {

/// The newest attempt, or zero.
AttemptId newest_attempt(const Context& context, const store::JobRow& row);

/// The attempt that a name means: a job's own name, its newest one, or none if there is none yet. Errors: JOB_NOT_FOUND, ATTEMPT_NOT_FOUND.
Result<std::optional<store::AttemptRow>> named_attempt(const Context& context, const AttemptName& name);

/// Progress of an attempt that runs and has told some.
std::optional<pool::Progress> live_progress(const Context& context, AttemptId attempt);

void show(const Context& context, const store::JobRow& row, v1::Job& out);

/// As show(), by id.
Status show(const Context& context, JobId id, v1::Job& out);

}  // namespace offstage::api
