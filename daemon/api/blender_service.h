// SPDX-License-Identifier: Apache-2.0
//
// offstage.v1.BlenderService: the catalog and the warm Blenders, as they are now.
//
// Thread: gRPC's threads; reads snapshots.
#pragma once

#include "api/context.h"
#include "offstage/v1/blender_service.grpc.pb.h"

namespace offstage::api {

class BlenderService final : public v1::BlenderService::CallbackService {
 public:
  explicit BlenderService(Context& context) : context_(context) {}

 private:
  using Call = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;
  Reactor* ListBlenders(Call* call, const v1::ListBlendersRequest* request, v1::ListBlendersResponse* response) override;
  Reactor* GetBlender(Call* call, const v1::GetBlenderRequest* request, v1::Blender* response) override;
  Reactor* ListZygotes(Call* call, const v1::ListZygotesRequest* request, v1::ListZygotesResponse* response) override;
  Reactor* WarmScene(Call* call, const v1::WarmSceneRequest* request, v1::WarmSceneResponse* response) override;
  Reactor* ReleaseScene(Call* call, const v1::ReleaseSceneRequest* request, v1::ReleaseSceneResponse* response) override;

  Context& context_;
};

}  // namespace offstage::api
