// SPDX-License-Identifier: Apache-2.0
//
// Aligned columns, fitted to the terminal: the last column gives way. Text is made harmless.
#pragma once

#include <string>
#include <vector>

namespace offstage::cli {

using Row = std::vector<std::string>;

/// `rows[0]` is the heading. width 0 = unlimited.
std::string table(const std::vector<Row>& rows, std::size_t width);

}  // namespace offstage::cli
