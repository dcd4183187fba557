// SPDX-License-Identifier: Apache-2.0
//
// Text to value and back, one pair a type of option. An error's message says what was expected; option_table.cc adds the key and the place.
//
// Thread: any.
#pragma once

#include "app/option_table.h"

namespace offstage::app {

Status parse_value(const OptionRow& row, const Setting& setting, std::uint64_t& out);
Status parse_value(const OptionRow& row, const Setting& setting, bool& out);
Status parse_value(const OptionRow& row, const Setting& setting, std::string& out);
Status parse_value(const OptionRow& row, const Setting& setting, std::filesystem::path& out);
Status parse_value(const OptionRow& row, const Setting& setting, std::vector<std::filesystem::path>& out);
Status parse_value(const OptionRow& row, const Setting& setting, Micros& out);
Status parse_value(const OptionRow& row, const Setting& setting, std::int64_t& out);

std::string format_value(std::uint64_t value);
std::string format_value(bool value);
std::string format_value(const std::string& value);
std::string format_value(const std::filesystem::path& value);
std::string format_value(const std::vector<std::filesystem::path>& value);
std::string format_value(Micros value);
std::string format_value(std::int64_t bytes);

}  // namespace offstage::app
