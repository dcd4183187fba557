# SPDX-License-Identifier: Apache-2.0
# What we depend on, as imported targets. gRPC, protobuf and absl are linked statically: a process that links them dynamically pays 23 ms of start-up, statically 10.

find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Protobuf REQUIRED)
find_program(OFFSTAGE_GRPC_PLUGIN grpc_cpp_plugin REQUIRED)    # find_package(gRPC) would ask pkg-config about re2, which takes Debian 13's 40 s, for nothing more than this
find_package(SQLite3 REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)

# Asio: headers only, without Boost, with coroutines.
find_path(ASIO_INCLUDE_DIR asio.hpp REQUIRED)
add_library(offstage_asio INTERFACE)
target_include_directories(offstage_asio SYSTEM INTERFACE ${ASIO_INCLUDE_DIR})
target_compile_definitions(offstage_asio INTERFACE ASIO_STANDALONE ASIO_NO_DEPRECATED)
target_link_libraries(offstage_asio INTERFACE Threads::Threads)

# The static archives, by name: the distributions' CMake targets know only the shared ones.
function(offstage_archive out name)
  find_library(OFFSTAGE_ARCHIVE_${name} NAMES lib${name}.a REQUIRED)
  set(${out} ${OFFSTAGE_ARCHIVE_${name}} PARENT_SCOPE)
endfunction()

offstage_archive(protobuf_archive protobuf)
add_library(offstage_protobuf INTERFACE)
target_link_libraries(offstage_protobuf INTERFACE ${protobuf_archive} ZLIB::ZLIB Threads::Threads)

foreach(name grpc++_reflection grpc++ grpc gpr upb address_sorting re2 cares)
  offstage_archive(archive ${name})
  list(APPEND grpc_archives ${archive})
endforeach()
cmake_path(GET protobuf_archive PARENT_PATH archive_folder)
file(GLOB absl_archives ${archive_folder}/libabsl_*.a)
string(JOIN "," grpc_group ${grpc_archives} ${protobuf_archive} ${absl_archives})
add_library(offstage_grpcpp INTERFACE)
target_link_libraries(offstage_grpcpp INTERFACE "$<LINK_GROUP:RESCAN,${grpc_group}>" OpenSSL::SSL OpenSSL::Crypto ZLIB::ZLIB Threads::Threads ${CMAKE_DL_LIBS})
