// SPDX-License-Identifier: Apache-2.0
//
// The command line as CLI11 reads it: the traps that scripts would fall into.
#include "cli/options.h"

#include <gtest/gtest.h>

#include "cli/commands.h"

namespace offstage::cli {
namespace {

class OptionsTest : public ::testing::Test {
 protected:
  OptionsTest() {
    Command run = line.root().command("run", "");
    run.argument("SCRIPT", script, "").values("--param", params, "K=JSON", "").value("--priority", priority, "N", "");
    run.runs([] { return 42; });
    line.root().flag("--json", json, "");
  }
  CommandLine line{"", "1"};
  std::string script, priority;
  std::vector<std::string> params;
  bool json = false;
};

TEST_F(OptionsTest, a_param_takes_one_value_and_leaves_the_script_alone) {
  EXPECT_EQ(line.run({"run", "--param", "a=1", "x.py", "--param", "b=[1,2]"}), 42);
  EXPECT_EQ(script, "x.py");
  EXPECT_EQ(params, (std::vector<std::string>{"a=1", "b=[1,2]"}));
}

TEST_F(OptionsTest, values_may_look_like_lists_or_options) {
  EXPECT_EQ(line.run({"run", "x.py", "--param", "[1,2]", "--priority", "-5", "--json"}), 42);
  EXPECT_EQ(params, (std::vector<std::string>{"[1,2]"}));
  EXPECT_EQ(priority, "-5");
  EXPECT_TRUE(json) << "an option of all commands, after the command";
}

TEST_F(OptionsTest, usage_errors_are_exit_2) {
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
           {}, {"frob"}, {"run"}, {"run", "x.py", "y.py"}, {"run", "x.py", "--nope"}, {"run", "x.py", "--priority"}, {"run", "x.py", "--priority", ""}})
    EXPECT_EQ(line.run(args), 2);
}

TEST_F(OptionsTest, help_is_exit_0) { EXPECT_EQ(line.run({"run", "--help"}), 0); }

TEST(Commands, every_one_has_help) {
  for (const char* name :
       {"run", "submit", "list", "show", "wait", "watch", "logs", "result", "cancel", "retry", "delete", "release", "status", "blenders", "daemon", "doctor"}) {
    Context context;
    CommandLine line("", "1");
    add_commands(line, context);
    EXPECT_EQ(line.run({name, "--help"}), 0) << name;
  }
}

}  // namespace
}  // namespace offstage::cli
