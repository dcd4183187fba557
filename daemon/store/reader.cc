// SPDX-License-Identifier: Apache-2.0
#include "store/reader.h"

#include <algorithm>
#include <limits>
#include <list>
#include <mutex>

#include "store/connection.h"
#include "store/filter_sql.h"
#include "store/job_columns.h"

namespace offstage::store {

namespace {

constexpr std::size_t kKeptConnections = 8;
constexpr std::size_t kMostBytesOfChanges = 8 << 20;  // a page of long results ends early

const std::string kJobById = "SELECT " + kJobColumns + " FROM jobs WHERE id = ?1";
const std::string kAttempts = "SELECT " + kAttemptColumns + " FROM attempts JOIN jobs ON jobs.seq = attempts.job_seq ";
const std::string kLastRevision =
    "SELECT max((SELECT ifnull(max(revision), 0) FROM jobs), (SELECT ifnull(max(revision), 0) FROM tombstones), "
    "(SELECT value FROM meta WHERE key = 'tombstone_horizon'))";

std::int64_t as_sql(core::Revision revision) { return static_cast<std::int64_t>(std::min<core::Revision>(revision, std::numeric_limits<std::int64_t>::max())); }

}  // namespace

struct Reader::Impl {
  std::filesystem::path database;
  std::mutex mutex;
  std::vector<std::unique_ptr<Connection>> idle;  // guarded by mutex

  std::unique_ptr<Connection> take() {
    {
      const std::lock_guard lock(mutex);
      if (!idle.empty()) {
        auto connection = std::move(idle.back());
        idle.pop_back();
        return connection;
      }
    }
    return std::make_unique<Connection>(database, Connection::Mode::read_only);
  }

  void give_back(std::unique_ptr<Connection> connection) {
    const std::lock_guard lock(mutex);
    if (idle.size() < kKeptConnections) idle.push_back(std::move(connection));
  }

