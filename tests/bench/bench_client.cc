// SPDX-License-Identifier: Apache-2.0
//
// What the benchmarks do by the client library, where a process per call would drown the figure. One subcommand a figure, JSON on stdout.
//
//     bench_client latency N GAP_MS [BLEND] | throughput N | creates batch|one|many N | log N | progress N | cancel N | gap N | queue N
//
// Clocks: CLOCK_MONOTONIC here and in the scripts, so that times of two processes can be subtracted.
#include <offstage/client.h>
#include <signal.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <thread>

namespace {

using offstage::Client;
using offstage::Job;
using offstage::JobSpec;

[[noreturn]] void fail(const offstage::Error& error) {
  std::fprintf(stderr, "%s: %s\n", error.reason.c_str(), error.message.c_str());
  std::exit(1);
}

template <class T>
T must(offstage::Result<T> result) {
  if (!result) fail(result.error());
  return std::move(result).value();
}

double now_ms() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
}

double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[std::min(values.size() - 1, static_cast<std::size_t>(q * static_cast<double>(values.size())))];
}

void print_quantiles(const std::vector<double>& ms) {
  std::printf("{\"p50_ms\": %.4f, \"p99_ms\": %.4f, \"count\": %zu}\n", quantile(ms, 0.5), quantile(ms, 0.99), ms.size());
}

JobSpec script(std::string text) {
  JobSpec spec;
  spec.script.text = std::move(text);
  spec.script.name = "bench.py";
  return spec;
}

Job ended(const Client& client, const std::string& name) {
  Job job = must(client.wait(name));
  if (job.state != offstage::State::succeeded) fail(job.error.value_or(offstage::Error{}));
  return job;
}

const char* const first_line = "import bpy; t = (len(bpy.data.objects), __import__('time').clock_gettime(1))\nimport offstage\noffstage.result = t[1] * 1e3\n";

void latency(const Client& client, int count, int gap_ms, const char* blend) {
  std::vector<double> ms;
  JobSpec spec = script(first_line);
  if (blend != nullptr) spec.scene = offstage::Scene{.path = blend};
  for (int i = 0; i < count + 5; ++i) {
    const double begun = now_ms();
    const Job job = must(client.create(spec));
    const double first = std::atof(ended(client, job.name).result->value_json.c_str());
    if (i >= 5) ms.push_back(first - begun);  // the first ones warm connection and caches
    std::this_thread::sleep_for(std::chrono::milliseconds(gap_ms));
  }
  print_quantiles(ms);
}

std::vector<std::string> create_all(const Client& client, const JobSpec& spec, int count) {
  std::vector<std::string> names;
  while (static_cast<int>(names.size()) < count) {
    const std::size_t now = std::min<std::size_t>(1000, static_cast<std::size_t>(count) - names.size());
    for (const Job& job : must(client.create_batch(std::vector<JobSpec>(now, spec)))) names.push_back(job.name);
  }
  return names;
}

void throughput(const Client& client, int count) {
  JobSpec spec = script("import bpy\n");
  spec.environment.isolation = offstage::Isolation::fork;
  spec.labels["bench"] = offstage::new_request_id();
  const double begun = now_ms();
  create_all(client, spec, count);
  std::set<std::string> over;
  int failed = 0;
  offstage::WatchRequest request;
  request.filter = "labels.bench = \"" + spec.labels["bench"] + "\"";
  const auto done = client.watch(request, [&](const offstage::WatchEvent& event) {
    if (const Job* job = std::get_if<Job>(&event.what); job && job->state >= offstage::State::succeeded) {
      if (over.insert(job->name).second && job->state != offstage::State::succeeded) ++failed;
    }
    return static_cast<int>(over.size()) < count;
  });
  if (!done && done.error().code != offstage::Code::cancelled) fail(done.error());
  std::printf("{\"jobs_per_s\": %.2f, \"failed\": %d}\n", count / (now_ms() - begun) * 1e3, failed);
  if (failed) std::exit(1);
}

void creates(const Client& client, const std::string& form, int count) {
  JobSpec spec = script("import bpy\n");
  spec.held = true;
  const double begun = now_ms();
  if (form == "batch") {
    create_all(client, spec, count);
  } else if (form == "one") {
    std::vector<double> ms;
    for (int i = 0; i < count; ++i) {
      const double one = now_ms();
      must(client.create(spec));
      ms.push_back(now_ms() - one);
    }
    print_quantiles(ms);
    return;
  } else {
    std::atomic<int> left = count;
    std::vector<std::jthread> callers;
    for (int i = 0; i < 64; ++i) {
      callers.emplace_back([&] {
        while (left.fetch_sub(1) > 0) must(client.create(spec));
      });
    }
  }
  std::printf("{\"per_s\": %.1f}\n", count / (now_ms() - begun) * 1e3);
}

