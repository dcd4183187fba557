# SPDX-License-Identifier: Apache-2.0
# What we depend on, as imported targets. gRPC, protobuf and absl are linked statically: a process that links them dynamically pays 23 ms of start-up, statically 10.

include(OffstageArchives)      # offstage_protobuf, offstage_grpcpp
find_package(Protobuf REQUIRED)
find_program(OFFSTAGE_GRPC_PLUGIN grpc_cpp_plugin REQUIRED)    # find_package(gRPC) would ask pkg-config about re2, which takes Debian 13's 40 s, for nothing more than this
find_package(SQLite3 REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)

# Asio: headers only, without Boost, with coroutines.
find_path(ASIO_INCLUDE_DIR asio.hpp REQUIRED)
add_library(offstage_asio INTERFACE)
target_include_directories(offstage_asio SYSTEM INTERFACE ${ASIO_INCLUDE_DIR})
# Whether it allocates by aligned_alloc it finds out by a macro of the standard headers, so that files which include them after Asio decide otherwise: said once.
target_compile_definitions(offstage_asio INTERFACE ASIO_STANDALONE ASIO_NO_DEPRECATED ASIO_HAS_STD_ALIGNED_ALLOC=1)
target_link_libraries(offstage_asio INTERFACE Threads::Threads)
