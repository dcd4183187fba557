// SPDX-License-Identifier: Apache-2.0
//
// One submit, of one job or of a batch: checked, resolved, given to the core, answered when it is durable.
//
//     gRPC thread: validate → (patient: files, Blenders) → (bulk: inputs) → core strand: decide, commit → work: reply
//
// A request id that is known already short-cuts it before files are looked at, so that a repetition gets its job even if the script is gone by now.
//
// Thread: begins on gRPC's thread and moves as drawn; its parts never run at once. Keeps itself alive.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/context.h"
#include "api/resolve.h"

namespace offstage::api {

class CreateCall : public std::enable_shared_from_this<CreateCall> {
 public:
  struct Created {
    core::Job job;
    core::Kind kind;
    v1::JobSpec spec;  ///< as stored
    std::string labels_json;
    std::optional<store::JobRow> known;  ///< set: it was there already
  };
  using Reply = std::function<void(Result<std::vector<Created>>)>;

  /// `body` is what the request id stands for.
  static void run(Context& context, std::vector<v1::JobSpec> specs, bool batch, const std::string& request_id, const google::protobuf::MessageLite& body,
                  bool validate_only, Reply reply);

 private:
  explicit CreateCall(Context& context) : context_(context), resolver_(context.pool.catalog(), context.slots, context.store.contents().blobs) {}
  Where where(std::size_t index) const { return {batch_ ? static_cast<int>(index) : -1}; }
  void check(const std::string& request_id, const google::protobuf::MessageLite& body);
  bool answer_known();
  void resolve();
  void take_inputs();
  Result<bool> take(std::size_t index);
  void decide();
  void reply_on_work(Result<std::vector<core::Job>> jobs);

  Context& context_;
  Resolver resolver_;
  std::vector<v1::JobSpec> specs_;
  std::vector<JobId> ids_;
  std::vector<core::NewJob> jobs_;
  std::vector<std::vector<store::InputSource>> inputs_;
  std::vector<store::Inputs::Claim> claims_;
  std::vector<Created> created_;
  std::array<std::uint8_t, 16> hash_{};
  bool batch_ = false, validate_only_ = false;
  Reply reply_;
};

}  // namespace offstage::api
