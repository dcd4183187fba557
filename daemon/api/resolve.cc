// SPDX-License-Identifier: Apache-2.0
#include "api/resolve.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "api/environment_load.h"
#include "api/files.h"
#include "api/limits.h"
#include "api/names.h"
#include "api/output.h"
#include "api/text.h"
#include "pool/prepare.h"

namespace offstage::api {
namespace {

constexpr Micros kPatience = std::chrono::seconds(20);
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

Error at_field(Error error, const Where& where, std::string_view field) {
  error.field = where.path(field);
  return error;
}

Error script_error(const std::string& reason, const std::string& path, const std::string& text, std::string hint) {
  return {Code::failed_precondition, reason, "script " + path + " " + text, std::move(hint), "", {{"file", path}}};
}

Result<std::string> read_script(const std::string& path) {
  auto bytes = read_start(path, kInlineScriptBytes + 1);
  if (!bytes) {
    const bool missing = bytes.error().fault == FileFault::missing;
    return script_error(missing ? "SCRIPT_NOT_FOUND" : "SCRIPT_UNREADABLE", path, bytes.error().text + (missing ? " on the daemon's machine" : ""),
                        missing                                    ? "check the path"
                        : bytes.error().fault == FileFault::folder ? "name the script in it"
                                                                   : "let the daemon's user read it");
  }
  if (bytes->size() > kInlineScriptBytes) {
    return script_error("SCRIPT_UNREADABLE", path, "has more than " + std::to_string(kInlineScriptBytes) + " bytes", "move data out of the script into a file");
  }
  if (const auto at = invalid_utf8(*bytes)) {
    const auto line = std::count(bytes->begin(), bytes->begin() + static_cast<std::ptrdiff_t>(*at), '\n') + 1;
    return script_error("SCRIPT_UNREADABLE", path, "is not UTF-8: byte " + std::to_string(*at) + ", in line " + std::to_string(line), "save it as UTF-8");
  }
  return std::move(*bytes);
}

/// From here on the source is what it was at submit.
Status take_script(v1::Script& script) {
  if (script.has_path()) {
    const std::string path = std::filesystem::path(script.path()).lexically_normal().string();
    auto text = read_script(path);
    if (!text) return text.error();
    script.set_text(std::move(*text));
    script.set_name(path);
  }
  if (script.text().starts_with(kByteOrderMark)) script.mutable_text()->erase(0, kByteOrderMark.size());  // compile() refuses it
  if (script.name().empty()) script.set_name("script.py");
  return Done{};
}

void set_pin(v1::Scene& scene, const FilePin& pin) {
  scene.mutable_pin()->set_size(pin.size);
  scene.mutable_pin()->set_mtime_ns(pin.mtime_ns);
  scene.mutable_pin()->set_inode(pin.inode);
  scene.mutable_pin()->set_device(pin.device);
}

std::string labels_json(const v1::JobSpec& spec) {
  if (spec.labels().empty()) return "{}";
  nlohmann::json labels = nlohmann::json::object();
  for (const auto& [key, value] : spec.labels()) labels[key] = value;
  return labels.dump();
}

core::Kind kind_of(const v1::JobSpec& spec, const pool::Blender& blender, std::string load) {
  core::Kind kind{.blender = blender.name, .load = std::move(load)};
  if (spec.has_scene()) kind.scene = pool::scene_text(spec.scene());
  for (const auto& [name, value] : spec.environment().variables()) {
    if (read_at_start(name)) kind.start_env.emplace_back(name, value);
  }
  std::sort(kind.start_env.begin(), kind.start_env.end());
  return kind;
}

core::Job job_of(const v1::JobSpec& spec) {
  core::Job job;
  const v1::Policy& policy = spec.policy();
  job.held = spec.held();
  job.state = job.held ? core::JobState::held : core::JobState::queued;
  const auto isolation = static_cast<core::Isolation>(spec.environment().isolation());
  job.isolation = isolation == core::Isolation::unspecified ? core::Isolation::automatic : isolation;
  job.priority = static_cast<std::int16_t>(spec.priority());
  for (const int reason : policy.retry_on()) job.retry_on |= core::bit(static_cast<core::Reason>(reason));
  job.cpus = spec.resources().cpus();
  job.gpus = static_cast<std::uint8_t>(spec.resources().gpus());
  if (job.gpus > 0) job.isolation = core::Isolation::process;  // devices are made visible before a Blender starts
  job.memory_bytes = spec.resources().memory_bytes();
  job.max_attempts = static_cast<std::uint8_t>(std::max(1U, policy.max_attempts()));
  job.timeouts.queue = to_micros(policy.queue_timeout());
  job.timeouts.start = policy.has_start_timeout() ? to_micros(policy.start_timeout()) : Micros(std::chrono::minutes(10));
  job.timeouts.run = to_micros(policy.run_timeout());
  job.timeouts.progress = to_micros(policy.progress_timeout());
  if (policy.has_cancel_grace()) job.timeouts.cancel_grace = to_micros(policy.cancel_grace());
  return job;
}

Error fork_refused(const pool::Blender& blender) {
  return {Code::failed_precondition,
          "FORK_REFUSED",
          "Blender " + blender.name + " does not fork safely: " + blender.proof_reason,
          "use isolation auto or process",
          "",
          {{"blender", blender.name}}};
}

Error too_old(const std::string& scene, pool::Version version, const pool::CatalogSnapshot& catalog, const std::string& selector) {
  const auto release = [](pool::Version v) { return std::to_string(v.major) + "." + std::to_string(v.minor); };
  pool::Version newest;
  for (const pool::Blender& b : catalog.blenders) {
    if (b.error.empty()) newest = std::max(newest, b.version);
  }
  Error error{
      Code::failed_precondition, "BLENDER_TOO_OLD", "", "", "", {{"file", scene}, {"file_version", release(version)}, {"newest_blender", newest.text()}}};
  if (newest < version) {
    error.message = "blend file " + scene + " was saved by Blender " + release(version) + ", and the newest Blender here is " + newest.text();
    error.hint = "install Blender " + release(version) + " or newer, and name it with --blender; `offstage blenders` lists what was found";
  } else {
    error.message = "blend file " + scene + " was saved by Blender " + release(version) + ", and no Blender that " + in_quotes(selector) + " selects is as new";
    error.hint = "ask for --blender '>=" + release(version) + "': Blender " + newest.text() + " is here";
  }
  return error;
}

}  // namespace

Resolver::Resolver(const pool::Catalog& catalog, unsigned slots, store::Blobs& blobs)
    : catalog_(catalog), slots_(slots), blobs_(blobs), snapshot_(catalog.snapshot()) {}

bool Resolver::needs_patience(const v1::JobSpec& spec) const {
  return spec.script().has_path() || spec.has_scene() || loads(spec.environment()) || !spec.deliver_to().empty() || !snapshot_->complete;
}

Result<core::NewJob> Resolver::resolve(v1::JobSpec& spec, const Where& where) {
  if (spec.resources().cpus() > slots_) {
    return at_field(Error{Code::failed_precondition, "NOT_ENOUGH_SLOTS",
                          "the job asks for " + std::to_string(spec.resources().cpus()) + " cpus, and the daemon has " + std::to_string(slots_) + " slots",
                          "ask for at most " + std::to_string(slots_) + ", or leave it unset: all cores, one slot", ""},
                    where, "resources.cpus");
  }
  const bool by_path = spec.script().has_path();
  if (auto taken = take_script(*spec.mutable_script()); !taken) return at_field(taken.error(), where, by_path ? "script.path" : "script.text");
  if (spec.has_scene()) {
    if (auto pinned = pin_scene(spec, where); !pinned) return pinned.error();
  }
  if (!spec.deliver_to().empty()) {
    if (const auto good = check_output(spec.deliver_to()); !good) return at_field(good.error(), where, "deliver_to");
    spec.set_deliver_to(std::filesystem::path(spec.deliver_to()).lexically_normal().string());
  }
  auto chosen = blender(spec);
  if (!chosen) return at_field(chosen.error(), where, "environment.blender");
  if (spec.environment().isolation() == v1::ISOLATION_FORK && chosen->proof == core::ForkProof::refused) {
    return at_field(fork_refused(*chosen), where, "environment.isolation");
  }
  if (spec.display_name().empty()) {
    spec.set_display_name(clip(std::filesystem::path(spec.script().name()).filename().string(), kDisplayNameBytes - 3));
  }
  auto load = load_of(spec.environment(), spec.resources().gpus(), where);
  if (!load) return load.error();
  core::NewJob out;
  out.job = job_of(spec);
  out.kind = kind_of(spec, *chosen, std::move(*load));
  out.display_name = spec.display_name();
  out.labels_json = labels_json(spec);
  out.spec = std::make_shared<const std::string>(spec.SerializeAsString());
  return out;
}

Result<core::Kind> Resolver::warm_kind(v1::JobSpec& spec, const Where& where) {
  if (auto pinned = pin_scene(spec, where); !pinned) return pinned.error();
  auto chosen = blender(spec);
  if (!chosen) return at_field(chosen.error(), where, "environment.blender");
  if (chosen->proof == core::ForkProof::refused) return at_field(fork_refused(*chosen), where, "environment.blender");
  auto load = load_of(spec.environment(), spec.resources().gpus(), where);
  if (!load) return load.error();
  return kind_of(spec, *chosen, std::move(*load));
}

Status Resolver::pin_scene(v1::JobSpec& spec, const Where& where) {
  v1::Scene& scene = *spec.mutable_scene();
  const bool by_value = !scene.blob().empty();
  const auto file = blend(scene);
  if (!file) return at_field(file.error(), where, by_value ? "scene.blob" : "scene.path");
  by_value ? scene.clear_pin() : set_pin(scene, file->pin);
  return Done{};
}

Result<BlendFile> Resolver::blend(const v1::Scene& scene) {
  const std::string& key = scene.blob().empty() ? scene.path() : scene.blob();
  auto known = scenes_.find(key);
  if (known == scenes_.end()) known = scenes_.emplace(key, read(scene)).first;
  return known->second;
}

Result<BlendFile> Resolver::read(const v1::Scene& scene) const {
  if (scene.blob().empty()) return read_blend(scene.path());
  const Sha256 name = Sha256::parse(scene.blob()).value();
  if (!blobs_.touch(name)) return store::blob_not_found(name);
  auto file = read_blend(blobs_.path(name));
  if (file) return file;
  return Error{Code::failed_precondition,
               file.error().reason,
               "blob " + scene.blob() + ", the scene " + scene.original_path() + ", is not a .blend",
               "send the bytes of a .blend file",
               "",
               {{"file", scene.original_path()}, {"blob", scene.blob()}}};
}

Result<pool::Blender> Resolver::blender(const v1::JobSpec& spec) {
  if (!snapshot_->complete) snapshot_ = catalog_.wait(kPatience);
  const std::string selector = without_collection(spec.environment().blender());
  const auto key = std::make_pair(selector, spec.scene().blob().empty() ? spec.scene().path() : spec.scene().blob());
  auto known = blenders_.find(key);
  if (known == blenders_.end()) known = blenders_.emplace(key, choose(selector, spec.scene())).first;
  return known->second;
}

Result<pool::Blender> Resolver::choose(const std::string& selector, const v1::Scene& scene) {
  if (scene.path().empty() && scene.blob().empty()) return pool::select(*snapshot_, selector);
  const auto file = blend(scene);
  if (!file) return file.error();
  auto chosen = pool::select(*snapshot_, selector, file->version);
  if (chosen || !pool::select(*snapshot_, selector)) return chosen;
  return too_old(scene.blob().empty() ? scene.path() : scene.original_path(), file->version, *snapshot_, selector);
}

}  // namespace offstage::api
