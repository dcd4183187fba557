// SPDX-License-Identifier: Apache-2.0
#include "api/job_service.h"

#include "api/bundle_stream.h"
#include "api/caller.h"
#include "api/convert.h"
#include "api/create_call.h"
#include "api/file_stream.h"
#include "api/files_stream.h"
#include "api/filter.h"
#include "api/job_update.h"
#include "api/job_view.h"
#include "api/list_files.h"
#include "api/log_stream.h"
#include "api/names.h"
#include "api/page_token.h"
#include "api/watch_stream.h"

namespace offstage::api {
namespace {

/// As it was made, or as the store has it if the request id was known.
void to_response(const Context& context, CreateCall::Created& created, bool with_spec, v1::Job& out) {
  if (created.known) {
    show(context, *created.known, out);
    if (!with_spec) out.clear_spec();
    return;
  }
  to_job(created.job, created.kind, out);
  if (!with_spec) return;
  *out.mutable_labels() = created.spec.labels();
  *out.mutable_spec() = std::move(created.spec);
}

bool is_not_found(const Status& status) { return !status && status.error().code == Code::not_found; }

core::StoredJob stored_job(const store::JobRow& row) {
  core::StoredJob out;
  out.job = row.job;
  out.kind = row.kind;
  v1::JobSpec spec;
  if (spec.ParseFromString(row.spec)) out.policy_attempts = static_cast<std::uint8_t>(std::max(1U, spec.policy().max_attempts()));
  return out;
}

}  // namespace

JobService::Reactor* JobService::CreateJob(Call* call, const v1::CreateJobRequest* request, v1::Job* response) {
  auto* reactor = call->DefaultReactor();
  CreateCall::run(context_, {request->spec()}, false, request->request_id(), request->spec(), request->validate_only(),
                  [this, reactor, request, response](Result<std::vector<CreateCall::Created>> created) {
                    const auto fill = [&]() -> Status {
                      if (!created) return created.error();
                      to_response(context_, created->front(), true, *response);
                      if (!request->validate_only()) return Done{};
                      response->clear_name();
                      response->clear_uid();
                      response->clear_etag();
                      return Done{};
                    };
                    finish(reactor, guarded(fill));
                  });
  return reactor;
}

JobService::Reactor* JobService::BatchCreateJobs(Call* call, const v1::BatchCreateJobsRequest* request, v1::BatchCreateJobsResponse* response) {
  auto* reactor = call->DefaultReactor();
  v1::BatchCreateJobsRequest body;
  if (!request->request_id().empty()) *body.mutable_specs() = request->specs();  // what the request id stands for
  CreateCall::run(context_, {request->specs().begin(), request->specs().end()}, true, request->request_id(), body, false,
                  [this, reactor, response](Result<std::vector<CreateCall::Created>> created) {
                    const auto fill = [&]() -> Status {
                      if (!created) return created.error();
                      for (CreateCall::Created& one : *created) to_response(context_, one, false, *response->add_jobs());
                      return Done{};
                    };
                    finish(reactor, guarded(fill));
                  });
  return reactor;
}

JobService::Reactor* JobService::GetJob(Call* call, const v1::GetJobRequest* request, v1::Job* response) {
  const auto id = parse_job_name(request->name(), "name");
  if (!id) return refuse(call, id.error());
  return context_.answer(call, [this, id = *id, response] { return show(context_, id, *response); });
}

JobService::Reactor* JobService::ListJobs(Call* call, const v1::ListJobsRequest* request, v1::ListJobsResponse* response) {
  return context_.answer(call, [this, request, response]() -> Status {
    const auto size = page_size(request->page_size());
    if (!size) return size.error();
    const auto before = parse_page_token(request->page_token());
    if (!before) return before.error();
    const auto filter = parse_filter(request->filter());
    if (!filter) return filter.error();
    const store::Page page = context_.reader().list(*filter, *before, *size, kPageBytes);
    for (const store::JobRow& row : page.rows) show(context_, row, *response->add_jobs());
    if (page.next_before) response->set_next_page_token(page_token(*page.next_before));
    return Done{};
  });
}

JobService::Reactor* JobService::change(Call* call, JobId id, v1::Job* response, std::function<Status()> look, std::function<void(Reply)> ask) {
  auto* reactor = call->DefaultReactor();
  context_.on_work([this, reactor, id, response, look = std::move(look), ask = std::move(ask)]() mutable {
    if (Status good = guarded(look); !good) return finish(reactor, good);
    context_.on_core([this, reactor, id, response, ask = std::move(ask)] {
      ask([this, reactor, id, response](const Status& done) {
        context_.on_work([this, reactor, id, response, done] { reply_with_job(reactor, done, id, response); });
      });
    });
  });
  return reactor;
}

void JobService::reply_with_job(Reactor* reactor, const Status& done, JobId id, v1::Job* response) {
  const auto read = [&]() -> Status {
    if (!done) return done;
    return show(context_, id, *response);
  };
  finish(reactor, guarded(read));
}

JobService::Reactor* JobService::UpdateJob(Call* call, const v1::UpdateJobRequest* request, v1::Job* response) {
  const auto update = parse_update(*request);
  if (!update) return refuse(call, update.error());
  return change(
      call, update->id, response, [this, update = *update] { return check_update(context_, update); },
      [this, update = *update](const Reply& reply) {
        context_.engine.update(update, Now::read(), [id = update.id, reply](const Status& done) { reply(is_not_found(done) ? Status(job_ended(id)) : done); });
      });
}

JobService::Reactor* JobService::CancelJob(Call* call, const v1::CancelJobRequest* request, v1::Job* response) {
  const auto id = parse_job_name(request->name(), "name");
  if (!id) return refuse(call, id.error());
  return change(
      call, *id, response, [] { return Status(Done{}); },
      [this, id = *id, by = caller(*call)](const Reply& reply) {
        const auto done = [reply](const Status& done) {
          reply(is_not_found(done) ? Status(Done{}) : done);  // not live: it has ended, or reading it says that there is none
        };
        context_.engine.cancel(id, Now::read(), done, by);
      });
}

JobService::Reactor* JobService::RetryJob(Call* call, const v1::RetryJobRequest* request, v1::Job* response) {
  const auto id = parse_job_name(request->name(), "name");
  if (!id) return refuse(call, id.error());
  const auto stored = std::make_shared<core::StoredJob>();
  return change(
      call, *id, response,
      [this, id = *id, stored]() -> Status {
        const auto row = context_.reader().job(id);
        if (!row) return unknown_job(job_name(id));
        *stored = stored_job(*row);
        return Done{};
      },
      [this, stored](const Reply& reply) { context_.engine.retry(*stored, Now::read(), reply); });
}

JobService::Reactor* JobService::DeleteJob(Call* call, const v1::DeleteJobRequest* request, google::protobuf::Empty*) {
  const auto id = parse_job_name(request->name(), "name");
  if (!id) return refuse(call, id.error());
  auto* reactor = call->DefaultReactor();
  context_.on_work([this, reactor, id = *id, force = request->force()] {
    const auto find = [&]() -> Result<std::vector<AttemptId>> {
      if (!context_.reader().job(id)) return unknown_job(job_name(id));
      std::vector<AttemptId> attempts;
      for (const store::AttemptRow& row : context_.reader().attempts(id)) attempts.push_back(row.id);
      return attempts;
    };
    auto attempts = guarded(find);
    if (!attempts) return finish(reactor, attempts.error());
    context_.on_core([this, reactor, id, force, attempts = std::move(*attempts)]() mutable {
      context_.engine.remove(id, std::move(attempts), force, Now::read(), [reactor](const Status& done) { finish(reactor, done); });
    });
  });
  return reactor;
}

JobService::Reactor* JobService::ListTasks(Call* call, const v1::ListTasksRequest* request, v1::ListTasksResponse* response) {
  const auto id = parse_job_name(request->parent(), "parent");
  if (!id) return refuse(call, id.error());
  return context_.answer(call, [this, id = *id, request, response]() -> Status {
    if (const auto size = page_size(request->page_size()); !size) return size.error();
    if (const auto token = parse_page_token(request->page_token()); !token) return token.error();
    const auto row = context_.reader().job(id);
    if (!row) return unknown_job(job_name(id));
    auto* task = response->add_tasks();
    task->set_name(job_name(id) + "/tasks/0");
    task->set_state(static_cast<v1::State>(row->job.state));
    for (const store::AttemptRow& attempt : context_.reader().attempts(id)) {
      to_attempt(attempt, row->kind, context_.pool.folder(attempt.id), *task->add_attempts());
    }
    return Done{};
  });
}

grpc::ServerWriteReactor<v1::WatchJobsResponse>* JobService::WatchJobs(Call*, const v1::WatchJobsRequest* request) {
  return WatchStream::run(std::make_shared<WatchStream>(context_, *request));
}

grpc::ServerWriteReactor<v1::ReadLogResponse>* JobService::ReadLog(Call*, const v1::ReadLogRequest* request) {
  return LogStream::run(std::make_shared<LogStream>(context_, *request));
}

JobService::Reactor* JobService::ListFiles(Call* call, const v1::ListFilesRequest* request, v1::ListFilesResponse* response) {
  return context_.answer(call, [this, request, response] { return list_files(context_, *request, *response); });
}

grpc::ServerWriteReactor<v1::WatchFilesResponse>* JobService::WatchFiles(Call*, const v1::WatchFilesRequest* request) {
  return FilesStream::run(std::make_shared<FilesStream>(context_, *request));
}

grpc::ServerWriteReactor<v1::ReadFileResponse>* JobService::ReadFile(Call*, const v1::ReadFileRequest* request) {
  return FileStream::run(std::make_shared<FileStream>(context_, *request));
}

grpc::ServerWriteReactor<v1::ReadBundleResponse>* JobService::ReadBundle(Call*, const v1::ReadBundleRequest* request) {
  return BundleStream::run(std::make_shared<BundleStream>(context_, *request));
}

}  // namespace offstage::api
