// SPDX-License-Identifier: Apache-2.0
//
// offstage bundle ID [--attempt N] [-o FILE]
//
// Saves all that the daemon knows of an attempt as a .tar.gz, ready for a bug report. Written aside and renamed, so FILE is whole or not there.
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/ids.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/words.h"

namespace offstage::cli {
namespace {

Error cannot_write(const std::string& file, const char* why) {
  return {
      .code = Code::unknown, .message = std::string("the bundle cannot be written: ") + why, .hint = "name another file with -o", .fields = {{"file", file}}};
}

Status save(const std::string& file, std::string_view bytes) {
  const std::string aside = file + ".part";
  ::unlink(aside.c_str());
  const int fd = ::open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return cannot_write(file, std::strerror(errno));
  int failure = 0;
  while (!bytes.empty() && failure == 0) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
    if (written < 0 && errno != EINTR) failure = errno;
  }
  if (::close(fd) != 0 && failure == 0) failure = errno;
  if (failure == 0 && ::rename(aside.c_str(), file.c_str()) != 0) failure = errno;
  if (failure == 0) return Done{};
  ::unlink(aside.c_str());
  return cannot_write(file, std::strerror(failure));
}

int bundle(const Context& context, const std::string& id, const std::string& number, std::string file) {
  auto client = context.connect();
  if (!client) return report(client.error());
  auto name = attempt_name(*client, id, number);
  if (!name) return report(name.error());
  std::string bytes, suggested;
  const Status status = client->bundle(*name, [&](const BundleChunk& chunk) {
    suggested = chunk.file_name;
    bytes += chunk.data;
    return true;
  });
  if (!status) return report(status.error());
  if (file == "-") return out().write(bytes) ? succeeded : failed;
  if (file.empty()) file = suggested.substr(suggested.rfind('/') + 1);
  if (const Status saved = save(file, bytes); !saved) return report(saved.error());
  if (context.json) {
    out().write(JsonObject().text("file", file).number("size_bytes", static_cast<std::int64_t>(bytes.size())).text() + "\n");
  } else {
    out().write(file + "\n");
    note(bytes_text(static_cast<std::int64_t>(bytes.size())) +
         "; variables that look like secrets are hidden, but script, parameters and log are as they are: look through it before you give it away");
  }
  return succeeded;
}

}  // namespace

void add_bundle(Command root, Context& context) {
  auto id = std::make_shared<std::string>(), number = std::make_shared<std::string>(), file = std::make_shared<std::string>();
  Command command = root.command("bundle", "Save all that is known of a job as a .tar.gz, for a bug report");
  command.argument("ID", *id, "The job's id, or its first digits")
      .value("--attempt", *number, "N", "Of this attempt; default: the newest")
      .value("-o,--output", *file, "FILE", "Where to; - = standard output; default: a name by the job's id");
  command.runs([&context, id, number, file] { return bundle(context, *id, *number, *file); });
}

}  // namespace offstage::cli
