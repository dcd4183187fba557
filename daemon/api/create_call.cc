// SPDX-License-Identifier: Apache-2.0
#include "api/create_call.h"

#include <algorithm>

#include "api/limits.h"
#include "api/names.h"
#include "api/request_id.h"
#include "api/validate_inputs.h"

namespace offstage::api {

void CreateCall::run(Context& context, std::vector<v1::JobSpec> specs, bool batch, const std::string& request_id, const google::protobuf::MessageLite& body,
                     bool validate_only, Reply reply) {
  const std::shared_ptr<CreateCall> call(new CreateCall(context));
  call->specs_ = std::move(specs);
  call->batch_ = batch;
  call->validate_only_ = validate_only;
  call->reply_ = std::move(reply);
  call->check(request_id, body);
}

void CreateCall::check(const std::string& request_id, const google::protobuf::MessageLite& body) {
  if (context_.stopping) return reply_(stopping_error());
  if (specs_.empty() || specs_.size() > static_cast<std::size_t>(kBatchSize)) {
    return reply_(Error{Code::invalid_argument, "BAD_BATCH", "the batch has " + std::to_string(specs_.size()) + " jobs, and must have from 1 to 1000",
                        "split it", "specs"});
  }
  auto canonical = canonical_request_id(request_id);
  if (!canonical) return reply_(canonical.error());
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    if (auto good = validate(specs_[i], where(i)); !good) return reply_(good.error());
  }
  ids_.reserve(specs_.size());
  for (std::size_t i = 0; i < specs_.size(); ++i) ids_.push_back(job_id(*canonical, static_cast<std::uint32_t>(i)));
  if (!canonical->empty()) {
    hash_ = body_hash(body);
    if (answer_known()) return;
  }
  if (!validate_only_ && context_.store.disk_low()) {
    return reply_(Error{Code::resource_exhausted,
                        "DISK_LOW",
                        "the disk of the daemon's state folder is almost full: " + context_.store.why_disk_low(),
                        "free space on it, or set low_water lower; jobs that were accepted go on",
                        "",
                        {{"folder", context_.info.state_dir}}});
  }
  const bool patience = std::any_of(specs_.begin(), specs_.end(), [&](const auto& spec) { return resolver_.needs_patience(spec); });
  if (!patience) return resolve();
  context_.on_patient([self = shared_from_this()] { self->resolve(); });
}

/// A repetition is answered from the store. What is not durable yet the core knows.
bool CreateCall::answer_known() {
  const auto find = [this]() -> Result<std::vector<store::JobRow>> { return context_.reader().jobs(ids_); };
  auto rows = guarded(find);
  if (!rows) {
    reply_(rows.error());
    return true;
  }
  if (rows->empty()) return false;
  std::vector<Created> created;
  for (store::JobRow& row : *rows) {
    if (row.job.request_hash != hash_) {
      reply_(Error{Code::already_exists,
                   "REQUEST_ID_REUSED",
                   "this request id was used before, for another request",
                   "use a new request id for each new request, and the same one only to repeat it",
                   "request_id",
                   {{"name", job_name(row.job.id)}}});
      return true;
    }
    Created& one = created.emplace_back();
    one.known = std::move(row);
  }
  reply_(std::move(created));
  return true;
}

void CreateCall::resolve() {
  jobs_.reserve(specs_.size());
  created_.reserve(specs_.size());
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    auto job = resolver_.resolve(specs_[i], where(i));
    if (!job) return reply_(job.error());
    if (job->spec->size() > kSpecBytes) {
      return reply_(
          Error{Code::invalid_argument, "SPEC_TOO_LARGE",
                "the job has " + std::to_string(job->spec->size()) + " bytes, its script included, and at most " + std::to_string(kSpecBytes) + " are allowed",
                "put large data into files and pass their paths", where(i).path("")});
    }
    inputs_.push_back(input_sources(specs_[i], where(i)));
    job->job.id = ids_[i];
    job->job.request_hash = hash_;
    created_.push_back({{}, job->kind, batch_ ? v1::JobSpec() : std::move(specs_[i]), job->labels_json, {}});
    jobs_.push_back(std::move(*job));
  }
  if (std::any_of(inputs_.begin(), inputs_.end(), [](const auto& sources) { return !sources.empty(); })) {
    return context_.on_bulk([self = shared_from_this()] { self->take_inputs(); });
  }
  context_.on_core([self = shared_from_this()] { self->decide(); });
}

void CreateCall::take_inputs() {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const auto put = [&] { return take(i); };
    const Result<bool> taken = guarded(put);
    if (taken && *taken) continue;
    claims_.clear();  // before the reply: whoever gets it finds nothing left
    if (!taken) return reply_(taken.error());
    if (!answer_known()) return reply_(stopping_error());  // it was made and deleted meanwhile: try again
    return;
  }
  for (auto& claim : claims_) claim.decided();
  context_.on_core([self = shared_from_this()] { self->decide(); });
}

/// False: another call of the same request was faster.
Result<bool> CreateCall::take(std::size_t index) {
  store::Inputs& inputs = context_.store.contents().inputs;
  if (inputs_[index].empty()) return true;
  if (validate_only_) {
    const Status good = inputs.check(inputs_[index]);
    return good ? Result<bool>(true) : good.error();
  }
  auto claim = inputs.claim(ids_[index]);
  if (!claim) return claim.error();
  if (context_.reader().has_job(ids_[index])) {
    claim->decided();
    return false;
  }
  claims_.push_back(std::move(*claim));
  const Status taken = claims_.back().take(inputs_[index]);
  return taken ? Result<bool>(true) : taken.error();
}

void CreateCall::decide() {
  if (validate_only_) {
    const Status admitted = context_.engine.scheduler().admits(jobs_.front().job, jobs_.front().kind);
    if (!admitted) return reply_on_work(admitted.error());
    jobs_.front().job.id = {};
    return reply_on_work(std::vector{jobs_.front().job});
  }
  context_.engine.create(std::move(jobs_), Now::read(),
                         [self = shared_from_this()](Result<std::vector<core::Job>> jobs) { self->reply_on_work(std::move(jobs)); });
}

/// Conversion and serialization are not for the core strand.
void CreateCall::reply_on_work(Result<std::vector<core::Job>> jobs) {
  context_.on_work([self = shared_from_this(), jobs = std::move(jobs)]() mutable {
    for (auto& claim : self->claims_) jobs ? claim.accepted() : claim.refused();
    self->claims_.clear();
    if (!jobs) return self->reply_(jobs.error());
    for (std::size_t i = 0; i < jobs->size() && i < self->created_.size(); ++i) self->created_[i].job = (*jobs)[i];
    self->reply_(std::move(self->created_));
  });
}

}  // namespace offstage::api
