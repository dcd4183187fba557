// SPDX-License-Identifier: Apache-2.0
#include "pool/discovery.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "base/ids.h"
#include "base/sha256.h"
#include "pool/files.h"
#include "pool/procs.h"
#include "pool/selector.h"

namespace offstage::pool {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::string_view marker = "OFFSTAGE-BLENDER ";

/// sys.executable of an embedded Python may be anything on PATH: the installation's own is looked for first.
constexpr const char* question =
    "import bpy, json, os, sys\n"
    "own = os.path.join(sys.prefix, 'bin', 'python%d.%d' % sys.version_info[:2])\n"
    "embedded = bool(getattr(bpy.app, 'binary_path', ''))\n"
    "text = lambda x: x.decode('utf-8', 'replace') if isinstance(x, bytes) else str(x)\n"
    "print('\\nOFFSTAGE-BLENDER ' + json.dumps({'version': text(bpy.app.version_string), 'build_hash': text(bpy.app.build_hash),\n"
    "      'python': own if embedded and os.access(own, os.X_OK) else sys.executable, 'bpy': bpy.__file__ if not embedded else ''}), flush=True)\n";

struct Said {
  std::string output;
  std::string error;  ///< not empty: it did not end well
};

Said run(const std::vector<std::string>& arguments, Children& children, const fs::path& scratch) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {"", "no pipe"};
  UniqueFd out(ends[0]), in(ends[1]);
  auto child = children.spawn({.arguments = arguments, .environment = {{"TMPDIR", scratch.string()}}, .output = in.get(), .error = in.get()});
  if (!child) return {"", child.error().message};
  in.reset();
  Said said;
  const auto until = std::chrono::steady_clock::now() + run_patience;
  char buffer[8192];
  bool ended = false, late = false, out_open = true;
  while (!ended && !late) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    pollfd fds[] = {{out_open ? out.get() : -1, POLLIN, 0}, {child->pidfd.get(), POLLIN, 0}};
    ::poll(fds, 2, static_cast<int>(std::clamp<std::int64_t>(left, 0, 200)));  // in slices: the pool may be closing
    late = left <= 0 || children.closed();
    ended = (fds[1].revents & POLLIN) != 0;  // not at end of file: a grandchild may hold the pipe
    if ((fds[0].revents & (POLLIN | POLLHUP)) == 0) continue;
    const ssize_t n = ::read(out.get(), buffer, sizeof buffer);
    if (n > 0 && said.output.size() < (1 << 20)) said.output.append(buffer, static_cast<std::size_t>(n));
    if (n <= 0) out_open = false;
  }
  ::fcntl(out.get(), F_SETFL, O_NONBLOCK);
  for (ssize_t n; (n = ::read(out.get(), buffer, sizeof buffer)) > 0 && said.output.size() < (1 << 20);)
    said.output.append(buffer, static_cast<std::size_t>(n));
  if (late) {
    ::kill(-child->pid, SIGKILL);  // its own session, and not reaped yet: the number is its own
    send_signal(child->pidfd, SIGKILL);
    said.error = "it did not answer within " + std::to_string(run_patience.count()) + " s";
    pollfd end{child->pidfd.get(), POLLIN, 0};
    ::poll(&end, 1, 2000);
  }
  const auto exit = reap(child->pidfd);
  if (exit) children.forget(child->pid);
  if (!late && exit && exit->signal != 0) said.error = "it was killed by signal " + std::to_string(exit->signal);
  if (!late && exit && exit->exit_code != 0) said.error = "it ended with exit code " + std::to_string(exit->exit_code);
  return said;
}

std::string last_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  const std::size_t at = text.rfind('\n');
  return text.substr(at == std::string::npos ? 0 : at + 1).substr(0, 300);
}

std::string short_hash(const std::string& text) { return Sha256::of(text).hex().substr(0, 32); }

bool fill(Blender& blender, const Json& facts) {
  const auto version = parse_version(facts.value("version", ""));
  if (!version) return false;
  blender.version = *version;
  blender.build_hash = facts.value("build_hash", "");
  blender.python = facts.value("python", "");
  if (blender.module || blender.python.empty()) blender.python = blender.module ? blender.path : fs::path("/usr/bin/python3");
  return true;
}

