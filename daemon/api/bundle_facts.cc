// SPDX-License-Identifier: Apache-2.0
#include "api/bundle_facts.h"

#include <google/rpc/error_details.pb.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>
#include <thread>

#include "api/secrets.h"
#include "pool/files.h"

namespace offstage::api {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t kMostOfDaemonLog = 4 << 20;

/// PRETTY_NAME of os-release(5).
std::string os_name() {
  std::ifstream file("/etc/os-release");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("PRETTY_NAME=")) continue;
    line.erase(0, 12);
    std::erase(line, '"');
    return line;
  }
  return "";
}

Json blender_facts(const Context& context, const std::string& name) {
  for (const pool::Blender& blender : context.pool.catalog().snapshot()->blenders) {
    if (blender.name != name) continue;
    static constexpr std::array<const char*, 4> proofs{"", "pending", "proven", "refused"};
    return {{"name", name},
            {"version", blender.version.text()},
            {"build_hash", blender.build_hash},
            {"path", blender.path.string()},
            {"kind", blender.module ? "module" : "executable"},
            {"fork", proofs[static_cast<std::size_t>(blender.proof) % proofs.size()]},
            {"fork_reason", blender.proof_reason}};
  }
  return {{"name", name}, {"found", false}};
}

/// What each file is, in the order in which one reads them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kPurposes{{
    {"job.json", "the job as it was asked for, and its state"},
    {"script.py", "its script, as it was at submit"},
    {"traceback.txt", "the exception, as Python printed it"},
    {"attempt.json", "this try: process, times, exit, what it used"},
    {"log.txt", "what script and Blender printed: beginning and end"},
    {"crash.txt", "Blender's own crash report"},
    {"outcome.json", "what the worker left"},
    {"exit.json", "how its process ended, by its parent's word"},
    {"versions.json", "Offstage, Blender, Python, the machine"},
    {"environment.txt", "variables; those that look like secrets are hidden"},
    {"daemon.log", "the daemon's lines about it"},
}};

}  // namespace

std::string versions(const Context& context, const store::JobRow& job, const std::string& exit_record) {
  const Json exit = Json::parse(exit_record, nullptr, false);
  utsname system{};
  ::uname(&system);
  Json out = {{"offstage", context.info.version},
              {"blender", blender_facts(context, job.kind.blender)},
              {"ran", exit.is_object() && exit.contains("versions") ? exit["versions"] : Json::object()},
              {"os", os_name()},
              {"kernel", std::string(system.sysname) + " " + system.release + " " + system.machine},
              {"cpus", std::thread::hardware_concurrency()},
              {"memory_bytes", ::sysconf(_SC_PHYS_PAGES) * ::sysconf(_SC_PAGESIZE)},
              {"enforcement", context.info.enforcement}};
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string environment(const store::JobRow& job, const v1::JobSpec& spec) {
  std::map<std::string, std::string> all;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (const std::size_t equals = text.find('='); equals != std::string_view::npos) all[std::string(text.substr(0, equals))] = text.substr(equals + 1);
  }
  for (const auto& [name, value] : job.kind.start_env) all[name] = value;
  for (const auto& [name, value] : spec.environment().variables()) all[name] = value;
  std::string out = "# As the daemon has it now, with the job's own variables; a script may have changed it.\n";
  for (const auto& [name, value] : all) {
    std::string line = name + "=" + shown_value(name, value);
    std::replace(line.begin(), line.end(), '\n', ' ');
    out += line + "\n";
  }
  return out;
}

std::string daemon_log(const Context& context, const store::JobRow& job, const std::optional<store::AttemptRow>& attempt) {
  const std::filesystem::path file = context.info.log_file.empty() ? std::filesystem::path(context.info.state_dir) / "daemon.log"  // of `offstage daemon start`
                                                                   : std::filesystem::path(context.info.log_file);
  std::istringstream lines(pool::tail_of(file, kMostOfDaemonLog));
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    const bool names_it = line.find(job.job.id.hex()) != std::string::npos || (attempt && line.find(attempt->id.hex()) != std::string::npos);
    if (names_it) out += line + "\n";
  }
  return out;
}

std::string readme(const Context& context, const v1::Job& job, const v1::Attempt& attempt, const std::vector<std::string>& files) {
  const google::rpc::Status& error = attempt.has_error() ? attempt.error() : job.error();
  std::string hint;
  for (const auto& detail : error.details()) {
    google::rpc::ErrorInfo info;
    if (!detail.UnpackTo(&info)) continue;
    if (const auto found = info.metadata().find("hint"); found != info.metadata().end()) hint = found->second;
  }
  std::string out = "What Offstage " + context.info.version + " knows of the job " + job.uid();
  if (attempt.number() > 0) out += ", attempt " + std::to_string(attempt.number()) + " of " + std::to_string(job.attempt_count());
  out += ".\n\n";
  if (!error.message().empty()) out += "what happened  " + error.message() + "\n";
  if (!hint.empty()) out += "what to do     " + hint + "\n";
  out += "\n";
  for (const auto& [name, purpose] : kPurposes) {
    if (std::find(files.begin(), files.end(), name) != files.end()) out += std::string(name) + std::string(17 - name.size(), ' ') + std::string(purpose) + "\n";
  }
  return out + "\nLook through it before you give it away: script, parameters and log are as they are.\n";
}

}  // namespace offstage::api
