// SPDX-License-Identifier: Apache-2.0
//
// offstage status [--json]
#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/job_json.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "cli/words.h"

namespace offstage::cli {
namespace {

std::string status_json(const Server& server, const std::vector<Node>& nodes, const std::vector<Zygote>& zygotes) {
  JsonObject out;
  out.number("pid", std::int64_t{server.pid}).text("version", server.version).text("instance", server.instance);
  out.number("uptime_s", std::chrono::duration<double>(server.uptime).count()).raw("start_time", json_time(server.start_time));
  out.text("state_dir", server.state_dir).text_or_null("log_file", server.log_file);
  const Node node = nodes.empty() ? Node{} : nodes.front();
  out.number("slots", std::int64_t{node.slots})
      .number("slots_used", std::int64_t{node.slots_used})
      .boolean("draining", node.draining)
      .number("cpus", std::int64_t{node.cpus});
  out.number("memory_bytes", node.memory_bytes).number("memory_available_bytes", node.memory_available_bytes);
  JsonObject jobs, limits;
  for (const auto& [state, count] : server.job_counts) jobs.number(state, count);
  out.raw("jobs", jobs.text());
  std::vector<std::string> rows;
  rows.reserve(zygotes.size());
  for (const Zygote& zygote : zygotes)
    rows.push_back(JsonObject()
                       .number("pid", std::int64_t{zygote.pid})
                       .text("blender", zygote.blender)
                       .boolean("forks", zygote.forks)
                       .number("idle_workers", std::int64_t{zygote.idle_workers})
                       .number("busy_workers", std::int64_t{zygote.busy_workers})
                       .number("memory_bytes", zygote.memory_bytes)
                       .text_or_null("scene", zygote.scene)
                       .raw("start_time", json_time(zygote.start_time))
                       .text());
  out.raw("zygotes", json_array(rows));
  limits.number("message_bytes", server.limits.message_bytes).number("inline_script_bytes", server.limits.inline_script_bytes);
  limits.number("parameters_bytes", server.limits.parameters_bytes).number("result_bytes", server.limits.result_bytes);
  limits.number("batch_size", std::int64_t{server.limits.batch_size})
      .number("labels", std::int64_t{server.limits.labels})
      .number("page_size", std::int64_t{server.limits.page_size});
  limits.number("queue_length", server.limits.queue_length).number("display_name_bytes", std::int64_t{server.limits.display_name_bytes});
  limits.number("spec_bytes", server.limits.spec_bytes).number("streams", server.limits.streams).number("attempt_bytes", server.limits.attempt_bytes);
  limits.number("connections", server.limits.connections)
      .number("retention_s", std::chrono::duration<double>(server.limits.retention).count())
      .number("retention_bytes", server.limits.retention_bytes);
  limits.number("inputs", std::int64_t{server.limits.inputs}).number("blob_bytes", server.limits.blob_bytes);
  limits.number("blob_chunk_bytes", server.limits.blob_chunk_bytes).number("find_blobs", std::int64_t{server.limits.find_blobs});
  out.text("staging_folder", server.staging_folder)
      .raw("limits", limits.text())
      .raw("features", json_strings(server.features))
      .raw("enforcement", json_map(server.enforcement))
      .raw("warnings", json_strings(server.warnings));
  return out.text();
}

std::string in_words(const Server& server, const std::vector<Node>& nodes, const std::vector<Zygote>& zygotes, std::size_t width) {
  std::vector<Row> facts{{"daemon", server.version + ", pid " + std::to_string(server.pid) + ", up " + duration_text(server.uptime)},
                         {"state", server.state_dir}};
  for (const Node& node : nodes)
    facts.push_back({"slots", std::to_string(node.slots_used) + " of " + std::to_string(node.slots) + " used" + (node.draining ? ", draining" : "")});
  std::string jobs;
  for (const auto& [state, count] : server.job_counts) jobs += (jobs.empty() ? "" : ", ") + std::to_string(count) + " " + state;
  facts.push_back({"jobs", jobs.empty() ? "none" : jobs});
  for (const auto& [what, how] : server.enforcement) facts.push_back({"limits", what + ": " + how});
  for (const std::string& warning : server.warnings) facts.push_back({"warning", warning});
  std::string text = table(facts, width);
  if (zygotes.empty()) return text;
  std::vector<Row> rows{{"PID", "FORKS", "IDLE", "BUSY", "MEMORY", "BLENDER", "SCENE"}};
  for (const Zygote& zygote : zygotes)
    rows.push_back({std::to_string(zygote.pid), zygote.forks ? "yes" : "no", std::to_string(zygote.idle_workers), std::to_string(zygote.busy_workers),
                    bytes_text(zygote.memory_bytes), zygote.blender, zygote.scene});
  return text + "\n" + table(rows, width);
}

int status(const Context& context) {
  auto client = context.connect();
  if (!client) return report(client.error());
  auto server = client->server();
  if (!server) return report(server.error());
  auto nodes = client->nodes();
  if (!nodes) return report(nodes.error());
  auto zygotes = client->zygotes();
  if (!zygotes) return report(zygotes.error());
  out().write(context.json ? status_json(*server, *nodes, *zygotes) + "\n" : in_words(*server, *nodes, *zygotes, Terminal::of(STDOUT_FILENO).width));
  return succeeded;
}

}  // namespace

void add_status(Command root, Context& context) {
  Command command = root.command("status", "Show the daemon: slots, jobs, warm Blenders");
  command.runs([&context] { return status(context); });
}

}  // namespace offstage::cli
