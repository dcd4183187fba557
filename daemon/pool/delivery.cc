// SPDX-License-Identifier: Apache-2.0
#include "pool/delivery.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <set>
#include <system_error>

#include "base/copy_file.h"
#include "base/faults.h"

namespace offstage::pool {
namespace {

namespace fs = std::filesystem;

/// One file on its way. Beside its place, since a rename needs the same filesystem.
struct Parcel {
  const ResultFile* file = nullptr;
  fs::path draft, place;
};

std::vector<Parcel> parcels(const Delivery& delivery, const Manifest& manifest) {
  std::vector<Parcel> out;
  const std::string mark = ".offstage-" + delivery.attempt.hex() + "-";
  for (const ResultFile& file : manifest.files()) {
    if (is_internal(file.name)) continue;
    const fs::path place = delivery.target / file.name;
    out.push_back({&file, place.parent_path() / (mark + std::to_string(out.size())), place});
  }
  return out;
}

void remove_drafts(const std::vector<Parcel>& all) {
  for (const Parcel& parcel : all) ::unlink(parcel.draft.c_str());
}

core::Failure undelivered(const Parcel& parcel, const std::string& why) {
  return {core::Reason::result_invalid,
          "the result file " + parcel.file->name + " could not be delivered to " + parcel.place.string() + ": " + why,
          "let the daemon's user write there, then `offstage retry` the job; the files are kept: `offstage fetch`",
          {{"file", parcel.place.string()}},
          {}};
}

core::Failure undelivered(const Parcel& parcel, const std::error_code& error) {
  core::Failure failure = undelivered(parcel, error.message());
  if (error == std::errc::no_space_on_device || error.value() == EDQUOT) {
    failure.reason = core::Reason::disk_full;
    failure.hint = "make room on the disk of " + parcel.place.parent_path().string() + ", then `offstage retry` the job; the files are kept: `offstage fetch`";
  }
  return failure;
}

std::error_code last_error() { return {errno, std::generic_category()}; }

std::error_code sync_folder(const fs::path& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd && ::fsync(fd.get()) == 0 ? std::error_code() : last_error();
}

mode_t mode_of(const fs::path& folder) {
  struct stat status {};
  return ::stat(folder.c_str(), &status) == 0 ? status.st_mode : 0;
}

/// The folder, with those above it that have to be made; they and the one that holds the uppermost are to be synced.
std::error_code make_folder(const fs::path& folder, std::set<fs::path>& touched) {
  if (touched.contains(folder)) return {};
  if (::mkdir(folder.c_str(), 0700) != 0) {
    if (errno == ENOENT) {
      if (const auto error = make_folder(folder.parent_path(), touched)) return error;
      return make_folder(folder, touched);
    }
    if (errno != EEXIST) return last_error();
    if (!S_ISDIR(mode_of(folder))) return {ENOTDIR, std::generic_category()};
  } else {
    ::chmod(folder.c_str(), (mode_of(folder.parent_path()) & 0775U) | 0700U);
    touched.insert(folder.parent_path());
  }
  touched.insert(folder);
  return {};
}

std::error_code copy(int from, const fs::path& draft) {
  ::unlink(draft.c_str());
  const UniqueFd to(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!to) return last_error();
  if (const auto error = copy_contents(from, to.get())) return error;
  ::fchmod(to.get(), (mode_of(draft.parent_path()) & 0664U) | 0600U);
  return ::fsync(to.get()) == 0 ? std::error_code() : last_error();
}

}  // namespace

Delivered deliver(const Delivery& delivery, const Manifest& manifest, const std::atomic<bool>& stop, core::Failure& failure) {
  const std::vector<Parcel> all = parcels(delivery, manifest);
  const auto give_up = [&](core::Failure why) {
    remove_drafts(all);
    failure = std::move(why);
    return Delivered::failed;
  };
  const auto stopped = [&] {
    remove_drafts(all);
    return Delivered::stopped;
  };
  const OutFolder out(delivery.folder);
  std::set<fs::path> touched;
  for (const Parcel& parcel : all) {
    if (stop) return stopped();
    const auto from = out.open(*parcel.file);
    if (!from) return give_up(undelivered(parcel, from.error().message));
    if (const auto error = make_folder(parcel.place.parent_path(), touched)) return give_up(undelivered(parcel, error));
    if (const auto error = copy(from->get(), parcel.draft)) return give_up(undelivered(parcel, error));
    crash_point("pool.delivery.copied");
  }
  if (stop) return stopped();
  for (const Parcel& parcel : all) {
    if (::rename(parcel.draft.c_str(), parcel.place.c_str()) != 0) return give_up(undelivered(parcel, last_error()));
    crash_point("pool.delivery.renamed");
  }
  for (const fs::path& folder : touched) {
    if (const auto error = sync_folder(folder)) return give_up(undelivered(all.front(), error));
  }
  crash_point("pool.delivery.done");
  return Delivered::all;
}

}  // namespace offstage::pool
