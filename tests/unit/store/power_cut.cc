// SPDX-License-Identifier: Apache-2.0
#include "power_cut.h"

#include <algorithm>
#include <array>
#include <fstream>

namespace offstage::test {

using Kind = DiskOp::Kind;

namespace {

constexpr std::int64_t kSector = 512;

void change(std::string& content, const DiskOp& op) {
  if (op.kind == Kind::truncate) return content.resize(static_cast<std::size_t>(op.number));
  const auto at = static_cast<std::size_t>(op.number);
  if (content.size() < at + op.data.size()) content.resize(at + op.data.size());
  content.replace(at, op.data.size(), op.data);
}

/// A write, cut where sectors end.
std::vector<DiskOp> sectors(const DiskOp& op) {
  if (op.kind != Kind::write) return {op};
  std::vector<DiskOp> pieces;
  for (std::int64_t done = 0, size = static_cast<std::int64_t>(op.data.size()); done < size;) {
    const std::int64_t at = op.number + done, piece = std::min(size - done, kSector - at % kSector);
    pieces.push_back({Kind::write, op.file, at, op.data.substr(static_cast<std::size_t>(done), static_cast<std::size_t>(piece))});
    done += piece;
  }
  return pieces;
}

}  // namespace

PowerCut::PowerCut(const PowerCut& other) {
  std::map<const Inode*, std::shared_ptr<Inode>> copies;
  const auto copy = [&](const std::shared_ptr<Inode>& inode) {
    if (!inode) return std::shared_ptr<Inode>();
    auto& made = copies[inode.get()];
    if (!made) made = std::make_shared<Inode>(*inode);
    return made;
  };
  for (const auto& [name, is] : other.names_) names_[name] = {copy(is.cached), copy(is.durable)};
}

void PowerCut::apply(const DiskOp& op) {
  if (op.kind == Kind::note) return;
  if (op.kind == Kind::sync_folder) {
    for (auto& [name, is] : names_) is.durable = is.cached;
    return;
  }
  Name& name = names_[op.file];
  if (op.kind == Kind::remove) return name.cached.reset();
  if (!name.cached) name.cached = std::make_shared<Inode>();
  Inode& file = *name.cached;
  switch (op.kind) {
    case Kind::write:
    case Kind::truncate:
      change(file.cached, op);
      file.owed.push_back(op);
      break;
    case Kind::sync:
      for (const DiskOp& owed : file.owed) change(file.durable, owed);
      file.owed.clear();
      break;
    case Kind::sync_failed:
      file.owed.clear();
      break;
    default:
      break;
  }
}

Files PowerCut::cached() const {
  Files files;
  for (const auto& [name, is] : names_) {
    if (is.cached) files[name] = is.cached->cached;
  }
  return files;
}

Files PowerCut::synced() const {
  Files files;
  for (const auto& [name, is] : names_) {
    if (is.durable) files[name] = is.durable->durable;
  }
  return files;
}

Files PowerCut::synced_and_some(std::uint64_t seed) const {
  std::mt19937_64 random(seed);
  // A cut that keeps nearly all, or nearly nothing, finds other holes than one that keeps the half.
  const std::uint64_t kept_of_16 = std::array{1, 4, 8, 12, 15}[random() % 5];
  const auto kept = [&] { return random() % 16 < kept_of_16; };
  Files files;
  for (const auto& [name, is] : names_) {
    const auto inode = is.cached != is.durable && kept() ? is.cached : is.durable;
    if (!inode) continue;
    std::string content = inode->durable;
    for (const DiskOp& owed : inode->owed) {
      for (const DiskOp& piece : sectors(owed)) {
        if (kept()) change(content, piece);
      }
    }
    files[name] = std::move(content);
  }
  return files;
}

void put_files(const Files& files, const std::filesystem::path& folder) {
  std::filesystem::create_directory(folder);
  std::filesystem::permissions(folder, std::filesystem::perms(0700));
  for (const auto& [name, content] : files) {
    std::ofstream(folder / name, std::ios::binary) << content;
    std::filesystem::permissions(folder / name, std::filesystem::perms(0600));
  }
}

}  // namespace offstage::test
