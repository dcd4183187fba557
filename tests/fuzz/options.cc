// SPDX-License-Identifier: Apache-2.0
//
// The daemon's configuration file, from bytes to options.
#include "app/options.h"

#include "app/option_table.h"
#include "errors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace offstage;
  const fuzz::File file(fuzz::text(data, size));
  const auto nothing = [](const char*) { return std::optional<std::string>(); };
  const auto loaded = app::load_options({}, nothing, file.path());
  if (!loaded) {
    fuzz::require_good(loaded.error());
    return 0;
  }
  fuzz::require(loaded->options.slots <= 4096 && loaded->options.spares_idle.count() >= 0 && loaded->options.low_water >= 0, "options are within their bounds");
  for (const app::Setting& setting : loaded->settings) {
    app::Options options;
    fuzz::require(app::find_option(setting.key) != nullptr && app::assign(options, setting), "what was taken is an option, and can be taken again");
  }
  return 0;
}
