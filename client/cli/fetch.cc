// SPDX-License-Identifier: Apache-2.0
//
// offstage fetch ID [PATTERN…] [-o DIR] [--force] [--verify] [--attempt N]
//
// Brings result files into a folder: each one whole and as the job has left it, or not there. Interrupted, it goes on where it was when it is called again.
#include <unistd.h>

#include <chrono>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/ids.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/terminal.h"
#include "cli/words.h"

namespace offstage::cli {
namespace {

struct FetchArguments {
  std::string id, number, folder = ".";
  std::vector<std::string> patterns;
  bool force = false, verify = false;
};

/// One line on stderr that changes, where that is a terminal.
class Meter {
 public:
  Meter() : terminal_(Terminal::of(STDERR_FILENO)) {}
  ~Meter() {
    if (shown_) err().write("\r\x1b[K");
  }
  void show(const FetchProgress& at) {
    const auto now = std::chrono::steady_clock::now();
    if (!terminal_.is_terminal || now - last_ < std::chrono::milliseconds(100)) return;
    last_ = now;
    shown_ = true;
    const std::string text = std::to_string(at.files) + " of " + std::to_string(at.total_files) + " files, " + bytes_text(at.bytes) + " of " +
                             bytes_text(at.total_bytes) + "  " + harmless_line(at.file);
    err().write("\r" + clip(text, terminal_.width > 1 ? terminal_.width - 1 : 0) + "\x1b[K");
  }

 private:
  const Terminal terminal_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

void tell(const Context& context, const std::vector<FetchedFile>& files) {
  std::int64_t bytes = 0;
  std::size_t unchanged = 0;
  for (const FetchedFile& one : files) {
    if (one.unchanged) ++unchanged;
    if (!one.unchanged) bytes += one.file.size;
    if (context.json) {
      out().write(JsonObject()
                      .text("name", one.file.name)
                      .text("path", one.path)
                      .number("size_bytes", one.file.size)
                      .text("sha256", one.file.sha256)
                      .boolean("unchanged", one.unchanged)
                      .text() +
                  "\n");
    } else if (!one.unchanged) {
      out().write(harmless_line(one.path) + "\n");
    }
  }
  if (files.empty()) return note("the job has left no files");
  const std::string skipped = unchanged == 0 ? "" : ", " + std::to_string(unchanged) + " there already";
  const std::size_t written = files.size() - unchanged;
  note(std::to_string(written) + (written == 1 ? " file" : " files") + " written, " + bytes_text(bytes) + skipped);
}

int fetch(const Context& context, const FetchArguments& arguments) {
  auto client = context.connect();
  if (!client) return report(client.error());
  auto name = attempt_name(*client, arguments.id, arguments.number);
  if (!name) return report(name.error());
  Result<std::vector<FetchedFile>> files = std::vector<FetchedFile>();
  {
    Meter meter;
    files = client->fetch(*name, {.folder = arguments.folder,
                                  .patterns = arguments.patterns,
                                  .force = arguments.force,
                                  .verify = arguments.verify,
                                  .on_progress = [&](const FetchProgress& at) { meter.show(at); }});
  }
  if (!files) {
    const int code = report(files.error());
    return files.error().reason == "NO_SUCH_FILES" ? static_cast<int>(failed) : code;
  }
  tell(context, *files);
  return succeeded;
}

}  // namespace

void add_fetch(Command root, Context& context) {
  auto arguments = std::make_shared<FetchArguments>();
  Command command = root.command("fetch", "Bring a job's result files into a folder");
  command.argument("ID", arguments->id, "The job's id, or its first digits")
      .arguments("PATTERN", arguments->patterns, "Only these: '*.png', 'frames/*.exr', a folder's name; default: all", false)
      .value("-o,--output", arguments->folder, "DIR", "Into this folder, which is made if need be; default: here")
      .value("--attempt", arguments->number, "N", "Of this attempt; default: the newest")
      .flag("--force", arguments->force, "Replace files that have other content")
      .flag("--verify", arguments->verify, "Compare contents with their hashes, also of files that nothing can have changed but a fault of the disk");
  command.runs([&context, arguments] { return fetch(context, *arguments); });
}

}  // namespace offstage::cli
