# SPDX-License-Identifier: Apache-2.0
# How targets of ours are made: warnings are errors, ccache where there is one, sanitizers by preset.

find_program(OFFSTAGE_CCACHE ccache)
if(OFFSTAGE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${OFFSTAGE_CCACHE})
endif()

if(OFFSTAGE_SANITIZE)
  add_compile_options(-fsanitize=${OFFSTAGE_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${OFFSTAGE_SANITIZE})
  if(OFFSTAGE_SANITIZE MATCHES undefined)
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()

add_library(offstage_warnings INTERFACE)
target_compile_options(offstage_warnings INTERFACE -Wall -Wextra -Werror -Wno-missing-field-initializers
                       $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)    # GCC 12 sees overlaps in every "text" + string (its bug 105329)
if(CMAKE_UNITY_BUILD)    # where no file is the main one: a coroutine's frame of something local is then held for one of a header
  target_compile_options(offstage_warnings INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()
if(OFFSTAGE_SANITIZE)    # which hides from GCC what has been set: it then warns of what is not so
  target_compile_options(offstage_warnings INTERFACE -Wno-error)
endif()

# offstage_library(core DEPENDS base …): static library offstage_core from all .cc of this folder.
function(offstage_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;PRIVATE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  add_library(offstage_${name} STATIC ${sources})
  target_include_directories(offstage_${name} PUBLIC ${PROJECT_SOURCE_DIR}/daemon)
  target_link_libraries(offstage_${name} PUBLIC ${ARG_DEPENDS} PRIVATE offstage_warnings ${ARG_PRIVATE})
endfunction()
