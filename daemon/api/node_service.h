// SPDX-License-Identifier: Apache-2.0
//
// offstage.v1.NodeService: this machine, and the daemon itself.
//
// Thread: gRPC's threads; what the core owns is read on its strand.
#pragma once

#include "api/context.h"
#include "offstage/v1/node_service.grpc.pb.h"

namespace offstage::api {

class NodeService final : public v1::NodeService::CallbackService {
 public:
  explicit NodeService(Context& context) : context_(context) {}

 private:
  using Call = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;
  Reactor* ListNodes(Call* call, const v1::ListNodesRequest* request, v1::ListNodesResponse* response) override;
  Reactor* UpdateNode(Call* call, const v1::UpdateNodeRequest* request, v1::Node* response) override;
  Reactor* GetServer(Call* call, const v1::GetServerRequest* request, v1::Server* response) override;

  Reactor* CollectGarbage(Call* call, const v1::CollectGarbageRequest* request, v1::CollectGarbageResponse* response) override;

  void fill(v1::Node& out) const;      ///< on the core strand
  Status fill(v1::Server& out) const;  ///< not on it

  Context& context_;
};

}  // namespace offstage::api
