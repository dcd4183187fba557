// SPDX-License-Identifier: Apache-2.0
#include "app/gpus.h"

#include <algorithm>
#include <cctype>

namespace offstage::app {
namespace {

constexpr std::size_t most = 64;

/// Files in `folder` whose names are `prefix` and a number.
std::size_t count(const std::filesystem::path& folder, std::string_view prefix) {
  std::size_t found = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, std::filesystem::directory_options::skip_permission_denied, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    const auto digit = [](unsigned char c) { return std::isdigit(c) != 0; };
    if (name.size() > prefix.size() && name.starts_with(prefix) && std::all_of(name.begin() + static_cast<std::ptrdiff_t>(prefix.size()), name.end(), digit))
      ++found;
  }
  return found;
}

bool good_id(std::string_view id) {
  const auto good = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == ':' || c == '/'; };
  return !id.empty() && id.size() <= 128 && std::all_of(id.begin(), id.end(), good);
}

Result<core::Gpus> parse(const std::string& text, const std::string& origin) {
  core::Gpus out;
  for (std::string_view rest = text;;) {
    const std::size_t comma = rest.find(',');
    const std::string id(rest.substr(0, comma));
    const bool twice = std::find(out.begin(), out.end(), id) != out.end();
    if (!good_id(id) || twice || out.size() == most) {
      return Error{Code::invalid_argument,
                   "CONFIG_VALUE",
                   "gpus: \"" + id + "\" " +
                       (twice                ? "comes twice"
                        : out.size() == most ? "is one too many: at most 64 are allowed"
                                             : "is no id of a GPU"),
                   "write their numbers or UUIDs with commas between: \"0,1\"; \"none\" for none",
                   "",
                   {{"where", origin}}};
    }
    out.push_back(id);
    if (comma == std::string_view::npos) return out;
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace

Result<core::Gpus> gpus_of(const std::string& option, const Environment& environment, const std::filesystem::path& devices) {
  if (option == "none") return core::Gpus();
  if (!option.empty()) return parse(option, "option gpus");
  if (const auto given = environment("CUDA_VISIBLE_DEVICES")) {
    if (given->empty() || given->starts_with('-') || *given == "NoDevFiles") return core::Gpus();
    return parse(*given, "CUDA_VISIBLE_DEVICES");
  }
  std::size_t found = count(devices, "nvidia");
  if (found == 0) found = count(devices / "dri", "renderD");
  core::Gpus out;
  for (std::size_t i = 0; i < std::min(found, most); ++i) out.push_back(std::to_string(i));
  return out;
}

}  // namespace offstage::app
