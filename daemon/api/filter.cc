// SPDX-License-Identifier: Apache-2.0
#include "api/filter.h"

#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>

#include "api/limits.h"
#include "api/text.h"
#include "offstage/v1/job.pb.h"

namespace offstage::api {
namespace {

constexpr std::uint16_t kAllStates = 0x1FE;

/// Thrown within this file only: a parser of a few lines reads better so.
struct Fault {
  std::size_t at;
  std::string what;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  store::Filter parse() {
    skip_space();
    while (at_ < text_.size()) {
      restriction();
      skip_space();
      if (at_ == text_.size()) break;
      const std::size_t start = at_;
      if (word() != "AND") throw Fault{start, "expected AND"};
      skip_space();
      if (at_ == text_.size()) throw Fault{at_, "expected a restriction after AND"};
    }
    if (states_ == 0) nothing();
    if (states_ != kAllStates) filter_.states = states_;
    return filter_;
  }

 private:
  void restriction() {
    const std::size_t start = at_;
    const std::string field = word();
    const std::string op = comparison();
    skip_space();
    if (field == "state") return state(op);
    if (field == "priority") return priority(op, start);
    if (field == "create_time") return create_time(op, start);
    if (op != "=") throw Fault{start, "only = works for " + field};
    if (field == "uid") return uid();
    if (field == "display_name") {
      filter_.display_name = value();
    } else if (field.starts_with("labels.") && field.size() > 7) {
      filter_.labels.emplace_back(field.substr(7), value());
    } else {
      throw Fault{start, "unknown field " + in_quotes(field) + "; there are state, labels.KEY, display_name, priority, uid and create_time"};
    }
  }

  void state(const std::string& op) {
    std::uint16_t states = 0;
    if (at_ < text_.size() && text_[at_] == '(') {
      ++at_;
      for (;;) {
        skip_space();
        states |= one_state();
        skip_space();
        if (at_ < text_.size() && text_[at_] == ')') break;
        const std::size_t start = at_;
        if (word() != "OR") throw Fault{start, "expected OR or )"};
      }
      ++at_;
    } else {
      states = one_state();
    }
    if (op == "!=") {
      states = static_cast<std::uint16_t>(kAllStates & ~states);
    } else if (op != "=") {
      throw Fault{at_, "only = and != work for state"};
    }
    states_ &= states;
  }

  std::uint16_t one_state() {
    const std::size_t start = at_;
    std::string name = value();
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    v1::State state;
    if (!v1::State_Parse(name.starts_with("STATE_") ? name : "STATE_" + name, &state) || state == v1::STATE_UNSPECIFIED) {
      throw Fault{start, "unknown state " + in_quotes(name)};
    }
    return static_cast<std::uint16_t>(1U << state);
  }

  void priority(const std::string& op, std::size_t start) {
    const std::string text = value();
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || std::abs(number) > kPriority) throw Fault{start, in_quotes(text) + " is no priority"};
    int low = -kPriority, high = kPriority;
    if (op == "=" || op == ">=") low = number;
    if (op == "=" || op == "<=") high = number;
    if (op == ">") low = number + 1;
    if (op == "<") high = number - 1;
    if (op == "!=") throw Fault{start, "!= does not work for priority"};
    filter_.min_priority = std::max<std::int16_t>(filter_.min_priority.value_or(-kPriority), static_cast<std::int16_t>(low));
    filter_.max_priority = std::min<std::int16_t>(filter_.max_priority.value_or(kPriority), static_cast<std::int16_t>(high));
  }

  void create_time(const std::string& op, std::size_t start) {
    const std::string text = value();
    google::protobuf::Timestamp stamp;
    if (!google::protobuf::util::TimeUtil::FromString(text, &stamp)) throw Fault{start, in_quotes(text) + R"( is no time like "2026-01-31T00:00:00Z")"};
    const Wall time{Micros(google::protobuf::util::TimeUtil::TimestampToMicroseconds(stamp))};
    if (op == ">" || op == ">=") {
      const Wall after = op == ">" ? time : time - Micros(1);
      filter_.created_after = std::max(filter_.created_after.value_or(after), after);
    } else if (op == "<" || op == "<=") {
      const Wall before = op == "<" ? time : time + Micros(1);
      filter_.created_before = std::min(filter_.created_before.value_or(before), before);
    } else {
      throw Fault{start, "only <, <=, > and >= work for create_time"};
    }
  }

  void uid() {
    const std::size_t start = at_;
    std::string text = value();
    const bool prefix = text.ends_with('*');
    if (prefix) text.pop_back();
    const bool hex = std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
    if (!hex || text.size() > 32 || (!prefix && text.size() != 32)) {
      throw Fault{start, in_quotes(text) + " is no id of 32 lower-case hexadecimal digits, nor the start of one followed by *"};
    }
    const JobId first = *JobId::parse(text + std::string(32 - text.size(), '0')), last = *JobId::parse(text + std::string(32 - text.size(), 'f'));
    const auto old = filter_.ids.value_or(std::make_pair(first, last));
    filter_.ids = std::make_pair(std::max(old.first, first), std::min(old.second, last));
  }

  /// Nothing matches: an empty range.
  void nothing() {
    JobId last;
    last.bytes.fill(0xFF);
    filter_.ids = std::make_pair(last, JobId{});
    states_ = kAllStates;
  }

  void skip_space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }

  std::string word() {
    const std::size_t start = at_;
    const auto part = [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-' || c == ':' || c == '*' || c == '+';
    };
    while (at_ < text_.size() && part(text_[at_])) ++at_;
    if (at_ == start) throw Fault{at_, "expected a name or a value"};
    return std::string(text_.substr(start, at_ - start));
  }

  std::string comparison() {
    skip_space();
    for (const std::string_view op : {"!=", ">=", "<=", "=", ">", "<"}) {
      if (text_.substr(at_).starts_with(op)) {
        at_ += op.size();
        return std::string(op);
      }
    }
    throw Fault{at_, "expected =, !=, <, <=, > or >="};
  }

  std::string value() {
    if (at_ >= text_.size() || (text_[at_] != '"' && text_[at_] != '\'')) return word();
    const char quote = text_[at_];
    const std::size_t start = at_++;
    std::string out;
    for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      out += text_[at_];
    }
    if (at_ == text_.size()) throw Fault{start, "the quote is not closed"};
    ++at_;
    return out;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::uint16_t states_ = kAllStates;
  store::Filter filter_;
};

}  // namespace

Result<store::Filter> parse_filter(std::string_view text) {
  try {
    return Parser(text).parse();
  } catch (const Fault& fault) {
    return Error{Code::invalid_argument, "BAD_FILTER", "the filter " + in_quotes(text) + " is wrong at byte " + std::to_string(fault.at) + ": " + fault.what,
                 R"(write restrictions joined by AND, such as: state = RUNNING AND labels.shot = "010")", "filter"};
  }
}

}  // namespace offstage::api
