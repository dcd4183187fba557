// SPDX-License-Identifier: Apache-2.0
//
// Runs a script in a pristine Blender and prints what it made. Built by CI; README.md quotes it.
#include <iostream>

#include <offstage/client.h>

int main() {
  auto client = offstage::Client::connect();
  if (!client) return std::cerr << client.error().message << "\n", 1;

  auto job = client->create({.script = {.text = "import bpy, offstage\n"
                                                "bpy.ops.mesh.primitive_monkey_add()\n"
                                                "offstage.result = len(bpy.context.object.data.vertices) * factor\n",
                                        .parameters_json = R"({"factor": 2})"}});
  if (!job) return std::cerr << job.error().message << "\n" << job.error().hint << "\n", 1;

  auto ended = client->wait(job->name);
  if (!ended) return std::cerr << ended.error().message << "\n", 1;
  if (ended->state != offstage::State::succeeded) return std::cerr << ended->error->message << "\n", 1;
  std::cout << ended->result->value_json << "\n";  // 1014
}
