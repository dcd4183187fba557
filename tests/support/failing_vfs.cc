// SPDX-License-Identifier: Apache-2.0
#include "support/failing_vfs.h"

#include <sqlite3.h>

#include <cstring>
#include <mutex>
#include <new>
#include <stdexcept>
#include <utility>

namespace offstage::test {

namespace fs = std::filesystem;
using Kind = DiskOp::Kind;

struct FailingVfs::Impl {
  sqlite3_vfs* below = sqlite3_vfs_find(nullptr);
  sqlite3_vfs vfs = *below;  // times, randomness and sleep are those of the one below

  std::mutex mutex;
  fs::path folder;  // guarded by mutex, as all below
  Fault fault;
  std::int64_t calls = 0;
  bool failed = false;
  std::vector<DiskOp> trace;

  void record(DiskOp op) {
    const std::lock_guard lock(mutex);
    trace.push_back(std::move(op));
  }

  /// Is it this call that fails? Only calls that the fault can hit are counted.
  bool fails(Fault::Kind kind) {
    const std::lock_guard lock(mutex);
    if (fault.kind != kind) return false;
    ++calls;
    const bool now = calls == fault.at || (fault.for_good && calls > fault.at);
    failed |= now;
    return now;
  }
  bool fails() { return fails(Fault::Kind::eio); }

