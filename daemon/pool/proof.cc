// SPDX-License-Identifier: Apache-2.0
#include "pool/proof.h"

#include <fmt/format.h>
#include <sched.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/sha256.h"
#include "pool/discovery.h"
#include "pool/files.h"

namespace offstage::pool {
namespace {

using Json = nlohmann::json;
constexpr double share_of_cores = 0.6;

std::filesystem::path file_of(const std::filesystem::path& cache, const std::string& key) {
  return cache / ("proof-" + Sha256::of(key).hex().substr(0, 32) + ".json");
}

}  // namespace

Result<Probe> parse_probe(std::string_view value_json) {
  try {
    const Json json = Json::parse(value_json);
    return Probe{json.at("pixels").get<std::string>(), json.at("png").get<bool>(), json.at("exr").get<bool>(), json.at("cores").get<double>()};
  } catch (const std::exception& e) {
    return Error{Code::internal, "PROBE_UNREADABLE", std::string("the probe's result cannot be read: ") + e.what(), "", ""};
  }
}

std::string compare(const Probe& cold, const Probe& fork, unsigned cores) {
  if (fork.pixels != cold.pixels) return "a forked child rendered another picture than a cold start";
  if (!fork.png && cold.png) return "a forked child could not write and read a PNG";
  if (!fork.exr && cold.exr) return "a forked child could not write and read an EXR";
  if (cores > 1 && fork.cores < share_of_cores * cold.cores) return fmt::format("a forked child used {:.1f} of {:.1f} cores", fork.cores, cold.cores);
  return {};
}

std::string proof_key(const Blender& blender, const std::filesystem::path& worker_code) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (std::filesystem::directory_iterator it(worker_code, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".py") files.push_back(it->path());
  }
  std::sort(files.begin(), files.end());
  std::string code;
  for (const auto& file : files) code += file.filename().string() + "\n" + Sha256::of(read_file(file, 8 << 20).value_or("")).hex() + "\n";
  return identity(blender.path) + " " + blender.version.text() + " " + blender.build_hash + " " + Sha256::of(code).hex();
}

bool read_proof(Blender& blender, const std::filesystem::path& cache, const std::string& key) {
  const auto text = read_file(file_of(cache, key), 1 << 20);
  if (!text) return false;
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object() || json.value("key", "") != key) return false;
  blender.proof = json.value("proven", false) ? core::ForkProof::proven : core::ForkProof::refused;
  blender.proof_reason = json.value("reason", "");
  blender.proof_time = Wall(Micros(json.value("time_us", std::int64_t{0})));
  blender.fork_cores = json.value("fork_cores", 0.0);
  blender.cold_cores = json.value("cold_cores", 0.0);
  return true;
}

void write_proof(const Blender& blender, const std::filesystem::path& cache, const std::string& key) {
  const Json json = {{"key", key},
                     {"blender", blender.name},
                     {"proven", blender.proof == core::ForkProof::proven},
                     {"reason", blender.proof_reason},
                     {"time_us", blender.proof_time.time_since_epoch().count()},
                     {"fork_cores", blender.fork_cores},
                     {"cold_cores", blender.cold_cores}};
  if (!write_file(file_of(cache, key), json.dump(1, ' ', false, Json::error_handler_t::replace)))
    spdlog::warn("the proof of {} cannot be cached", blender.name);
}

}  // namespace offstage::pool
