// SPDX-License-Identifier: Apache-2.0
#include "store/network_filesystem.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

namespace offstage::store {

namespace {

struct Magic {
  std::uint32_t number;
  std::string_view name;
};

// linux/magic.h has some of them; the others are in the sources of their modules.
constexpr std::uint32_t kFuse = 0x65735546;
constexpr auto kNetwork = std::to_array<Magic>({
    {0x00006969, "NFS"},
    {0x0000517b, "SMB"},
    {0xff534d42, "CIFS"},
    {0xfe534d42, "SMB2"},
    {0x5346414f, "AFS"},
    {0x6b414653, "AFS"},
    {0x00c36400, "Ceph"},
    {0x73757245, "Coda"},
    {0x0bd00bd0, "Lustre"},
    {0x47504653, "GPFS"},
    {0x19830326, "BeeGFS"},
    {0xaad7aaea, "PanFS"},
    {0x7461636f, "OCFS2"},
    {0x01161970, "GFS2"},
    {0x01021997, "9P"},
    {0x0000564c, "NCP"},
    {0x20030528, "OrangeFS"},
});

// Other FUSE filesystems are local ones (ntfs-3g, encfs, mergerfs, virtiofs).
constexpr auto kNetworkFuse = std::to_array<std::string_view>({
    "sshfs",    "glusterfs", "s3fs",    "rclone", "davfs",    "davfs2",  "curlftpfs", "ceph", "ceph-fuse", "gcsfuse",
    "goofys",   "smbnetfs",  "moosefs", "mfs",    "lizardfs", "juicefs", "seaweedfs", "afs",  "onedriver", "google-drive-ocamlfuse",
    "mount-s3", "beegfs",
});

}  // namespace

std::optional<std::string> network_filesystem(std::uint32_t magic, std::string_view fuse_type) {
  if (magic == kFuse) {
    if (fuse_type.starts_with("fuse.")) fuse_type.remove_prefix(5);
    if (std::ranges::find(kNetworkFuse, fuse_type) == kNetworkFuse.end()) return std::nullopt;
    return std::string(fuse_type);
  }
  const auto it = std::ranges::find(kNetwork, magic, &Magic::number);
  if (it == kNetwork.end()) return std::nullopt;
  return std::string(it->name);
}

// "36 35 98:0 /root /mount-point rw,noatime master:1 - ext3 /dev/root rw": the type is the first word after the lone dash.
std::string mount_type(std::string_view mountinfo, unsigned major, unsigned minor) {
  const std::string device = std::to_string(major) + ":" + std::to_string(minor);
  std::istringstream lines{std::string(mountinfo)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string id, parent, number, word, type;
    words >> id >> parent >> number;
    if (number != device) continue;
    while (words >> word && word != "-") continue;
    words >> type;
    return type;
  }
  return {};
}

Status refuse_network_filesystem(const std::filesystem::path& folder) {
  struct statfs mount {};
  struct stat info {};
  if (::statfs(folder.c_str(), &mount) != 0 || ::stat(folder.c_str(), &info) != 0) {
    return Error{.code = Code::failed_precondition,
                 .reason = "STATE_FOLDER_UNUSABLE",
                 .message = "filesystem of state folder " + folder.string() + " cannot be told: " + std::strerror(errno),
                 .hint = "name another state folder",
                 .fields = {{"folder", folder}}};
  }
  std::ifstream file("/proc/self/mountinfo");
  const std::string mountinfo{std::istreambuf_iterator<char>(file), {}};
  const auto name = network_filesystem(static_cast<std::uint32_t>(mount.f_type), mount_type(mountinfo, major(info.st_dev), minor(info.st_dev)));
  if (!name) return Done{};
  return Error{.code = Code::failed_precondition,
               .reason = "NETWORK_FILESYSTEM",
               .message = "state folder " + folder.string() + " lies on a network filesystem (" + *name + "), where a database can be damaged",
               .hint = "name a folder on a local disk: set XDG_STATE_HOME, or the state folder in the daemon's configuration",
               .fields = {{"folder", folder}, {"filesystem", *name}}};
}

}  // namespace offstage::store
