// SPDX-License-Identifier: Apache-2.0
//
// Turns changes into rows. It reads nothing that it could be told, and a change of a row that is gone changes nothing.
//
// Throws SqliteError. Thread: the one of its connection (store/writer_thread.h).
#pragma once

#include "core/changes.h"
#include "store/connection.h"

namespace offstage::store {

class Writer {
 public:
  explicit Writer(Connection& connection);
  void apply(const core::Change& change);

 private:
  void write(const core::JobInsert& change);
  void write(const core::JobUpdate& change);
  void write(const core::LabelsUpdate& change);
  void write(const core::JobDelete& change);
  void write(const core::AttemptWrite& change);
  void write(const core::AttemptDelete& change);
  void write(const core::FolderSize& change);
  void prune_tombstones(Wall now);

  Statement insert_job_, insert_spec_, update_job_, update_labels_;
  Statement seq_of_, delete_attempts_, delete_spec_, delete_job_;
  Statement write_attempt_, delete_attempt_, measure_attempt_;
  Statement insert_tombstone_, newest_old_tombstone_, delete_tombstones_, set_horizon_;
};

}  // namespace offstage::store
