// SPDX-License-Identifier: Apache-2.0
//
// A server stream that produces its next message only when the last one is on its way: a slow reader costs its state and nothing else.
//
// The one who makes the messages overrides step(), which is never run twice at a time: it fills a message, waits to be woken, or ends the stream.
//
// Thread: step() runs on Context::work; wake() may be called from any thread. gRPC owns a stream until OnDone; it keeps itself alive until then.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "api/context.h"

namespace offstage::api {

template <class Response>
class Stream : public grpc::ServerWriteReactor<Response>, public Wakeable, public std::enable_shared_from_this<Stream<Response>> {
 public:
  enum class Step { write, wait, end };

  /// Begins; the result is what the service returns to gRPC.
  static Stream* run(std::shared_ptr<Stream> stream) {
    Stream* raw = stream.get();
    if (!raw->context_.streams.add(stream)) {
      raw->end_ = Error{Code::resource_exhausted, "TOO_MANY_STREAMS", "there are too many watchers and log readers", "end some, or let one watch several jobs"};
    }
    raw->self_ = std::move(stream);
    raw->wake();
    return raw;
  }

  void wake() final {
    const std::lock_guard lock(mutex_);
    again_ = true;
    schedule();
  }

 protected:
  explicit Stream(Context& context) : context_(context) {}

  /// write: `response` was filled. wait: until wake(). end: with end_with()'s error, or well.
  virtual Step step(Response& response) = 0;
  Step end_with(Error error) {
    end_ = std::move(error);
    return Step::end;
  }

  Context& context_;

 private:
  void OnWriteDone(bool ok) final {
    const std::lock_guard lock(mutex_);
    busy_ = false;
    again_ = true;
    if (!ok) cancelled_ = true;
    schedule();
  }
  void OnCancel() final {
    {
      const std::lock_guard lock(mutex_);
      cancelled_ = true;
    }
    wake();
  }
  void OnDone() final {
    context_.streams.remove(this);
    const auto last = std::move(self_);  // deletes this, unless a wake() or a step on another thread still holds it
  }

  /// Under mutex_.
  void schedule() {
    if (busy_ || !again_ || finished_) return;
    again_ = false;
    busy_ = true;
    context_.on_work([self = this->shared_from_this()] { self->advance(); });
  }

  void advance() {
    if (end_) return finish();
    if (context_.stopping) {
      end_ = stopping_error();
      return finish();
    }
    bool cancelled = false;
    {
      const std::lock_guard lock(mutex_);
      cancelled = cancelled_;
    }
    if (cancelled) {
      end_ = Error{Code::cancelled, "CANCELLED", "the client ended the stream", ""};
      return finish();
    }
    response_.Clear();
    const auto make = [&]() -> Result<Step> { return step(response_); };
    const Result<Step> made = guarded(make);
    switch (made ? *made : end_with(made.error())) {
      case Step::write:
        return this->StartWrite(&response_);  // busy until OnWriteDone
      case Step::end:
        return finish();
      case Step::wait:
        break;
    }
    const std::lock_guard lock(mutex_);
    busy_ = false;
    schedule();
  }

  void finish() {
    {
      const std::lock_guard lock(mutex_);
      finished_ = true;
    }
    this->Finish(end_ ? to_status(*end_) : grpc::Status::OK);
  }

  std::mutex mutex_;
  bool busy_ = false, again_ = false, finished_ = false, cancelled_ = false;  // guarded by mutex_; busy: a step or a write is under way
  std::shared_ptr<Stream> self_;
  std::optional<Error> end_;  // of the step's thread
  Response response_;
};

}  // namespace offstage::api
