// SPDX-License-Identifier: Apache-2.0
#include "api/node_service.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <thread>

#include "api/breakers.h"
#include "api/convert.h"
#include "api/limits.h"
#include "api/text.h"

namespace offstage::api {
namespace {

constexpr std::string_view kNode = "nodes/local";
constexpr unsigned kMostSlots = 4096;

std::int64_t meminfo(std::string_view key) {
  std::ifstream file("/proc/meminfo");
  std::string name, rest;
  for (std::int64_t kib = 0; file >> name >> kib && std::getline(file, rest);) {
    if (name == key) return kib * 1024;
  }
  return 0;
}

void fill_limits(const ServerInfo& info, std::int64_t blob_bytes, v1::Limits& out) {
  out.set_message_bytes(kMessageBytes);
  out.set_inline_script_bytes(kInlineScriptBytes);
  out.set_parameters_bytes(kParametersBytes);
  out.set_result_bytes(kResultBytes);
  out.set_batch_size(kBatchSize);
  out.set_labels(kLabels);
  out.set_page_size(kPageSize);
  out.set_queue_length(info.queue_length);
  out.set_display_name_bytes(kDisplayNameBytes);
  out.set_spec_bytes(kSpecBytes);
  out.set_streams(static_cast<std::int64_t>(info.streams));
  out.set_connections(static_cast<std::int64_t>(info.connections));
  out.set_attempt_bytes(info.attempt_bytes);
  *out.mutable_retention() = to_duration(info.retention);
  out.set_retention_bytes(info.retention_bytes);
  out.set_inputs(kInputs);
  out.set_blob_bytes(blob_bytes);
  out.set_blob_chunk_bytes(kBlobChunkBytes);
  out.set_find_blobs(kFindBlobs);
}

void to_garbage(const Garbage& from, bool removed, v1::Garbage& out) {
  out.set_kind(static_cast<v1::GarbageKind>(from.kind));
  out.set_count(from.count);
  out.set_bytes(from.bytes);
  for (const std::string& name : from.names) out.add_names(clip(name, std::string::npos));
  out.set_removed(removed);
}

/// "queued" for QUEUED.
std::string lower_name(core::JobState state) {
  std::string name = v1::State_Name(static_cast<v1::State>(state)).substr(std::string_view("STATE_").size());
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

Status check_update(const v1::UpdateNodeRequest& request) {
  if (request.node().name() != kNode) {
    return Error{Code::not_found,
                 "NODE_NOT_FOUND",
                 "there is no node " + in_quotes(request.node().name()),
                 "the only node is nodes/local",
                 "",
                 {{"name", request.node().name()}}};
  }
  for (const std::string& path : request.update_mask().paths()) {
    if (path != "draining" && path != "slots") {
      return Error{Code::invalid_argument, "BAD_UPDATE_MASK", in_quotes(path) + " cannot be changed", "draining and slots can", "update_mask"};
    }
    if (path == "slots" && (request.node().slots() < 1 || request.node().slots() > kMostSlots)) {
      return Error{Code::invalid_argument, "BAD_SLOTS", std::to_string(request.node().slots()) + " slots are not from 1 to 4096",
                   "the number of cores is usual", "node.slots"};
    }
  }
  return Done{};
}

}  // namespace

void NodeService::fill(v1::Node& out) const {
  const core::Scheduler& scheduler = context_.engine.scheduler();
  out.set_name(std::string(kNode));
  out.set_draining(scheduler.draining());
  out.set_slots(scheduler.slots().total());
  out.set_slots_used(scheduler.slots().used());
  out.set_cpus(std::thread::hardware_concurrency());
}

NodeService::Reactor* NodeService::ListNodes(Call* call, const v1::ListNodesRequest*, v1::ListNodesResponse* response) {
  auto* reactor = call->DefaultReactor();
  auto* node = response->add_nodes();
  node->set_memory_bytes(meminfo("MemTotal:"));
  node->set_memory_available_bytes(meminfo("MemAvailable:"));
  context_.on_core([this, reactor, node] {
    fill(*node);
    reactor->Finish(grpc::Status::OK);
  });
  return reactor;
}

NodeService::Reactor* NodeService::UpdateNode(Call* call, const v1::UpdateNodeRequest* request, v1::Node* response) {
  if (const auto good = check_update(*request); !good) return refuse(call, good.error());
  auto* reactor = call->DefaultReactor();
  context_.on_core([this, reactor, request, response] {
    for (const std::string& path : request->update_mask().paths()) {
      if (path == "draining") context_.engine.set_draining(request->node().draining(), Now::read());
      if (path == "slots") {
        context_.engine.set_slots(request->node().slots(), Now::read());
        context_.slots = request->node().slots();
      }
    }
    fill(*response);
    reactor->Finish(grpc::Status::OK);
  });
  return reactor;
}

NodeService::Reactor* NodeService::GetServer(Call* call, const v1::GetServerRequest*, v1::Server* response) {
  auto* reactor = call->DefaultReactor();
  context_.on_core([this, reactor, response] {
    const Tripped now = tripped(context_);
    for (const auto& breaker : now.all) response->add_warnings(warning(breaker, now.now));
    context_.on_work([this, reactor, response] {
      const auto rest = [&] { return fill(*response); };
      finish(reactor, guarded(rest));
    });
  });
  return reactor;
}

Status NodeService::fill(v1::Server& out) const {
  const ServerInfo& info = context_.info;
  out.set_version(info.version);
  out.set_pid(::getpid());
  *out.mutable_start_time() = to_timestamp(info.start.wall);
  *out.mutable_uptime() = to_duration(BootClock::now() - info.start.mono);
  out.set_state_dir(info.state_dir);
  out.set_log_file(info.log_file);
  out.set_instance(info.instance);
  fill_limits(info, context_.store.contents().room.quota(), *out.mutable_limits());
  out.set_staging_folder(store::staging_folder(info.state_dir).string());
  out.mutable_features()->Add(info.features.begin(), info.features.end());
  out.mutable_enforcement()->insert(info.enforcement.begin(), info.enforcement.end());
  out.mutable_warnings()->Add(info.warnings.begin(), info.warnings.end());
  if (context_.store.disk_low()) out.add_warnings("the disk of the state folder is almost full: " + context_.store.why_disk_low());
  for (const auto& [state, count] : context_.reader().counts()) (*out.mutable_job_counts())[lower_name(state)] = count;
  return Done{};
}

NodeService::Reactor* NodeService::CollectGarbage(Call* call, const v1::CollectGarbageRequest* request, v1::CollectGarbageResponse* response) {
  if (context_.stopping) return refuse(call, stopping_error());
  auto* reactor = call->DefaultReactor();
  context_.on_core([this, reactor, dry_run = request->dry_run(), response] {
    context_.collect(dry_run, [reactor, dry_run, response](const Result<std::vector<Garbage>>& found) {
      if (!found) return finish(reactor, found.error());
      for (const Garbage& kind : *found) to_garbage(kind, !dry_run && kind.kind != GarbageKind::set_aside, *response->add_garbage());
      finish(reactor, Done{});
    });
  });
  return reactor;
}

}  // namespace offstage::api
