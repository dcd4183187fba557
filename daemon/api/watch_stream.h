// SPDX-License-Identifier: Apache-2.0
//
// WatchJobs: a cursor, not a queue. A watcher holds one revision and walks the jobs by their last change; what a slow one misses in between is skipped, and it
// costs nothing meanwhile. See "Watch is a cursor" in the architecture.
//
//     by filter   snapshot: jobs that match, up to the revision where it began; then every change, whether it matches or not, since a job may cease to match
//     by names    the same jobs again and again: those that the hub marked
//
// Tokens come from Synced on: who loses the connection before it has them begins anew.
//
// Thread: as Stream; fields belong to step().
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/stream.h"
#include "offstage/v1/job_service.pb.h"

namespace offstage::api {

class WatchStream final : public Stream<v1::WatchJobsResponse> {
 public:
  WatchStream(Context& context, const v1::WatchJobsRequest& request) : Stream(context), request_(request) {}

 private:
  struct Event {
    core::Revision revision = 0;
    JobId id;
    std::optional<store::JobRow> row;  // nothing: gone, or no longer let through
  };

  Step step(v1::WatchJobsResponse& response) override;
  Status start();
  Status start_names();
  void begin_snapshot();

  void refill();  // page_, from the cursor on
  void refill_by_filter();
  void refill_by_names();
  bool behind_tombstones() const;
  void emit(Event event, v1::WatchJobsResponse& response);
  void set_token(v1::WatchJobsResponse& response);

  void follow_progress(const store::JobRow& row);
  void arm_tick();
  bool next_progress(v1::WatchJobsResponse& response);

  const v1::WatchJobsRequest request_;
  store::Filter filter_;
  std::unique_ptr<WatchHub::Named> marks_;  // null: by filter
  std::vector<JobId> names_;                // those that still exist
  bool started_ = false, synced_ = false, reset_ = false;

  core::Revision floor_ = 0;   // where the snapshot began
  core::Revision cursor_ = 0;  // all up to it has been sent
  std::deque<Event> page_;
  core::Revision page_end_ = 0;  // the cursor when page_ is empty
  std::vector<JobId> to_read_;   // by names: marked, not in page_ yet

  struct Running {
    AttemptId attempt;
    std::uint64_t sent = 0;  // calls of progress() that the last update covered
  };
  std::unordered_map<JobId, Running> running_;
  std::vector<JobId> moved_;  // of running_, at the last tick
  std::shared_ptr<std::atomic<bool>> tick_ = std::make_shared<std::atomic<bool>>(false);
  bool tick_armed_ = false;
};

}  // namespace offstage::api