  bool watches(const char* path) {
    const std::lock_guard lock(mutex);
    return path != nullptr && fs::path(path).parent_path() == folder;
  }
};

namespace {

using Impl = FailingVfs::Impl;

struct File : sqlite3_file {
  Impl* disk;
  std::string name;           // empty: not watched
  bool syncs_folder = false;  // with its next sync, as SQLite's own VFS does for a journal that it may have made
  sqlite3_file* below() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File& of(sqlite3_file* file) { return *static_cast<File*>(file); }
sqlite3_file* below(sqlite3_file* file) { return of(file).below(); }
bool watched(sqlite3_file* file) { return !of(file).name.empty(); }

int close(sqlite3_file* file) {
  const int code = below(file)->pMethods->xClose(below(file));
  of(file).~File();
  return code;
}

int read(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
  if (watched(file) && of(file).disk->fails()) return SQLITE_IOERR_READ;
  return below(file)->pMethods->xRead(below(file), to, size, at);
}

int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  int failure = SQLITE_OK;
  if (watched(file)) {
    if (of(file).disk->fails()) failure = SQLITE_IOERR_WRITE;
    if (of(file).disk->fails(Fault::Kind::enospc)) failure = SQLITE_FULL;
    if (failure != SQLITE_OK) size /= 2;  // as real ones do
    of(file).disk->record({Kind::write, of(file).name, at, std::string(static_cast<const char*>(from), static_cast<std::size_t>(size))});
  }
  const int code = below(file)->pMethods->xWrite(below(file), from, size, at);
  return failure != SQLITE_OK ? failure : code;
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  if (watched(file)) {
    if (of(file).disk->fails()) return SQLITE_IOERR_TRUNCATE;
    of(file).disk->record({Kind::truncate, of(file).name, size});
  }
  return below(file)->pMethods->xTruncate(below(file), size);
}

int sync(sqlite3_file* file, int flags) {
  if (!watched(file)) return below(file)->pMethods->xSync(below(file), flags);
  const bool fails = of(file).disk->fails();
  of(file).disk->record({fails ? Kind::sync_failed : Kind::sync, of(file).name});
  if (fails) return SQLITE_IOERR_FSYNC;
  if (std::exchange(of(file).syncs_folder, false)) of(file).disk->record({Kind::sync_folder, {}});
  return SQLITE_OK;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  if (watched(file) && of(file).disk->fails()) return SQLITE_IOERR_FSTAT;
  return below(file)->pMethods->xFileSize(below(file), size);
}

int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** to) {
  if (watched(file) && extend != 0 && (of(file).disk->fails() || of(file).disk->fails(Fault::Kind::enospc))) return SQLITE_IOERR_SHMSIZE;
  return below(file)->pMethods->xShmMap(below(file), page, size, extend, to);
}

const sqlite3_io_methods kMethods{
    .iVersion = 2,  // no memory-mapped reads
    .xClose = close,
    .xRead = read,
    .xWrite = write,
    .xTruncate = truncate,
    .xSync = sync,
    .xFileSize = file_size,
    .xLock = [](sqlite3_file* f, int lock) { return below(f)->pMethods->xLock(below(f), lock); },
    .xUnlock = [](sqlite3_file* f, int lock) { return below(f)->pMethods->xUnlock(below(f), lock); },
    .xCheckReservedLock = [](sqlite3_file* f, int* held) { return below(f)->pMethods->xCheckReservedLock(below(f), held); },
    .xFileControl = [](sqlite3_file* f, int op, void* arg) { return below(f)->pMethods->xFileControl(below(f), op, arg); },
    .xSectorSize = [](sqlite3_file* f) { return below(f)->pMethods->xSectorSize(below(f)); },
    .xDeviceCharacteristics = [](sqlite3_file* f) { return below(f)->pMethods->xDeviceCharacteristics(below(f)); },
    .xShmMap = shm_map,
    .xShmLock = [](sqlite3_file* f, int at, int n, int flags) { return below(f)->pMethods->xShmLock(below(f), at, n, flags); },
    .xShmBarrier = [](sqlite3_file* f) { below(f)->pMethods->xShmBarrier(below(f)); },
    .xShmUnmap = [](sqlite3_file* f, int remove) { return below(f)->pMethods->xShmUnmap(below(f), remove); },
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

Impl& disk_of(sqlite3_vfs* vfs) { return *static_cast<Impl*>(vfs->pAppData); }

int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* memory, int flags, int* out_flags) {
  Impl& disk = disk_of(vfs);
  File& file = *new (memory) File{};
  file.pMethods = nullptr;  // no close, unless it opens
  file.disk = &disk;
  const bool watched = disk.watches(path);
  const bool creates = watched && (flags & SQLITE_OPEN_CREATE) != 0 && !fs::exists(path);
  if (watched && (disk.fails() || (creates && disk.fails(Fault::Kind::enospc)))) {
    file.~File();
    return SQLITE_CANTOPEN;
  }
  const int code = disk.below->xOpen(disk.below, path, file.below(), flags, out_flags);
  if (code != SQLITE_OK) {
    file.~File();
    return code;
  }
  file.pMethods = &kMethods;
  if (!watched) return SQLITE_OK;
  file.name = fs::path(path).filename();
  file.syncs_folder = (flags & SQLITE_OPEN_CREATE) != 0 && (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
  if (creates || fs::file_size(path) == 0) disk.record({Kind::create, file.name});
  return SQLITE_OK;
}

int remove(sqlite3_vfs* vfs, const char* path, int sync_folder) {
  Impl& disk = disk_of(vfs);
  if (disk.watches(path)) {
    if (disk.fails()) return SQLITE_IOERR_DELETE;
    disk.record({Kind::remove, fs::path(path).filename()});
    if (sync_folder != 0) disk.record({Kind::sync_folder, {}});
  }
  return disk.below->xDelete(disk.below, path, 0);
}

}  // namespace

FailingVfs::FailingVfs() : impl_(std::make_unique<Impl>()) {
  sqlite3_vfs& vfs = impl_->vfs;
  vfs.szOsFile = static_cast<int>(sizeof(File)) + impl_->below->szOsFile;
  vfs.zName = "offstage-failing";
  vfs.pNext = nullptr;
  vfs.pAppData = impl_.get();
  vfs.xOpen = open;
  vfs.xDelete = remove;
  if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK) throw std::runtime_error("the VFS cannot be registered");
}

FailingVfs::~FailingVfs() {
  sqlite3_vfs_unregister(&impl_->vfs);
  sqlite3_vfs_register(impl_->below, 1);
}

void FailingVfs::watch(const fs::path& folder, Fault fault) {
  const std::lock_guard lock(impl_->mutex);
  impl_->folder = folder;
  impl_->fault = fault;
  impl_->calls = 0;
  impl_->failed = false;
  impl_->trace.clear();
}

void FailingVfs::note(std::string what, std::int64_t number) { impl_->record({Kind::note, std::move(what), number}); }

std::vector<DiskOp> FailingVfs::trace() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->trace;
}

bool FailingVfs::has_failed() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->failed;
}

}  // namespace offstage::test
