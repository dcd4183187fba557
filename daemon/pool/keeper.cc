// SPDX-License-Identifier: Apache-2.0
#include "pool/keeper.h"

#include <fcntl.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "pool/boot_line.h"
#include "pool/files.h"
#include "pool/gpus.h"
#include "pool/prepare.h"
#include "pool/procs.h"
#include "pool/scratch.h"

namespace offstage::pool {
namespace {

constexpr std::chrono::seconds start_patience{180};  // a big installation on a cold disk
constexpr std::chrono::minutes scene_patience{30};   // gigabytes, from a slow disk
constexpr std::chrono::seconds end_patience{5};

std::filesystem::path log_of(const Context& context, const std::string& nonce) { return context.options.state / "keepers" / (nonce.substr(0, 8) + ".log"); }

}  // namespace

Keeper::Keeper(Context& context, KeeperHost& host, Blender blender, core::Kind what, core::Isolation isolation)
    : context_(context),
      host_(&host),
      blender_(std::move(blender)),
      what_(std::move(what)),
      isolation_(isolation),
      watch_(context.io),
      behind_launcher_(context.io),
      patience_(context.io) {
  facts_->blender = what_.blender;
  facts_->forks = isolation == core::Isolation::fork;
  if (!what_.scene.empty()) {
    const auto scene = nlohmann::json::parse(what_.scene);
    facts_->scene = scene.value("path", scene.value("original_path", ""));
  }
  facts_->start_time = Now::read().wall;
}

Keeper::~Keeper() {
  detach();
  tidy();  // its workers may have lived longer than it did
}

std::string Keeper::name() const {
  return std::string(facts_->forks ? "zygote " : "supervisor ") + std::to_string(facts_->pid) + " (" + what_.blender + ", " + nonce_.substr(0, 8) + ")";
}

std::filesystem::path Keeper::scratch() const { return scratch_folder(context_.options.state, nonce_); }

std::string Keeper::log_lines() const { return last_lines(log_of(context_, nonce_), 8); }

Status Keeper::start() {
  const UniqueFd input(::memfd_create("offstage-boot", MFD_CLOEXEC));  // a pipe holds 64 KiB, and preferences of add-ons may take more
  const UniqueFd log(::open(log_of(context_, nonce_).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  const std::string line = boot_line(blender_, isolation_, context_.options, nonce_, what_, scratch());
  if (!input || ::write(input.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()) || ::lseek(input.get(), 0, SEEK_SET) != 0) {
    return Error{Code::resource_exhausted, "SPAWN_FAILED", std::string("the boot line cannot be written: ") + std::strerror(errno), "", ""};
  }
  if (Status made = make_scratch(scratch(), what_, context_.options.state); !made) return made;
  left_ = true;
  std::vector<std::string> arguments = wrapper_of(what_);
  for (std::string& word : keeper_command(blender_, isolation_, context_.options.worker_code)) arguments.push_back(std::move(word));
  Command command{.arguments = std::move(arguments),
                  .environment = what_.start_env,
                  .folder = context_.options.state,
                  .input = input.get(),
                  .output = log.get(),
                  .error = log.get()};
  for (auto& variable : hidden_gpus()) command.environment.push_back(std::move(variable));
  command.environment.emplace_back("OFFSTAGE_STATE_ID", context_.options.state_id);
  command.environment.emplace_back("TMPDIR", scratch().string());
  auto child = context_.children.spawn(command);
  if (!child) return child.error();
  left_ = false;
  facts_->pid = spawned_ = child->pid;
  pidfd_ = std::move(child->pidfd);
  watch_.assign(::fcntl(pidfd_.get(), F_DUPFD_CLOEXEC, 3));
  watch();
  context_.door.expect(nonce_, [weak = weak_from_this()](const std::shared_ptr<Connection>& connection, const Hello& hello) {
    if (const auto self = weak.lock()) self->connected(connection, hello);
  });
  if (what_.scene.empty()) {
    arm(start_patience, "it was not ready within 180 s");
  } else {
    arm(scene_patience, "it had not opened the scene within 30 minutes");
  }
  spdlog::info("{} started", name());
  return Done{};
}

void Keeper::watch() {
  watch_.async_wait(asio::posix::stream_descriptor::wait_read, [self = shared_from_this()](asio::error_code error) {
    if (!error && self->stage_ != Stage::ended) self->ended();
  });
}

/// A wrapper that stays when what it ran has ended is no keeper: it holds nothing and is to go.
void Keeper::watch_behind_launcher() {
  UniqueFd pidfd = open_process(facts_->pid.load());
  if (!pidfd) return arm(end_patience, "it ended, and its wrapper did not");
  behind_launcher_.assign(pidfd.release());
  behind_launcher_.async_wait(asio::posix::stream_descriptor::wait_read, [weak = weak_from_this()](asio::error_code error) {
    const auto self = weak.lock();
    if (!error && self && self->stage_ != Stage::ended) self->arm(end_patience, "it ended, and its wrapper did not");
  });
}

void Keeper::arm(std::chrono::seconds patience, const char* what) {
  patience_.expires_after(patience);
  patience_.async_wait([weak = weak_from_this(), what](asio::error_code error) {
    const auto self = weak.lock();
    if (error || !self || self->stage_ == Stage::ended) return;
    self->why_ = what;
    self->kill();
  });
}

void Keeper::connected(const std::shared_ptr<Connection>& connection, const Hello& hello) {
  facts_->pid = hello.process.pid;  // behind a launcher, this is another process than the one that we started
  connection_ = connection;
  if (hello.process.pid != spawned_) watch_behind_launcher();
  connection->on(
      [weak = weak_from_this()](const std::string& type, const nlohmann::json& message) {
        if (const auto self = weak.lock()) self->message(type, message);
      },
      [weak = weak_from_this()](const std::string& why) {
        const auto self = weak.lock();
        if (!self || self->stage_ == Stage::ended || !self->host_) return;
        self->closed_ = "it closed its connection: " + why;
        if (self->stage_ == Stage::starting || self->stage_ == Stage::ready) self->stage_ = Stage::retiring;  // it goes on to reap; it forks no more
      });
}

void Keeper::message(const std::string& type, const nlohmann::json& message) {
  const auto attempt = [&message] { return AttemptId::parse(message.value("attempt", "")).value_or(AttemptId{}); };
  if (host_ == nullptr) return;
  if (type == "forked") return host_->worker_forked(attempt(), {message.at("pid").get<std::int32_t>(), message.at("start_ticks").get<std::uint64_t>()});
  if (type == "exited") return host_->worker_exited(attempt(), message.at("record").dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  if (type == "fork_failed") return host_->fork_failed(attempt(), message.value("reason", "no reason given"));
  if (type == "ready" && stage_ == Stage::starting) {
    stage_ = Stage::ready;
    patience_.cancel();
    facts_->private_bytes = message.value("private_bytes", std::int64_t{0});
    facts_->share_bytes = message.value("share_bytes", std::int64_t{0});
    spdlog::info("{} ready", name());
    return host_->keeper_ready(*this);
  }
  if (type == "unfit") {
    unfit_ = message.value("reason", "no reason given");
    spdlog::warn("{} must not fork: {}", name(), unfit_);
    arm(end_patience, "it was unfit and did not end");
  }
}

void Keeper::send(const std::string& frames) {
  if (connection_) connection_->send(frames);
}

void Keeper::retire() {
  if (stage_ == Stage::ended || retired_) return;
  retired_ = true;
  if (stage_ == Stage::starting) return kill();  // has no workers, and may not listen for long
  stage_ = Stage::retiring;
  send(frame(plain_message("retire")));
}

void Keeper::last_call() { arm(end_patience, "it did not end when it was retired"); }

void Keeper::kill() {
  send_signal(pidfd_, SIGKILL);
  if (facts_->pid != spawned_ && connection_ && connection_->open()) send_signal(open_process(facts_->pid.load()), SIGKILL);
}

void Keeper::ended() {
  const auto self = shared_from_this();
  stage_ = Stage::ended;
  const auto exit = reap(pidfd_);
  context_.children.forget(spawned_);
  if (why_.empty() && exit && (exit->signal != 0 || closed_.empty())) {  // its death says more than the end of its connection, which may be seen first
    why_ = exit->signal != 0 ? "it was killed by signal " + std::to_string(exit->signal) : "it ended with exit code " + std::to_string(exit->exit_code);
  }
  if (why_.empty()) why_ = closed_;
  spdlog::log(retired_ ? spdlog::level::info : spdlog::level::warn, "{} ended: {}", name(), why_);
  left_ = true;
  tidy();
  if (retired_) ::unlink(log_of(context_, nonce_).c_str());  // of one that failed it stays, for who wants to know why
  KeeperHost* const host = host_;
  detach();
  if (host != nullptr) host->keeper_ended(*this, why_, unfit_);
}

void Keeper::tidy() {
  if (!left_ || in_use(scratch())) return;
  left_ = false;
  touch_scene(scratch());
  context_.janitor.remove(scratch());
}

void Keeper::detach() {
  if (host_ == nullptr) return;
  host_ = nullptr;
  stage_ = Stage::ended;
  context_.door.forget(nonce_);
  patience_.cancel();
  asio::error_code ignored;
  watch_.close(ignored);
  behind_launcher_.close(ignored);
  if (connection_) connection_->close();
}

}  // namespace offstage::pool
