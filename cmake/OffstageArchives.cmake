# SPDX-License-Identifier: Apache-2.0
# offstage_protobuf and offstage_grpcpp: the system's static archives. Used by our build and, installed beside the package's configuration, by programs that link
# offstage::client.

find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(OpenSSL REQUIRED)

# By name: the distributions' CMake targets know only the shared ones.
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
