// SPDX-License-Identifier: Apache-2.0
//
// offstage.v1.JobService: decodes, checks, asks the core or the store, answers. What a call means is in proto/offstage/v1/job_service.proto.
//
// Thread: gRPC's threads; see context.h for where the work goes.
#pragma once

#include <functional>

#include "api/context.h"
#include "offstage/v1/job_service.grpc.pb.h"

namespace offstage::api {

class JobService final : public v1::JobService::CallbackService {
 public:
  explicit JobService(Context& context) : context_(context) {}

 private:
  using Call = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;

  Reactor* CreateJob(Call* call, const v1::CreateJobRequest* request, v1::Job* response) override;
  Reactor* BatchCreateJobs(Call* call, const v1::BatchCreateJobsRequest* request, v1::BatchCreateJobsResponse* response) override;
  Reactor* GetJob(Call* call, const v1::GetJobRequest* request, v1::Job* response) override;
  Reactor* ListJobs(Call* call, const v1::ListJobsRequest* request, v1::ListJobsResponse* response) override;
  Reactor* UpdateJob(Call* call, const v1::UpdateJobRequest* request, v1::Job* response) override;
  Reactor* CancelJob(Call* call, const v1::CancelJobRequest* request, v1::Job* response) override;
  Reactor* RetryJob(Call* call, const v1::RetryJobRequest* request, v1::Job* response) override;
  Reactor* DeleteJob(Call* call, const v1::DeleteJobRequest* request, google::protobuf::Empty* response) override;
  Reactor* ListTasks(Call* call, const v1::ListTasksRequest* request, v1::ListTasksResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchJobsResponse>* WatchJobs(Call* call, const v1::WatchJobsRequest* request) override;
  grpc::ServerWriteReactor<v1::ReadLogResponse>* ReadLog(Call* call, const v1::ReadLogRequest* request) override;
  Reactor* ListFiles(Call* call, const v1::ListFilesRequest* request, v1::ListFilesResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchFilesResponse>* WatchFiles(Call* call, const v1::WatchFilesRequest* request) override;
  grpc::ServerWriteReactor<v1::ReadFileResponse>* ReadFile(Call* call, const v1::ReadFileRequest* request) override;
  grpc::ServerWriteReactor<v1::ReadBundleResponse>* ReadBundle(Call* call, const v1::ReadBundleRequest* request) override;

  using Reply = std::function<void(const Status&)>;
  /// Looks into the store, asks the core if all is well, and answers with the job as the store then has it.
  Reactor* change(Call* call, JobId id, v1::Job* response, std::function<Status()> look, std::function<void(Reply)> ask);
  void reply_with_job(Reactor* reactor, const Status& done, JobId id, v1::Job* response);

  Context& context_;
};

}  // namespace offstage::api
