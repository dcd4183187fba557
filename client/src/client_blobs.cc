// SPDX-License-Identifier: Apache-2.0
//
// The client's part in blobs: what is there is not sent, what broke off is resumed, what is read is checked.
#include <filesystem>

#include <offstage/script.h>

#include "digest.h"
#include "shared.h"

namespace offstage::inline client {

static Error changed(const BlobSource& source) {
  return {.code = Code::invalid_argument,
          .reason = "FILE_CHANGED",
          .message = "what was to be written as blob " + source.blob + " has become shorter meanwhile",
          .hint = "write it again when it is complete",
          .fields = {{"blob", source.blob}}};
}

Result<std::vector<std::string>> Client::find_missing_blobs(const std::vector<std::string>& blobs) const {
  return with_retry(*shared_, [&](auto deadline) { return shared_->connection->find_missing_blobs(blobs, deadline); });
}

Status Client::write_blob(const BlobSource& source, const OnSent& on_sent, std::stop_token stop) const {
  auto missing = find_missing_blobs({source.blob});
  if (!missing) return missing.error();
  if (missing->empty()) return Done{};
  bool resumed = false, anew = false;
  return with_resume(
      *shared_,
      [&](const auto& alive) -> Status {
        while (true) {
          auto begun = with_retry(
              *shared_, [&](auto deadline) { return shared_->connection->query_write(source.blob, deadline); }, stop);
          if (!begun) return begun.error();
          if (begun->complete) return Done{};
          resumed = begun->committed_size > 0;
          auto written = shared_->connection->write_blob(
              source, begun->committed_size,
              [&](std::int64_t sent) {
                alive();
                if (on_sent) on_sent(sent, source.size);
              },
              stop);
          if (written && *written == source.size) return Done{};
          if (written && *written > begun->committed_size) continue;
          if (written) return changed(source);
          // What an earlier one has left may be broken, by a power cut or by another's mistake; the daemon has removed it.
          const bool again = written.error().reason == "BLOB_HASH_MISMATCH" && resumed && !std::exchange(anew, true);
          if (!again) return written.error();
        }
      },
      stop);
}

Status Client::read_blob(BlobRequest request, const OnBlob& on_chunk, std::stop_token stop) const {
  const bool whole = request.offset == 0 && request.limit == 0;
  const std::int64_t end = request.limit > 0 ? request.offset + request.limit : 0;
  bool wanted = true;
  Digest hash;
  const Status status = with_resume(
      *shared_,
      [&](const auto& alive) -> Status {
        if (end > 0 && request.offset == end) return Done{};
        if (end > 0) request.limit = end - request.offset;
        Status ended = shared_->connection->read_blob(
            request,
            [&](const BlobChunk& chunk) {
              alive();
              if (whole) hash.add(chunk.data);
              request.offset = chunk.offset + static_cast<std::int64_t>(chunk.data.size());
              wanted = on_chunk(chunk);
              return wanted;
            },
            stop);
        return wanted ? ended : Status(stopped());
      },
      stop);
  if (!wanted) return Done{};
  if (!status || !whole || hash.hex() == request.blob) return status;
  return Error{.code = Code::data_loss,
               .reason = "BLOB_CORRUPT",
               .message = "blob " + request.blob + " did not arrive as it is",
               .hint = "what was read of it is wrong; write it anew",
               .fields = {{"blob", request.blob}}};
}

Result<Input> Client::put_file(const std::string& path, std::string name, const OnSent& on_sent, std::stop_token stop) const {
  if (name.empty()) name = std::filesystem::path(path).filename().string();
  const auto local = is_local();
  if (!local) return local.error();
  if (*local) return Input{.name = std::move(name), .path = absolute_path(path)};
  auto blob = put_blob(path, on_sent, std::move(stop));
  if (!blob) return blob.error();
  return Input{.name = std::move(name), .blob = std::move(*blob)};
}

Result<std::string> Client::put_blob(const std::string& path, const OnSent& on_sent, std::stop_token stop) const {
  auto source = blob_of_file(path);
  if (!source) return source.error();
  if (Status written = write_blob(*source, on_sent, std::move(stop)); !written) return written.error();
  return source->blob;
}

Result<bool> Client::is_local() const {
  const std::int32_t pid = shared_->connection->listener();
  if (pid == 0) return false;
  const auto daemon = server();
  if (!daemon) return daemon.error();
  return daemon->pid == pid;
}

}  // namespace offstage::inline client
