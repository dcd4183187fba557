// SPDX-License-Identifier: Apache-2.0
#include "app/option_table.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "app/option_values.h"

namespace offstage::app {
namespace {

constexpr std::uint64_t day_us = 86'400'000'000;

constexpr std::array table{
    OptionRow{"slots", &Options::slots, "Jobs at a time; one more is kept for interactive ones. 0 = the number of cores.", "number of cores", 0, 4096},
    OptionRow{"blenders", &Options::blenders,
              "Blenders to use besides those that are found: executables, or Pythons that can `import bpy`. In the environment separated by colons, as a flag "
              "repeated."},
    OptionRow{"blender", &Options::blender, "Which Blender jobs get that ask for none: \"4.5\", \">=4.2,<5\", a name or a path.", "the newest executable"},
    OptionRow{"search_blenders", &Options::search_blenders, "Look for Blenders on PATH and in the usual folders, too."},
    OptionRow{"max_spares", &Options::max_spares, "Idle Blenders kept ready, at most, of each kind.", {}, 0, 1000},
    OptionRow{"spares_idle", &Options::spares_idle, "After so long without a job no Blender is kept ready.", {}, 0, 365 * day_us},
    OptionRow{"keeper_idle", &Options::keeper_idle, "After so long without a job a warm Blender is ended.", {}, 1'000'000, 365 * day_us},
    OptionRow{"warm_bytes", &Options::warm_bytes,
              "Memory that Blenders which keep a scene warm may take together; beyond it the scene that was not used for the longest is let go. 0 = no limit.",
              "a quarter of the memory", 0, std::uint64_t{1} << 50},
    OptionRow{"huge_pages", &Options::huge_pages, "Warm Blenders use huge pages: they fork two to three times faster and take up to 50 MB more, once."},
    OptionRow{"gpus", &Options::gpus, "GPUs that may be handed out to jobs, as CUDA, ROCm or oneAPI number them: \"0,1\"; or their UUIDs. \"none\": none.",
              "those that are found"},
    OptionRow{"log_bytes",
              &Options::log_bytes,
              "Of an attempt's log so much is kept, a quarter from its begin and the rest from its end. 0 = all.",
              {},
              0,
              std::uint64_t{1} << 50},
    OptionRow{"queue_length", &Options::queue_length, "Jobs that have not ended, at most; more are refused.", {}, 1, 100'000'000},
    OptionRow{"retention",
              &Options::retention,
              "So long after its end a job is kept, with its log and results. 0 = until somebody deletes it.",
              {},
              0,
              36500 * day_us},
    OptionRow{
        "retention_bytes",
        &Options::retention_bytes,
        "What the folders of ended jobs may take together; beyond it the oldest of them are deleted, a minute after their end at the earliest. 0 = no limit.",
        {},
        0,
        std::uint64_t{1} << 50},
    OptionRow{"attempt_bytes",
              &Options::attempt_bytes,
              "What the folder of a running attempt may take: results, scratch and log. Beyond it the attempt is ended and fails with DISK_FULL. 0 = no limit.",
              {},
              0,
              std::uint64_t{1} << 50},
    OptionRow{"blob_bytes",
              &Options::blob_bytes,
              "What was sent to the daemon, or copied at submit, may take: blobs and the inputs of jobs. Beyond it both are refused. 0 = no limit.",
              {},
              0,
              std::uint64_t{1} << 50},
    OptionRow{"state_dir", &Options::state_dir, "The queue, logs and results. On a local disk.", "`$XDG_STATE_HOME/offstage/MACHINE`"},
    OptionRow{"runtime_dir", &Options::runtime_dir, "Sockets.", "`$XDG_RUNTIME_DIR/offstage`, or `$TMPDIR/offstage-UID`"},
    OptionRow{"socket", &Options::socket, "Where clients connect.", "`RUNTIME_DIR/offstaged.sock`"},
    OptionRow{"proof_cache", &Options::proof_cache, "What was proven about Blenders, shared by all daemons of a user.", "`$XDG_CACHE_HOME/offstage`"},
    OptionRow{"low_water",
              &Options::low_water,
              "With less free space than this in state_dir new jobs are refused and none is started.",
              {},
              0,
              std::uint64_t{1} << 50},
    OptionRow{"log_level", &Options::log_level, "How much is logged.", {}, 0, 0, "trace|debug|info|warning|error"},
    OptionRow{"log_file", &Options::log_file, "Where it is logged, 10 MB at a time, three files at most.", "standard error"},
    OptionRow{"listen", &Options::listen, "HOST:PORT to serve by TCP, too; needs tls_dir.", "off"},
    OptionRow{"tls_dir", &Options::tls_dir, "Certificate, key and token for TCP, as `offstaged --make-tls DIR` makes them.", "none"},
};

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = std::exchange(row[j + 1], std::min({row[j] + 1, row[j + 1] + 1, change}));
    }
  }
  return row.back();
}

