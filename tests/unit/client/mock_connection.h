// SPDX-License-Identifier: Apache-2.0
//
// A Connection that answers what a test has told it to.
#pragma once

#include <gmock/gmock.h>

#include <offstage/client.h>

namespace offstage {

class MockConnection : public Connection {
 public:
  MOCK_METHOD(Result<Job>, create_job, (const CreateRequest&, Deadline), (override));
  MOCK_METHOD(Result<std::vector<Job>>, create_jobs, (const std::vector<JobSpec>&, const std::string&, Deadline), (override));
  MOCK_METHOD(Result<Job>, get_job, (const std::string&, Deadline), (override));
  MOCK_METHOD(Result<JobPage>, list_jobs, (const ListRequest&, Deadline), (override));
  MOCK_METHOD(Result<Job>, update_job, (const std::string&, const JobUpdate&, Deadline), (override));
  MOCK_METHOD(Result<Job>, cancel_job, (const std::string&, Deadline), (override));
  MOCK_METHOD(Result<Job>, retry_job, (const std::string&, Deadline), (override));
  MOCK_METHOD(Status, delete_job, (const std::string&, bool, Deadline), (override));
  MOCK_METHOD(Result<std::vector<Attempt>>, list_attempts, (const std::string&, Deadline), (override));
  MOCK_METHOD(Result<std::vector<Blender>>, list_blenders, (Deadline), (override));
  MOCK_METHOD(Result<std::vector<Zygote>>, list_zygotes, (Deadline), (override));
  MOCK_METHOD(Result<std::string>, warm_scene, (const WarmRequest&, Deadline), (override));
  MOCK_METHOD(Status, release_scene, (const WarmRequest&, Deadline), (override));
  MOCK_METHOD(Result<std::vector<Node>>, list_nodes, (Deadline), (override));
  MOCK_METHOD(Result<Server>, get_server, (Deadline), (override));
  MOCK_METHOD(Result<std::vector<Garbage>>, collect_garbage, (bool, Deadline), (override));
  MOCK_METHOD(std::int32_t, listener, (), (const, override));
  MOCK_METHOD(Result<std::vector<std::string>>, find_missing_blobs, (const std::vector<std::string>&, Deadline), (override));
  MOCK_METHOD(Result<BlobWritten>, query_write, (const std::string&, Deadline), (override));
  MOCK_METHOD(Result<std::int64_t>, write_blob, (const BlobSource&, std::int64_t, const std::function<void(std::int64_t)>&, const std::stop_token&),
              (override));
  MOCK_METHOD(Status, read_blob, (const BlobRequest&, const OnBlob&, const std::stop_token&), (override));
  MOCK_METHOD(Result<FilePage>, list_files, (const FilesRequest&, Deadline), (override));
  MOCK_METHOD(bool, is_local, (), (const, override));
  MOCK_METHOD(Status, watch_files, (const WatchFilesRequest&, const OnFile&, const std::stop_token&), (override));
  MOCK_METHOD(Status, read_file, (const ReadFileRequest&, const OnFileChunk&, const std::stop_token&), (override));
  MOCK_METHOD(Status, watch_jobs, (const WatchRequest&, const OnWatch&, const std::stop_token&), (override));
  MOCK_METHOD(Status, read_log, (const LogRequest&, const OnLog&, const std::stop_token&), (override));
  MOCK_METHOD(Status, read_bundle, (const std::string&, const OnBundle&, const std::stop_token&), (override));
};

/// Pauses that a test need not notice.
inline ClientOptions hasty() {
  using namespace std::chrono_literals;
  return {.call_deadline = 2s, .reconnect_for = 2s, .first_pause = 1ms, .longest_pause = 2ms};
}

inline Error gone() { return {.code = Code::unavailable, .message = "connection reset"}; }
inline Error no_daemon() { return {.code = Code::no_daemon, .message = "no daemon is running"}; }
inline Job job_in(State state) { return {.name = "jobs/1", .id = "1", .state = state}; }

}  // namespace offstage