bool is_python(const fs::path& path) { return path.filename().string().starts_with("python"); }
bool is_program(const fs::path& path) {
  struct stat s {};
  return ::stat(path.c_str(), &s) == 0 && S_ISREG(s.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

std::vector<fs::path> children_of(const fs::path& folder, std::string_view prefix) {
  std::vector<fs::path> out;
  std::error_code error;
  for (fs::directory_iterator it(folder, fs::directory_options::skip_permission_denied, error), end; !error && it != end; it.increment(error)) {
    if (it->path().filename().string().starts_with(prefix)) out.push_back(it->path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<fs::path> usual_places() {
  std::vector<fs::path> out;
  const char* search = std::getenv("PATH");
  for (std::string_view rest = search != nullptr ? search : ""; !rest.empty();) {
    const std::size_t colon = rest.find(':');
    if (rest[0] == '/') out.emplace_back(fs::path(rest.substr(0, colon)) / "blender");
    rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  }
  const char* home = std::getenv("HOME");
  std::vector<fs::path> folders = {"/opt", "/usr/local"};
  if (home != nullptr && home[0] == '/') {
    for (const char* below : {"", ".local/share", ".local/opt", "Applications"}) folders.push_back(fs::path(home) / below);
    out.push_back(fs::path(home) / ".local/share/Steam/steamapps/common/Blender/blender");
  }
  for (const fs::path& folder : folders) {
    for (const fs::path& found : children_of(folder, "blender")) {
      out.push_back(found / "blender");
      for (const fs::path& version : children_of(found, "blender-")) out.push_back(version / "blender");  // a folder of unpacked archives
    }
  }
  out.emplace_back("/snap/bin/blender");
  for (const fs::path& app : children_of("/Applications", "Blender")) out.push_back(app / "Contents/MacOS/Blender");
  return out;
}

}  // namespace

std::string identity(const fs::path& file) {
  struct stat s {};
  if (::stat(file.c_str(), &s) != 0) return {};
  return file.string() + " " + std::to_string(s.st_size) + " " + std::to_string(s.st_mtim.tv_sec) + "." + std::to_string(s.st_mtim.tv_nsec) + " " +
         std::to_string(s.st_ino);
}

std::vector<Candidate> candidates(const CatalogOptions& options) {
  std::vector<Candidate> out;
  std::set<fs::path> seen;
  const auto add = [&](const fs::path& path, bool always) {
    const bool module = is_python(path);
    if (!always && !is_program(path)) return;
    std::error_code error;
    fs::path key = module ? path : fs::canonical(path, error);  // a venv's python is a link, and its target has no bpy
    if (error) key = path;
    if (seen.insert(key).second) out.push_back({path, module});
  };
  for (const fs::path& path : options.configured) add(path, true);
  if (options.search) {
    for (const fs::path& path : usual_places()) add(path, false);
  }
  return out;
}

Blender look_at(const Candidate& candidate, Children& children, const fs::path& cache, const fs::path& keepers) {
  Blender blender;
  blender.path = candidate.path;
  blender.module = candidate.module;
  const std::string id = identity(candidate.path);
  if (id.empty()) {
    blender.error = "there is no such file";
    return blender;
  }
  if (!is_program(candidate.path)) {
    blender.error = "it is no program that may be run";
    return blender;
  }
  const fs::path file = cache / ("found-" + short_hash(id) + ".json");
  if (const auto text = read_file(file, 1 << 20)) {
    const Json facts = Json::parse(*text, nullptr, false);
    if (facts.is_object() && facts.value("identity", "") == id && facts.value("bpy_identity", "") == identity(facts.value("bpy", "")) && fill(blender, facts)) {
      return blender;
    }
  }
  const fs::path scratch = keepers / ("look-" + random_hex(4) + ".tmp");  // for the session folder that a Blender makes, and leaves when it is killed
  std::error_code error;
  fs::create_directories(scratch, error);
  const auto said =
      candidate.module
          ? run({candidate.path.string(), "-W", "ignore", "-c", question}, children, scratch)
          : run({candidate.path.string(), "-b", "--factory-startup", "--disable-autoexec", "-noaudio", "--python-exit-code", "99", "--python-expr", question},
                children, scratch);
  fs::remove_all(scratch, error);
  const std::size_t at = said.output.find(marker);
  Json facts;
  if (at != std::string::npos) facts = Json::parse(said.output.substr(at + marker.size(), said.output.find('\n', at) - at - marker.size()), nullptr, false);
  if (!facts.is_object() || !fill(blender, facts)) {
    const std::string line = last_line(said.output);
    blender.error = said.error.empty() ? "it did not say its version" : said.error;
    if (!line.empty()) blender.error += ": " + line;
    return blender;
  }
  facts["identity"] = id;
  facts["bpy_identity"] = identity(facts.value("bpy", ""));
  write_file(file, facts.dump(-1, ' ', false, Json::error_handler_t::replace));
  return blender;
}

std::vector<Blender> arrange(std::vector<Blender> found, const std::string& preferred) {
  std::set<std::string> names;
  for (Blender& b : found) {
    const std::string base = b.module ? "bpy" : b.path.filename().string();
    b.name = b.error.empty() ? b.version.text() + "-" + base : base + "-" + short_hash(b.path.string()).substr(0, 6);
    std::replace_if(
        b.name.begin(), b.name.end(), [](char c) { return c <= ' ' || c == '/' || c == ',' || c == 0x7f; }, '_');
    if (!names.insert(b.name).second) names.insert(b.name += "-" + short_hash(b.path.string()).substr(0, 6));
  }
  std::stable_sort(found.begin(), found.end(), [](const Blender& a, const Blender& b) {
    if (a.error.empty() != b.error.empty()) return a.error.empty();
    if (a.module != b.module) return !a.module;
    return a.version > b.version;
  });
  if (!preferred.empty()) {
    CatalogSnapshot all{true, found};
    if (const auto chosen = select(all, preferred)) {
      const auto it = std::find_if(found.begin(), found.end(), [&](const Blender& b) { return b.name == chosen->name; });
      std::rotate(found.begin(), it, it + 1);
    }
  }
  return found;
}

std::vector<Blender> discover(const CatalogOptions& options, Children& children, const fs::path& cache, const fs::path& keepers) {
  const auto list = candidates(options);
  std::vector<Blender> found(list.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i; !children.closed() && (i = next++) < list.size();) found[i] = look_at(list[i], children, cache, keepers);
  };
  std::jthread second(work);
  work();
  second.join();
  return arrange(std::move(found), options.preferred);
}

}  // namespace offstage::pool
