// SPDX-License-Identifier: Apache-2.0
//
// The limits of the API, in one place: checks use them, GetServer.limits tells them.
//
// Thread: constants.
#pragma once

#include <cstddef>
#include <cstdint>

namespace offstage::api {

inline constexpr std::size_t kMessageBytes = 4 << 20;
inline constexpr std::size_t kInlineScriptBytes = 1 << 20;
inline constexpr std::size_t kParametersBytes = 1 << 20;
inline constexpr std::size_t kSpecBytes = 5 << 19;    // script, parameters and all the rest
inline constexpr std::size_t kResultBytes = 1 << 20;  // with the spec, a whole Job stays below one message
inline constexpr int kBatchSize = 1000;
inline constexpr int kLabels = 64;
inline constexpr int kLabelValueBytes = 256;
inline constexpr int kPageSize = 1000;
inline constexpr int kDefaultPageSize = 100;
inline constexpr std::size_t kPageBytes = 2 << 20;
inline constexpr std::size_t kDisplayNameBytes = 256;
inline constexpr int kArguments = 1000;
inline constexpr int kVariables = 256;
inline constexpr std::size_t kVariableBytes = 64 << 10;
inline constexpr std::size_t kPathBytes = 4096;
inline constexpr int kLoadedPaths = 64;  // of a kind: add-ons, Python paths, script folders, asset libraries
inline constexpr unsigned kGpus = 64;    // of one job
inline constexpr int kWrapperWords = 64;
inline constexpr std::size_t kAssetLibraryNameBytes = 63;  // Blender's own
inline constexpr std::size_t kAddonPreferencesBytes = 64 << 10;
inline constexpr int kMaxAttempts = 100;
inline constexpr int kPriority = 1000;  // either way
inline constexpr std::int64_t kMinMemoryBytes = 64 << 20;
inline constexpr int kWatchNames = 1000;
inline constexpr std::size_t kConnections = 4096;  // on the Unix socket
inline constexpr std::size_t kStreams = 10'000;    // watchers and log readers at a time
inline constexpr std::size_t kLogChunkBytes = 64 << 10;
inline constexpr int kInputs = 1000;
inline constexpr std::size_t kInputNameBytes = 1024;
inline constexpr int kFindBlobs = 10'000;
inline constexpr std::size_t kBlobChunkBytes = 1 << 20;
inline constexpr std::int64_t kFileChunkBytes = 256 << 10;

}  // namespace offstage::api
