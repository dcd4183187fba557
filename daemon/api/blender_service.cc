// SPDX-License-Identifier: Apache-2.0
#include "api/blender_service.h"

#include "api/breakers.h"
#include "api/convert.h"
#include "api/text.h"

namespace offstage::api {
namespace {

constexpr std::string_view kCollection = "blenders/";
constexpr Micros kPatience = std::chrono::seconds(20);  // for the first search, right after a start

void to_blender(const pool::Blender& blender, const Tripped& tripped, v1::Blender& out) {
  out.set_name(std::string(kCollection) + blender.name);
  if (blender.version != pool::Version{}) out.set_version(blender.version.text());
  out.set_path(clip(blender.path.string(), std::string::npos));
  out.set_kind(blender.module ? v1::BLENDER_KIND_MODULE : v1::BLENDER_KIND_EXECUTABLE);
  out.set_fork(static_cast<v1::ForkState>(blender.proof));
  out.set_fork_reason(clip(blender.proof_reason, std::string::npos));
  out.set_error(clip(blender.error, std::string::npos));
  out.set_build_hash(blender.build_hash);
  if (blender.proof_time != Wall{}) *out.mutable_proof_time() = to_timestamp(blender.proof_time);
  out.set_fork_cores(blender.fork_cores);
  out.set_cold_cores(blender.cold_cores);
  add_breakers(tripped, blender.name, out);
}

}  // namespace

BlenderService::Reactor* BlenderService::ListBlenders(Call* call, const v1::ListBlendersRequest*, v1::ListBlendersResponse* response) {
  auto* reactor = call->DefaultReactor();
  const auto fill = [this, reactor, response](const std::shared_ptr<const pool::CatalogSnapshot>& catalog) {
    context_.on_core([this, reactor, response, catalog] {
      const Tripped now = tripped(context_);
      bool first = true;
      for (const pool::Blender& blender : catalog->blenders) {
        to_blender(blender, now, *response->add_blenders());
        response->mutable_blenders()->rbegin()->set_is_default(first && blender.error.empty());
        first = false;
      }
      reactor->Finish(grpc::Status::OK);
    });
  };
  const auto snapshot = context_.pool.catalog().snapshot();
  if (snapshot->complete) {
    fill(snapshot);
  } else {
    context_.on_patient([this, fill] { fill(context_.pool.catalog().wait(kPatience)); });
  }
  return reactor;
}

BlenderService::Reactor* BlenderService::GetBlender(Call* call, const v1::GetBlenderRequest* request, v1::Blender* response) {
  const auto snapshot = context_.pool.catalog().snapshot();
  for (const pool::Blender& blender : snapshot->blenders) {
    if (request->name() != std::string(kCollection) + blender.name) continue;
    auto* reactor = call->DefaultReactor();
    context_.on_core([this, reactor, response, snapshot, &blender] {
      to_blender(blender, tripped(context_), *response);
      response->set_is_default(&blender == &snapshot->blenders.front() && blender.error.empty());
      reactor->Finish(grpc::Status::OK);
    });
    return reactor;
  }
  return refuse(call, Error{Code::not_found,
                            "BLENDER_NOT_FOUND",
                            "there is no Blender " + in_quotes(request->name()),
                            "`offstage blenders` lists what was found",
                            "",
                            {{"name", request->name()}}});
}

BlenderService::Reactor* BlenderService::ListZygotes(Call* call, const v1::ListZygotesRequest*, v1::ListZygotesResponse* response) {
  return context_.answer(call, [this, response]() -> Status {
    for (const pool::ZygoteInfo& zygote : context_.pool.zygotes()) {
      auto* out = response->add_zygotes();
      out->set_name("zygotes/" + std::to_string(zygote.pid));
      out->set_blender(std::string(kCollection) + zygote.blender);
      out->set_forks(zygote.forks);
      out->set_pid(zygote.pid);
      out->set_idle_workers(zygote.idle);
      out->set_busy_workers(zygote.busy);
      out->set_memory_bytes(zygote.private_bytes);
      if (zygote.start_time != Wall{}) *out->mutable_start_time() = to_timestamp(zygote.start_time);
    }
    return Done{};
  });
}

}  // namespace offstage::api
