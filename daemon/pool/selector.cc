// SPDX-License-Identifier: Apache-2.0
#include "pool/selector.h"

#include <algorithm>
#include <charconv>

namespace offstage::pool {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// Reads "4", "4.5" or "4.5.15" off the front; 0: there is none.
int take_version(std::string_view& text, Version& out) {
  int* const fields[] = {&out.major, &out.minor, &out.patch};
  int parts = 0;
  for (int* field : fields) {
    std::string_view rest = text;
    if (parts > 0) {
      if (!rest.starts_with('.')) break;
      rest.remove_prefix(1);
    }
    if (rest.empty() || rest[0] < '0' || rest[0] > '9') break;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), *field);
    if (error != std::errc()) return 0;
    text = rest.substr(static_cast<std::size_t>(end - rest.data()));
    ++parts;
  }
  return parts;
}

std::optional<Bound> parse_bound(std::string_view text) {
  using Op = Bound::Op;
  static constexpr std::pair<std::string_view, Op> ops[] = {{">=", Op::greater_equal}, {"<=", Op::less_equal}, {"==", Op::equal}, {"!=", Op::not_equal},
                                                            {">", Op::greater},        {"<", Op::less},        {"=", Op::equal}};
  Bound bound;
  for (const auto& [sign, op] : ops) {
    if (!text.starts_with(sign)) continue;
    bound.op = op;
    text = trim(text.substr(sign.size()));
    break;
  }
  bound.parts = take_version(text, bound.version);
  if (bound.parts == 0 || !text.empty()) return std::nullopt;
  return bound;
}

}  // namespace

std::string Version::text() const { return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch); }

std::optional<Version> parse_version(std::string_view text) {
  Version out;
  if (take_version(text, out) == 0) return std::nullopt;
  return out;
}

bool Bound::holds(const Version& v) const {
  Version cut = v;
  if (parts < 3) cut.patch = 0;
  if (parts < 2) cut.minor = 0;
  switch (op) {
    case Op::equal:
      return cut == version;
    case Op::not_equal:
      return cut != version;
    case Op::less:
      return cut < version;
    case Op::less_equal:
      return cut <= version;
    case Op::greater:
      return cut > version;
    case Op::greater_equal:
      return cut >= version;
  }
  return false;
}

std::optional<std::vector<Bound>> parse_selector(std::string_view text) {
  std::vector<Bound> out;
  while (true) {
    const std::size_t comma = text.find(',');
    const auto bound = parse_bound(trim(text.substr(0, comma)));
    if (!bound) return std::nullopt;
    out.push_back(*bound);
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

namespace {

Error not_found(const CatalogSnapshot& catalog, const std::string& selector) {
  Error error{Code::failed_precondition, "BLENDER_NOT_FOUND", "", "", "spec.environment.blender", {{"blender", selector}}};
  std::string found;
  for (const Blender& b : catalog.blenders) {
    if (b.error.empty()) found += (found.empty() ? "" : ", ") + b.name;
  }
  if (found.empty()) {
    error.message = "no Blender that works was found on this machine";
    error.hint = "install Blender, or name one in the daemon's configuration: blenders = [\"/path/to/blender\"]; `offstage blenders` lists what was found";
  } else if (selector.starts_with('/')) {
    error.message = "the Blender " + selector + " is not one that the daemon knows";
    error.hint = "name it in the daemon's configuration: blenders = [\"" + selector + "\"], and restart; known here: " + found;
  } else {
    error.message = "no Blender here is \"" + selector + "\"";
    error.hint = "`offstage blenders` lists what was found: " + found;
  }
  if (!catalog.complete) error.hint += " (the search for Blenders is still going on)";
  return error;
}

Error broken(const Blender& blender) {
  return {Code::failed_precondition,
          "BLENDER_NOT_FOUND",
          "the Blender " + blender.path.string() + " cannot be used: " + blender.error,
          "`offstage blenders` lists those that can",
          "spec.environment.blender",
          {{"blender", blender.name}}};
}

Error too_old(const Blender& newest, const Version& needed) {
  return {Code::failed_precondition,
          "BLENDER_TOO_OLD",
          "it needs Blender " + needed.text() + " or newer, and the newest one that may be used here is " + newest.version.text() + " (" + newest.name + ")",
          "install Blender " + needed.text() + " or newer, or select another one; `offstage blenders` lists what was found",
          "spec.environment.blender",
          {{"blender", newest.name}, {"needed", needed.text()}, {"found", newest.version.text()}}};
}

bool by_name(const std::string& selector, const Blender& b) { return !selector.empty() && (b.name == selector || b.path == selector); }

}  // namespace

bool names(const std::string& selector, const Blender& blender) {
  const auto bounds = selector.empty() ? std::vector<Bound>{} : parse_selector(selector);
  return by_name(selector, blender) || (bounds && std::ranges::all_of(*bounds, [&](const Bound& bound) { return bound.holds(blender.version); }));
}

Result<Blender> select(const CatalogSnapshot& catalog, const std::string& selector, Version at_least) {
  std::vector<const Blender*> fitting;  // in the catalogue's order: the default first
  for (const Blender& b : catalog.blenders) {
    if (!b.error.empty() && by_name(selector, b)) return broken(b);
    if (b.error.empty() && names(selector, b)) fitting.push_back(&b);
  }
  if (fitting.empty()) return not_found(catalog, selector);
  const auto older = [](const Blender* a, const Blender* b) { return a->version < b->version || (a->version == b->version && a->module && !b->module); };
  const Blender* newest = *std::max_element(fitting.begin(), fitting.end(), older);
  if (newest->version < at_least) return too_old(*newest, at_least);
  if (!selector.empty()) return *newest;
  if (at_least == Version{}) return *fitting.front();
  // The release that is nearest to the file's, for a newer one may show it differently; of that release, the newest.
  std::erase_if(fitting, [&](const Blender* b) { return b->version < at_least; });
  const auto release = [](const Blender* b) { return Version{b->version.major, b->version.minor, 0}; };
  const Version nearest = release(*std::min_element(fitting.begin(), fitting.end(), older));
  std::erase_if(fitting, [&](const Blender* b) { return release(b) != nearest; });
  return **std::max_element(fitting.begin(), fitting.end(), older);
}

}  // namespace offstage::pool
