// SPDX-License-Identifier: Apache-2.0
#include "store/network_filesystem.h"

#include <gtest/gtest.h>
#include <linux/magic.h>

namespace offstage::store {

TEST(NetworkFilesystem, shared_ones_are_told_by_their_number) {
  EXPECT_EQ(network_filesystem(NFS_SUPER_MAGIC, ""), "NFS");
  EXPECT_EQ(network_filesystem(0xfe534d42, ""), "SMB2");
  EXPECT_EQ(network_filesystem(CEPH_SUPER_MAGIC, ""), "Ceph");
  EXPECT_EQ(network_filesystem(0x0bd00bd0, ""), "Lustre");
}

TEST(NetworkFilesystem, local_ones_pass) {
  for (const std::uint32_t magic : {EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, TMPFS_MAGIC, OVERLAYFS_SUPER_MAGIC, static_cast<int>(BTRFS_SUPER_MAGIC)}) {
    EXPECT_FALSE(network_filesystem(magic, "")) << magic;
  }
}

TEST(NetworkFilesystem, fuse_is_decided_by_its_type) {
  EXPECT_EQ(network_filesystem(FUSE_SUPER_MAGIC, "fuse.sshfs"), "sshfs");
  EXPECT_FALSE(network_filesystem(FUSE_SUPER_MAGIC, "fuseblk"));
  EXPECT_FALSE(network_filesystem(FUSE_SUPER_MAGIC, "virtiofs"));
  EXPECT_FALSE(network_filesystem(FUSE_SUPER_MAGIC, ""));
}

TEST(NetworkFilesystem, the_type_of_a_mount_is_found_by_its_device) {
  const char* mountinfo =
      "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
      "90 22 0:48 / /mnt/a\\040b rw,nosuid - fuse.sshfs host:/x rw,user_id=0\n";
  EXPECT_EQ(mount_type(mountinfo, 0, 48), "fuse.sshfs");
  EXPECT_EQ(mount_type(mountinfo, 254, 0), "ext4");
  EXPECT_EQ(mount_type(mountinfo, 9, 9), "");
}

TEST(NetworkFilesystem, the_kernel_is_asked_and_a_missing_folder_is_an_error) {
  EXPECT_TRUE(refuse_network_filesystem("/proc"));
  const auto missing = refuse_network_filesystem("/nonexistent");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().reason, "STATE_FOLDER_UNUSABLE");
}

}  // namespace offstage::store
