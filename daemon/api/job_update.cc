// SPDX-License-Identifier: Apache-2.0
#include "api/job_update.h"

#include <nlohmann/json.hpp>

#include "api/convert.h"
#include "api/names.h"
#include "api/text.h"
#include "api/validate.h"

namespace offstage::api {
namespace {

struct Mask {
  bool priority = false, held = false, labels = false;
};

Result<Mask> parse_mask(const v1::UpdateJobRequest& request) {
  Mask mask;
  for (const std::string& path : request.update_mask().paths()) {
    if (path == "priority") {
      mask.priority = true;
    } else if (path == "held") {
      mask.held = true;
    } else if (path == "labels") {
      mask.labels = true;
    } else {
      return Error{Code::invalid_argument, "BAD_UPDATE_MASK", in_quotes(path) + " cannot be changed", "priority, held and labels can", "update_mask"};
    }
  }
  if (request.update_mask().paths().empty()) {
    mask = {request.job().priority() != 0, request.job().held(), !request.job().labels().empty()};
  }
  return mask;
}

std::string labels_text(const v1::Job& job) {
  nlohmann::json labels = nlohmann::json::object();
  for (const auto& [key, value] : job.labels()) labels[key] = value;
  return labels.dump();
}

}  // namespace

Result<core::JobChange> parse_update(const v1::UpdateJobRequest& request) {
  const v1::Job& job = request.job();
  const auto id = parse_job_name(job.name(), "job.name");
  if (!id) return id.error();
  const auto etag = parse_etag(job.etag());
  if (!etag) return etag.error();
  const auto mask = parse_mask(request);
  if (!mask) return mask.error();
  const auto in_job = [](Error error, const char* field) {
    error.field = field;
    return error;
  };
  core::JobChange change;
  change.id = *id;
  change.etag = *etag;
  if (mask->priority) {
    if (const auto good = validate_priority(job.priority(), {}, "priority"); !good) return in_job(good.error(), "job.priority");
    change.priority = static_cast<std::int16_t>(job.priority());
  }
  if (mask->held) change.held = job.held();
  if (mask->labels) {
    if (const auto good = validate_labels(job.labels(), {}, "labels"); !good) return in_job(good.error(), "job.labels");
    change.labels_json = labels_text(job);
  }
  return change;
}

Status check_update(const Context& context, const core::JobChange& change) {
  const auto row = context.reader().job(change.id);
  if (!row) return unknown_job(job_name(change.id));
  if (!core::ended(row->job.state)) return Done{};  // the core knows better
  if (change.priority || change.held) return job_ended(change.id);
  if (!change.etag || *change.etag == row->job.revision) return Done{};
  return Error{Code::aborted, "ETAG_STALE", "job " + change.id.hex() + " has changed since it was read",
               "read it again, and repeat the change on what it is now", "job.etag"};
}

Error job_ended(JobId id) {
  return {Code::failed_precondition,  "JOB_ENDED", "job " + id.hex() + " has ended: only its labels can be changed",
          "retry it to run it again", "",          {{"name", job_name(id)}}};
}

}  // namespace offstage::api
