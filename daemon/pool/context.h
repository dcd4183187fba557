// SPDX-License-Identifier: Apache-2.0
//
// What all parts of the pool share.
//
// Thread: the core strand, but for `children`, `background`, `janitor`, `results` and `spec`, which any may use.
#pragma once

#include <asio/io_context.hpp>
#include <asio/thread_pool.hpp>

#include "pool/children.h"
#include "pool/door.h"
#include "pool/janitor.h"
#include "pool/pool.h"

namespace offstage::pool {

struct Context {
  using SpecOf = std::function<std::shared_ptr<const std::string>(JobId)>;

  Context(asio::io_context& context, PoolOptions given, SpecOf spec_of)
      : io(context), options(std::move(given)), spec(std::move(spec_of)), door(context), janitor(background, options.state) {}

  std::filesystem::path folder(AttemptId attempt) const { return options.state / "attempts" / attempt.hex(); }

  asio::io_context& io;
  const PoolOptions options;
  const SpecOf spec;  ///< any thread; null: there is no such job
  Children children;
  Door door;
  asio::thread_pool background{2};  ///< for what may take long: running Blenders to look at them, removing folders
  Janitor janitor;
  asio::thread_pool results{2};  ///< looks at the files that attempts have left, and delivers them
};

}  // namespace offstage::pool
