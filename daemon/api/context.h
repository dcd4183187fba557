// SPDX-License-Identifier: Apache-2.0
//
// What the services share, and the ways between their threads: gRPC's (few: they decode, check, and never wait), the core strand (decides), `work` (short reads
// of SQLite and of logs, replies), `patient` (files of users, the first search for Blenders: may wait for seconds), `bulk` (contents: blobs and inputs are
// written there, for as long as a disk takes).
//
// Thread: constant after construction, but for the atomics. Outlives every call.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/thread_pool.hpp>
#include <atomic>
#include <exception>
#include <utility>

#include "api/garbage.h"
#include "api/manifests.h"
#include "api/server_info.h"
#include "api/status.h"
#include "api/streams.h"
#include "api/ticker.h"
#include "api/watch_hub.h"
#include "core/engine.h"
#include "pool/pool.h"
#include "store/store.h"

namespace offstage::api {

void finish(grpc::ServerUnaryReactor* reactor, const Status& status);
/// A call that has already failed.
grpc::ServerUnaryReactor* refuse(grpc::CallbackServerContext* call, const Error& error);
/// The answer to all that comes while the server goes down.
Error stopping_error();
/// SQLite throws where the database cannot be read.
Error unexpected(const std::exception& e);

template <class F>
auto guarded(F& f) -> decltype(f()) {
  try {
    return f();
  } catch (const std::exception& e) {
    return unexpected(e);
  }
}

struct Context {
  Context(asio::io_context& core_strand, core::Engine& the_engine, const store::Store& the_store, pool::Pool& the_pool, WatchHub& the_hub,
          ServerInfo server_info, Collect collect_garbage)
      : core(core_strand),
        engine(the_engine),
        store(the_store),
        pool(the_pool),
        hub(the_hub),
        info(std::move(server_info)),
        collect(std::move(collect_garbage)),
        slots(info.slots) {}

  asio::io_context& core;
  core::Engine& engine;  ///< on the core strand only
  const store::Store& store;
  pool::Pool& pool;
  WatchHub& hub;
  const ServerInfo info;
  const Collect collect;  ///< on the core strand only

  asio::thread_pool work{3};
  asio::thread_pool patient{2};
  asio::thread_pool bulk{2};
  Ticker log_ticks{work, std::chrono::milliseconds(20)};
  Ticker progress_ticks{work, std::chrono::milliseconds(100)};
  Streams streams{info.streams};
  Manifests manifests;

  std::atomic<unsigned> slots;
  std::atomic<bool> stopping{false};  ///< new work and streams get UNAVAILABLE

  template <class F>
  void on_core(F&& f) {
    asio::post(core, std::forward<F>(f));
  }
  template <class F>
  void on_work(F&& f) {
    asio::post(work, std::forward<F>(f));
  }
  template <class F>
  void on_patient(F&& f) {
    asio::post(patient, std::forward<F>(f));
  }
  template <class F>
  void on_bulk(F&& f) {
    asio::post(bulk, std::forward<F>(f));
  }

  const store::Reader& reader() const { return store.reader(); }

  /// A call that is answered from the store, by `read`: a Status. Its request and response live until the answer.
  template <class Read>
  grpc::ServerUnaryReactor* answer(grpc::CallbackServerContext* call, Read read) {
    auto* reactor = call->DefaultReactor();
    on_work([reactor, read = std::move(read)] { finish(reactor, guarded(read)); });
    return reactor;
  }
};

}  // namespace offstage::api
