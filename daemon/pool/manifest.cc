// SPDX-License-Identifier: Apache-2.0
#include "pool/manifest.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/sha256.h"
#include "pool/files.h"

namespace offstage::pool {
namespace {

using Json = nlohmann::json;
constexpr std::size_t max_manifest_bytes = 512 << 20, max_name_bytes = 4096;
constexpr std::uint64_t max_file_bytes = std::uint64_t{1} << 40;  // and a manifest's lines together do not overflow
constexpr int most_tries = 100;

bool is_name(std::string_view name) {
  if (name.empty() || name.size() > max_name_bytes || name.find('\0') != std::string_view::npos) return false;
  while (true) {
    const std::string_view part = name.substr(0, name.find('/'));
    if (part.empty() || part == "." || part == "..") return false;
    if (part.size() == name.size()) return true;
    name.remove_prefix(part.size() + 1);
  }
}

/// Of a line that has one.
std::optional<FileLook> look_in(const Json& line) {
  const auto mtime = line.find("mtime_ns"), ctime = line.find("ctime_ns"), inode = line.find("inode");
  if (mtime == line.end() || ctime == line.end() || inode == line.end()) return std::nullopt;
  if (!mtime->is_number_integer() || !ctime->is_number_integer() || !inode->is_number_unsigned()) return std::nullopt;
  return FileLook{mtime->get<std::int64_t>(), ctime->get<std::int64_t>(), inode->get<std::uint64_t>()};
}

Error damaged(const std::filesystem::path& folder, const std::string& why) {
  return {Code::data_loss,
          "FILE_LIST_DAMAGED",
          "the list of the files that the job has left is damaged: " + why,
          "what is there can be looked at in out/ beside it",
          "",
          {{"file", (folder / "files").string()}}};
}

Error fault(const char* reason, const ResultFile& file, const std::string& what) {
  return {Code::data_loss,
          reason,
          "the file " + file.name + " " + what,
          "somebody has changed the attempt's folder; `offstage retry` makes the files again",
          "",
          {{"name", file.name}}};
}

}  // namespace

std::optional<ManifestLine> parse_manifest_line(std::string_view line) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto name = json.find("name"), size = json.find("size"), sha256 = json.find("sha256"), removed = json.find("removed");
  ManifestLine out;
  if (name == json.end() || !name->is_string()) return std::nullopt;
  out.file.name = name->get<std::string>();
  if (!is_name(out.file.name)) return std::nullopt;
  out.removed = removed != json.end() && removed->is_boolean() && removed->get<bool>();
  if (out.removed) return out;
  if (size == json.end() || !size->is_number_unsigned() || sha256 == json.end() || !sha256->is_string()) return std::nullopt;
  const auto bytes = size->get<std::uint64_t>();
  out.file.sha256 = sha256->get<std::string>();
  if (bytes > max_file_bytes || !Sha256::parse(out.file.sha256)) return std::nullopt;
  out.file.size = static_cast<std::int64_t>(bytes);
  out.file.look = look_in(json);
  return out;
}

bool is_internal(std::string_view name) { return name.starts_with(".values/") || name.starts_with(".blocks/"); }

Manifest Manifest::parse(std::string_view bytes) {
  Manifest out;
  for (std::size_t end = 0; (end = bytes.find('\n')) != std::string_view::npos; bytes.remove_prefix(end + 1)) {
    auto line = parse_manifest_line(bytes.substr(0, end));
    if (!line) continue;
    const auto [place, is_new] = out.places_.try_emplace(line->file.name, out.files_.size());
    if (is_new) {
      out.files_.push_back(std::move(line->file));
    } else {
      out.files_[place->second] = std::move(line->file);
    }
    if (!line->removed) continue;
    out.files_[place->second].name.clear();  // found below
    out.places_.erase(place);
  }
  std::erase_if(out.files_, [](const ResultFile& file) { return file.name.empty(); });
  for (std::size_t i = 0; i < out.files_.size(); ++i) {
    out.places_[out.files_[i].name] = i;
    out.bytes_ += out.files_[i].size;
  }
  return out;
}

const ResultFile* Manifest::find(const std::string& name) const {
  const auto found = places_.find(name);
  return found == places_.end() ? nullptr : &files_[found->second];
}

Result<Manifest> read_manifest(const std::filesystem::path& folder) {
  const auto bytes = read_file(folder / "files", max_manifest_bytes);
  if (bytes) return Manifest::parse(*bytes);
  if (struct stat status{}; ::lstat((folder / "files").c_str(), &status) != 0 && errno == ENOENT) return Manifest();
  return damaged(folder, "it is no regular file, or too long");
}

Result<Manifest> check_files(const std::filesystem::path& folder, const core::FilesTold& told) {
  const auto bytes = read_file(folder / "files", max_manifest_bytes);
  if (!bytes) return damaged(folder, "it is not there, no regular file, or too long");
  if (Sha256::of(*bytes).hex() != told.manifest_sha256) return damaged(folder, "it is not what the job's outcome tells of");
  Manifest manifest = Manifest::parse(*bytes);
  if (static_cast<std::int64_t>(manifest.files().size()) != told.count || manifest.bytes() != told.bytes) {
    return damaged(folder, "it has " + std::to_string(manifest.files().size()) + " files, and the outcome tells of " + std::to_string(told.count));
  }
  const OutFolder out(folder);
  for (const ResultFile& file : manifest.files()) {
    if (const auto opened = out.open(file); !opened) return opened.error();
  }
  return manifest;
}

OutFolder::OutFolder(const std::filesystem::path& folder) : fd_(::open((folder / "out").c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) {}

Result<UniqueFd> OutFolder::open(const ResultFile& file) const {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  UniqueFd fd;
  for (int i = 0; !fd && i < most_tries && (i == 0 || errno == EAGAIN || errno == EINTR); ++i) {  // EAGAIN: a folder was renamed meanwhile
    fd = UniqueFd(static_cast<int>(::syscall(SYS_openat2, fd_.get(), file.name.c_str(), &how, sizeof how)));
  }
  if (!fd) return fault("FILE_MISSING", file, std::string("cannot be opened any more: ") + std::strerror(errno));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return fault("FILE_MISSING", file, "is no regular file any more");
  if (status.st_size != file.size) {
    return fault("FILE_CHANGED", file, "has " + std::to_string(status.st_size) + " bytes, and had " + std::to_string(file.size) + " when the job listed it");
  }
  return fd;
}

bool looks_as_listed(int fd, const ResultFile& file) {
  constexpr std::int64_t second = 1'000'000'000;
  struct stat s {};
  if (::fstat(fd, &s) != 0 || s.st_size != file.size) return false;
  return file.look == FileLook{s.st_mtim.tv_sec * second + s.st_mtim.tv_nsec, s.st_ctim.tv_sec * second + s.st_ctim.tv_nsec, s.st_ino};
}

}  // namespace offstage::pool