void log_latency(const Client& client, int count) {
  const Job job = must(client.create(
      script("import time\nfor i in range(" + std::to_string(count) + "):\n    print('T', time.clock_gettime(1) * 1e3, flush=True)\n    time.sleep(0.037)\n")));
  std::vector<double> ms;
  std::string rest;
  must(client.log({.name = job.name, .follow = true}, [&](const offstage::LogChunk& chunk) {
    const double seen = now_ms();
    rest += chunk.data;
    for (std::size_t end; (end = rest.find('\n')) != std::string::npos; rest.erase(0, end + 1)) {
      if (rest.rfind("T ", 0) == 0) ms.push_back(seen - std::atof(rest.c_str() + 2));
    }
    return true;
  }));
  print_quantiles(ms);
}

void progress_latency(const Client& client, int count) {
  const Job job =
      must(client.create(script("import time, offstage\ntime.sleep(0.5)\nfor i in range(" + std::to_string(count) + "):\n    offstage.progress(i / " +
                                std::to_string(count + 1) + ", repr(time.clock_gettime(1) * 1e3))\n    time.sleep(0.233)\n")));
  std::vector<double> ms;
  must(client.wait(job.name, [&](const offstage::WatchEvent& event) {
    if (const auto* update = std::get_if<offstage::ProgressUpdate>(&event.what); update && !update->progress.message.empty()) {
      ms.push_back(now_ms() - std::atof(update->progress.message.c_str()));
    }
    return true;
  }));
  print_quantiles(ms);
}

/// A worker that ignores the flag, with a child: from the end of the grace to the death of the last process.
void cancel(const Client& client, int count) {
  std::vector<double> ms;
  for (int i = 0; i < count; ++i) {
    JobSpec spec = script(
        "import subprocess, time\nchild = subprocess.Popen(['sleep', '1000'], start_new_session=True)\nprint(child.pid, flush=True)\nwhile True: "
        "time.sleep(0.01)\n");
    spec.policy.cancel_grace = std::chrono::milliseconds(200);
    const Job job = must(client.create(spec));
    pid_t child = 0;
    while (child == 0) {
      must(client.log({.name = job.name}, [&](const offstage::LogChunk& chunk) {
        child = std::atoi(chunk.data.c_str());
        return true;
      }));
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    const pid_t worker = must(client.attempts(job.name)).back().pid;
    const double begun = now_ms();
    must(client.cancel(job.name));
    while (::kill(child, 0) == 0 || ::kill(worker, 0) == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
    ms.push_back(now_ms() - begun - 200);
    must(client.wait(job.name));
  }
  print_quantiles(ms);
}

/// One slot: from the last line of a job to the first line of the next.
void gap(const Client& client, int count) {
  const std::string text = "import time, offstage\nt = time.clock_gettime(1) * 1e3\ntime.sleep(0.02)\noffstage.result = [t, time.clock_gettime(1) * 1e3]\n";
  const std::vector<std::string> names = create_all(client, script(text), count);
  std::vector<std::pair<double, double>> spans;
  for (const std::string& name : names) {
    const std::string value = ended(client, name).result->value_json;
    char* rest = nullptr;
    const double begun = std::strtod(value.c_str() + 1, &rest);
    spans.emplace_back(begun, std::strtod(rest + 1, nullptr));
  }
  std::sort(spans.begin(), spans.end());
  std::vector<double> ms;
  for (std::size_t i = 1; i < spans.size(); ++i) ms.push_back(spans[i].first - spans[i - 1].second);
  print_quantiles(ms);
}

/// On a daemon with one slot: a job that sleeps holds it, the others stay queued.
void queue(const Client& client, int count) {
  JobSpec sleeper = script("import time\ntime.sleep(100000)\n");
  sleeper.environment.isolation = offstage::Isolation::process;
  must(client.create(sleeper));
  JobSpec spec = script("import bpy\n");
  spec.environment.isolation = offstage::Isolation::process;
  const double begun = now_ms();
  create_all(client, spec, count);
  std::printf("{\"per_s\": %.1f}\n", count / (now_ms() - begun) * 1e3);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  if (args.size() < 2) {
    std::fprintf(stderr, "usage: bench_client FIGURE N …\n");
    return 2;
  }
  const Client client = must(Client::connect());
  const std::string& figure = args[0];
  const int count = std::atoi(args.back().c_str());
  if (figure == "latency")
    latency(client, std::atoi(args[1].c_str()), std::atoi(args.at(2).c_str()), args.size() > 3 ? args[3].c_str() : nullptr);
  else if (figure == "throughput")
    throughput(client, count);
  else if (figure == "creates")
    creates(client, args[1], count);
  else if (figure == "log")
    log_latency(client, count);
  else if (figure == "progress")
    progress_latency(client, count);
  else if (figure == "cancel")
    cancel(client, count);
  else if (figure == "gap")
    gap(client, count);
  else if (figure == "queue")
    queue(client, count);
  else
    return 2;
}
