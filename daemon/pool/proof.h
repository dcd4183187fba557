// SPDX-License-Identifier: Apache-2.0
//
// Whether a Blender may be forked: a forked worker and a cold one run the same probe, and it must come out the same picture, with PNG and EXR written and read,
// on (nearly) as many cores. Proven once and cached by everything that makes the answer: the file, its version, our worker code.
//
// Thread: the core strand. One probe at a time, as an ordinary attempt on the pool's own workers.
#pragma once

#include <asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "pool/fleet.h"

namespace offstage::pool {

/// What probe.py found.
struct Probe {
  std::string pixels;  ///< digest of the picture
  bool png = false, exr = false;
  double cores = 0;  ///< CPU time / wall time of the render
};
/// The probe's result; PROBE_UNREADABLE.
Result<Probe> parse_probe(std::string_view value_json);

/// Why `fork` is refuted against `cold`; empty: proven. `cores`: of this machine; with one, they are not compared.
std::string compare(const Probe& cold, const Probe& fork, unsigned cores);

/// What makes a proof valid, in one line; names its file.
std::string proof_key(const Blender& blender, const std::filesystem::path& worker_code);
/// Sets proof, reason, time and cores from the cache; false: there is none.
bool read_proof(Blender& blender, const std::filesystem::path& cache, const std::string& key);
void write_proof(const Blender& blender, const std::filesystem::path& cache, const std::string& key);

/// Proves each of the catalogue's Blenders that has no cached proof, in order; `changed` for each, the cached ones too. `alive`: false, the pool is gone.
asio::awaitable<void> prove_all(Context& context, Fleet& fleet, CatalogStore& catalog, std::function<void(const Blender&)> changed,
                                std::shared_ptr<bool> alive);

}  // namespace offstage::pool