std::string code(std::string_view text) { return "`" + std::string(text) + "`"; }

}  // namespace

std::string OptionRow::flag() const {
  std::string out = "--" + std::string(key);
  std::ranges::replace(out, '_', '-');
  return out;
}

std::string OptionRow::variable() const {
  std::string out = "OFFSTAGE_" + std::string(key);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return out;
}

std::string_view OptionRow::type() const {
  static constexpr std::array names{"number", "true or false", "text", "path", "list of paths", "duration", "size"};
  return one_of.empty() ? names.at(member.index()) : one_of;
}

std::string OptionRow::default_text() const {
  if (!unset.empty()) return std::string(unset);
  const std::string text = std::visit([](auto m) { return format_value(Options{}.*m); }, member);
  return text.empty() ? "none" : code(text);
}

std::span<const OptionRow> option_table() { return table; }

const OptionRow* find_option(std::string_view key) {
  const auto* found = std::ranges::find(table, key, &OptionRow::key);
  return found == table.end() ? nullptr : found;
}

std::string_view nearest_option(std::string_view key) {
  const auto* best = std::ranges::min_element(table, {}, [&](const OptionRow& row) { return edit_distance(row.key, key); });
  return edit_distance(best->key, key) <= std::max<std::size_t>(2, key.size() / 3) ? best->key : std::string_view{};
}

Status assign(Options& options, const Setting& setting) {
  const OptionRow* row = find_option(setting.key);
  if (row == nullptr) {
    const std::string_view near = nearest_option(setting.key);
    return Error{
        .code = Code::invalid_argument,
        .reason = "CONFIG_UNKNOWN_KEY",
        .message = "there is no option \"" + setting.key + "\"",
        .hint = near.empty() ? "`offstaged --print-options` lists all" : "did you mean \"" + std::string(near) + "\"? `offstaged --print-options` lists all",
        .fields = {{"where", setting.origin}}};
  }
  Status stored = std::visit([&](auto member) { return parse_value(*row, setting, options.*member); }, row->member);
  if (stored) return stored;
  Error error = stored.error();
  error.code = Code::invalid_argument;
  error.reason = "CONFIG_VALUE";
  error.message = std::string(row->key) + ": " + error.message;
  error.fields = {{"where", setting.origin}};
  return error;
}

std::string options_markdown() {
  std::string out =
      "# Options of the daemon\n\n"
      "Made by `offstaged --print-options`; a test compares. Flags count before environment variables, these before the file, "
      "`$XDG_CONFIG_HOME/offstage/offstage.toml`\n"
      "(`--config FILE` names another). A key of the file that is not in this table is an error. `offstaged --check-config` tells what it would use, and from "
      "where.\n\n"
      "A duration is a number with `ms`, `s`, `min`, `h` or `d`; without a unit, seconds. A size is a number with `KiB`, `MiB`, `GiB` or `TiB`; without a "
      "unit, bytes. A path may begin\n"
      "with `~/`; a relative one is meant from the folder of the file that says it.\n\n"
      "| TOML | environment | flag | value | default | what |\n|---|---|---|---|---|---|\n";
  for (const OptionRow& row : table) {
    std::string type(row.type());
    for (std::size_t at = 0; (at = type.find('|', at)) != std::string::npos; at += 2) type.replace(at, 1, ", ");
    out += "| " + code(row.key) + " | " + code(row.variable()) + " | " + code(row.flag()) + " | " + type + " | " + row.default_text() + " | " +
           std::string(row.help) + " |\n";
  }
  return out;
}

}  // namespace offstage::app
