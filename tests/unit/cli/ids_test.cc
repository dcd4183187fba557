// SPDX-License-Identifier: Apache-2.0
#include "cli/ids.h"

#include "cli/exit_codes.h"
#include "unit/client/mock_connection.h"

namespace offstage::cli {
namespace {

using ::testing::NiceMock;

TEST(IdDigits, are_hexadecimal_and_at_most_32) {
  EXPECT_EQ(id_digits("3FA9"), "3fa9");
  EXPECT_EQ(id_digits("jobs/3fa9"), "3fa9");
  for (const char* bad : {"", "xyz", "3fa9 ", "3fa9*", "\"", "000000000000000000000000000000000"}) EXPECT_FALSE(id_digits(bad)) << bad;
}

class IdsTest : public ::testing::Test {
 protected:
  IdsTest() {
    ON_CALL(*connection, list_jobs).WillByDefault([this](const ListRequest& request, auto) -> Result<JobPage> {
      filter = request.filter;
      return page;
    });
  }
  std::shared_ptr<NiceMock<MockConnection>> connection = std::make_shared<NiceMock<MockConnection>>();
  Client client{connection};
  JobPage page;
  std::string filter;
};

TEST_F(IdsTest, a_whole_id_is_not_looked_up) {
  EXPECT_EQ(*job_name(client, std::string(32, 'A')), "jobs/" + std::string(32, 'a'));
  EXPECT_EQ(filter, "");
}

TEST_F(IdsTest, a_unique_beginning_will_do) {
  page.jobs = {Job{.name = "jobs/3fa9ff", .id = "3fa9ff"}};
  EXPECT_EQ(*job_name(client, "3FA9"), "jobs/3fa9ff");
  EXPECT_EQ(filter, "uid = \"3fa9*\"");
}

TEST_F(IdsTest, malformed_unknown_and_ambiguous_ones_are_no_such_job) {
  EXPECT_EQ(exit_code(job_name(client, "nonsense").error()), no_such_job);
  EXPECT_EQ(exit_code(job_name(client, "12").error()), no_such_job);
  page.jobs = {Job{.name = "jobs/12a", .id = "12a"}, Job{.name = "jobs/12b", .id = "12b"}};
  const auto ambiguous = job_name(client, "12");
  ASSERT_FALSE(ambiguous);
  EXPECT_EQ(exit_code(ambiguous.error()), no_such_job);
  EXPECT_NE(ambiguous.error().fields.back().second.find("12b"), std::string::npos) << "the candidates are listed";
}

}  // namespace
}  // namespace offstage::cli