  /// A connection for as long as this lives.
  class Lease {
   public:
    explicit Lease(Impl& impl) : impl_(impl), connection_(impl.take()) {}
    ~Lease() { impl_.give_back(std::move(connection_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Connection* operator->() { return connection_.get(); }
    Connection& operator*() { return *connection_; }

   private:
    Impl& impl_;
    std::unique_ptr<Connection> connection_;
  };
};

Reader::Reader(std::filesystem::path database) : impl_(std::make_unique<Impl>()) { impl_->database = std::move(database); }
Reader::~Reader() = default;

std::optional<JobRow> Reader::job(JobId id) const {
  auto rows = jobs({&id, 1});
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

std::vector<JobRow> Reader::jobs(std::span<const JobId> ids) const {
  Impl::Lease connection(*impl_);
  Transaction snapshot(*connection, "BEGIN");
  Statement& statement = connection->prepare(kJobById);
  std::vector<JobRow> rows;
  for (const JobId& id : ids) {
    const Reset reset(statement);
    if (statement.bind(id).step()) rows.push_back(read_job(statement));
  }
  return rows;
}

std::shared_ptr<const std::string> Reader::spec(JobId id) const {
  Impl::Lease connection(*impl_);
  Statement& statement = connection->prepare("SELECT spec FROM jobs JOIN specs ON specs.seq = jobs.seq WHERE id = ?1");
  const Reset reset(statement);
  if (!statement.bind(id).step()) return nullptr;
  return std::make_shared<const std::string>(statement.text(0));
}

bool Reader::has_job(JobId id) const {
  Impl::Lease connection(*impl_);
  Statement& statement = connection->prepare("SELECT 1 FROM jobs WHERE id = ?1");
  const Reset reset(statement);
  return statement.bind(id).step();
}

Page Reader::list(const Filter& filter, std::int64_t before_seq, std::size_t limit, std::size_t max_bytes) const {
  Impl::Lease connection(*impl_);
  Statement& statement = connection->prepare(list_sql(filter));
  const Reset reset(statement);
  bind_list(statement, filter, before_seq);
  Page page;
  std::size_t bytes = 0;
  while (statement.step()) {
    JobRow row = read_job(statement);
    bytes += bytes_of(row);
    if (!page.rows.empty() && (page.rows.size() >= limit || bytes > max_bytes)) {
      page.next_before = page.rows.back().job.seq;
      break;
    }
    page.rows.push_back(std::move(row));
  }
  return page;
}

ChangesPage Reader::changes(const Filter& filter, core::Revision after, core::Revision up_to, std::size_t limit) const {
  Impl::Lease connection(*impl_);
  Transaction snapshot(*connection, "BEGIN");
  Statement& changed = connection->prepare("SELECT " + kJobColumns + " FROM jobs WHERE revision > ?1 AND revision <= ?2 ORDER BY revision");
  Statement& deleted = connection->prepare("SELECT revision, id FROM tombstones WHERE revision > ?1 AND revision <= ?2 ORDER BY revision");
  constexpr int kRevisionOfChanged = 2, kRevisionOfDeleted = 0;
  const Reset reset_changed(changed), reset_deleted(deleted);
  bool has_changed = changed.bind(as_sql(after), as_sql(up_to)).step();
  bool has_deleted = deleted.bind(as_sql(after), as_sql(up_to)).step();

  ChangesPage page;
  std::size_t bytes = 0;
  for (std::size_t count = 0; has_changed || has_deleted; ++count) {
    if (count > 0 && (count >= limit || bytes > kMostBytesOfChanges)) {
      page.more = true;
      return page;
    }
    if (has_changed && (!has_deleted || changed.integer(kRevisionOfChanged) < deleted.integer(kRevisionOfDeleted))) {
      JobRow row = read_job(changed);
      page.next = row.job.revision;
      if (filter.matches(row)) {
        bytes += bytes_of(row);
        page.rows.push_back(std::move(row));
      } else {
        page.deleted.push_back({row.job.id, row.job.revision});
      }
      has_changed = changed.step();
    } else {
      Tombstone tombstone;
      Columns(deleted) >> tombstone.revision >> tombstone.id;
      page.next = tombstone.revision;
      page.deleted.push_back(tombstone);
      has_deleted = deleted.step();
    }
  }
  // All of this snapshot up to up_to is seen; beyond its last revision nothing is promised.
  page.next = std::max(after, std::min<core::Revision>(up_to, static_cast<core::Revision>(connection->integer(kLastRevision))));
  return page;
}

core::Revision Reader::oldest_tombstone_horizon() const {
  Impl::Lease connection(*impl_);
  return static_cast<core::Revision>(connection->integer("SELECT value FROM meta WHERE key = 'tombstone_horizon'"));
}

std::vector<AttemptRow> Reader::attempts(JobId job) const {
  Impl::Lease connection(*impl_);
  Statement& statement = connection->prepare(kAttempts + "WHERE job_seq = (SELECT seq FROM jobs WHERE id = ?1) ORDER BY number");
  const Reset reset(statement);
  statement.bind(job);
  std::vector<AttemptRow> rows;
  while (statement.step()) rows.push_back(read_attempt(statement));
  return rows;
}

std::optional<AttemptRow> Reader::attempt(AttemptId id) const {
  Impl::Lease connection(*impl_);
  Statement& statement = connection->prepare(kAttempts + "WHERE attempts.id = ?1");
  const Reset reset(statement);
  if (!statement.bind(id).step()) return std::nullopt;
  return read_attempt(statement);
}

std::vector<std::pair<core::JobState, std::int64_t>> Reader::counts() const {
  Impl::Lease connection(*impl_);
  Statement& statement = connection->prepare("SELECT state, count(*) FROM jobs INDEXED BY jobs_by_state GROUP BY state ORDER BY state");
  const Reset reset(statement);
  statement.bind();
  std::vector<std::pair<core::JobState, std::int64_t>> counts;
  while (statement.step()) counts.emplace_back(static_cast<core::JobState>(statement.integer(0)), statement.integer(1));
  return counts;
}

std::vector<EndedJob> Reader::ended_jobs(std::size_t limit, const EndedJob* after) const {
  Impl::Lease connection(*impl_);
  Transaction snapshot(*connection, "BEGIN");
  Statement& walk = connection->prepare(
      "SELECT id, seq, revision, end_time FROM jobs INDEXED BY jobs_by_end WHERE end_time > 0 AND (end_time, seq) > (?1, ?2) ORDER BY end_time, seq LIMIT ?3");
  Statement& folders = connection->prepare("SELECT id, ifnull(folder_bytes, -1) FROM attempts WHERE job_seq = ?1");
  const Reset reset_walk(walk), reset_folders(folders);
  walk.bind(after ? after->end_time : Wall{}, after ? after->seq : 0, limit);
  std::vector<EndedJob> jobs;
  while (walk.step()) {
    EndedJob& job = jobs.emplace_back();
    Columns(walk) >> job.id >> job.seq >> job.revision >> job.end_time;
    for (folders.bind(job.seq); folders.step();) {
      std::int64_t bytes = 0;
      Columns(folders) >> job.attempts.emplace_back() >> bytes;
      job.measured &= bytes >= 0;
      job.bytes += std::max<std::int64_t>(bytes, 0);
    }
  }
  return jobs;
}

std::int64_t Reader::folder_bytes() const {
  Impl::Lease connection(*impl_);
  return connection->integer("SELECT value FROM meta WHERE key = 'folder_bytes'");
}

UnmeasuredPage Reader::unmeasured(std::int64_t after, std::size_t limit) const {
  Impl::Lease connection(*impl_);
  // The first page asks the index whether there are any: most often there are none, and no row has to be passed.
  if (after == 0 && connection->integer("SELECT count(*) FROM (SELECT 1 FROM attempts INDEXED BY attempts_unmeasured "
                                        "WHERE folder_bytes IS NULL AND state >= 3 LIMIT 1)") == 0) {
    return {};
  }
  Statement& walk =
      connection->prepare("SELECT rowid, id FROM attempts NOT INDEXED WHERE folder_bytes IS NULL AND state >= 3 AND rowid > ?1 ORDER BY rowid LIMIT ?2");
  const Reset reset(walk);
  walk.bind(after, limit);
  UnmeasuredPage page;
  while (walk.step()) Columns(walk) >> page.next >> page.attempts.emplace_back();
  if (page.attempts.size() < limit) page.next = 0;
  return page;
}

core::Revision Reader::last_revision() const {
  Impl::Lease connection(*impl_);
  return static_cast<core::Revision>(connection->integer(kLastRevision));
}

std::int64_t Reader::last_seq() const {
  Impl::Lease connection(*impl_);
  return connection->integer("SELECT max(seq) FROM jobs");
}

// One walk for each state, merged here: a UNION would copy each row once more, a scan would pass all ended jobs.
void Reader::live_jobs(const std::function<void(core::StoredJob)>& each) const {
  Impl::Lease connection(*impl_);
  Transaction snapshot(*connection, "BEGIN");
  std::list<Statement> walks;
  for (auto state = core::JobState::unspecified; !ended(state); state = static_cast<core::JobState>(static_cast<int>(state) + 1)) {
    Statement& walk = walks.emplace_back(connection->handle(), "SELECT " + kHotColumns + " FROM jobs INDEXED BY jobs_by_state WHERE state = ?1 ORDER BY seq");
    if (!walk.bind(state).step()) walks.pop_back();
  }
  core::Kind kind;
  Wall end_time;
  while (!walks.empty()) {
    const auto next = std::ranges::min_element(walks, {}, [](const Statement& walk) { return walk.integer(0); });
    Columns columns(*next);
    const core::Job job = read_hot(columns, kind, end_time);
    each({job, kind});
    if (!next->step()) walks.erase(next);
  }
}

std::vector<core::OpenAttempt> Reader::open_attempts() const {
  Impl::Lease connection(*impl_);
  Statement& statement = connection->prepare(kAttempts + "WHERE attempts.state < 3 ORDER BY attempts.rowid");
  const Reset reset(statement);
  statement.bind();
  std::vector<core::OpenAttempt> open;
  while (statement.step()) {
    const AttemptRow row = read_attempt(statement);
    open.push_back({row.id, row.job, row.number, row.state, row.isolation, row.process, row.create_time, row.start_time, row.failure, row.gpus});
  }
  return open;
}

std::vector<AttemptId> Reader::all_attempts() const {
  Impl::Lease connection(*impl_);
  Statement& statement = connection->prepare("SELECT id FROM attempts");
  const Reset reset(statement);
  statement.bind();
  std::vector<AttemptId> ids;
  while (statement.step()) Columns(statement) >> ids.emplace_back();
  return ids;
}

}  // namespace offstage::store
