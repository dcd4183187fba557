// SPDX-License-Identifier: Apache-2.0
#include "api/blender_service.h"

#include "api/breakers.h"
#include "api/convert.h"
#include "api/release.h"
#include "api/resolve.h"
#include "api/text.h"
#include "api/validate_environment.h"
#include "api/validate_inputs.h"

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

/// Of a check of a job's spec.
Error of_request(Error error) {
  if (constexpr std::string_view of_job = "spec."; error.field.starts_with(of_job)) error.field.erase(0, of_job.size());
  return error;
}

/// A scene and an environment, checked as those of a job are.
Result<core::Kind> warm_kind(Context& context, const v1::WarmSceneRequest& request) {
  v1::JobSpec spec;
  *spec.mutable_scene() = request.scene();
  *spec.mutable_environment() = request.environment();
  if (auto good = validate_scene(spec.scene(), {}); !good) return of_request(good.error());
  if (auto good = validate_environment(spec.environment(), {}); !good) return of_request(good.error());
  auto kind = Resolver(context.pool.catalog(), context.slots, context.store.contents().blobs).warm_kind(spec, {});
  if (!kind) return of_request(kind.error());
  return kind;
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
      out->set_scene(clip(zygote.scene, std::string::npos));
      if (zygote.start_time != Wall{}) *out->mutable_start_time() = to_timestamp(zygote.start_time);
    }
    return Done{};
  });
}

BlenderService::Reactor* BlenderService::WarmScene(Call* call, const v1::WarmSceneRequest* request, v1::WarmSceneResponse* response) {
  if (context_.stopping) return refuse(call, stopping_error());
  auto* reactor = call->DefaultReactor();
  context_.on_patient([this, reactor, request, response] {
    auto kind = warm_kind(context_, *request);
    if (!kind) return finish(reactor, kind.error());
    const Micros hold = to_micros(request->hold());
    if (hold < Micros(0) || hold > std::chrono::days(365)) {
      return finish(reactor, Error{Code::invalid_argument, "BAD_DURATION", "hold must be from 0 to 365 days", "leave it unset: kept while it is used", "hold"});
    }
    response->set_blender(std::string(kCollection) + kind->blender);
    context_.on_core([this, reactor, hold, kind = std::move(*kind)] {
      context_.engine.warm(kind, hold, Now::read(), [reactor](const Result<Done>& warm) { finish(reactor, warm); });
    });
  });
  return reactor;
}

BlenderService::Reactor* BlenderService::ReleaseScene(Call* call, const v1::ReleaseSceneRequest* request, v1::ReleaseSceneResponse*) {
  auto* reactor = call->DefaultReactor();
  context_.on_patient([this, reactor, request] {
    auto which = scenes_meant(*request, *context_.pool.catalog().wait(kPatience));
    if (!which) return finish(reactor, of_request(which.error()));
    context_.on_core([this, reactor, which = std::move(*which)] {
      context_.engine.cool(which, Now::read());
      finish(reactor, Done{});
    });
  });
  return reactor;
}

}  // namespace offstage::api
