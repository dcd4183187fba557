# SPDX-License-Identifier: Apache-2.0
# Service files name the program by its full path, which is known when it is installed and not before.
get_filename_component(OFFSTAGE_BINDIR "${CMAKE_INSTALL_PREFIX}/bin" ABSOLUTE)
set(service_folder "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}")
configure_file("${OFFSTAGE_SOURCE}/offstaged.service.in" "${service_folder}/lib/systemd/user/offstaged.service" @ONLY)
configure_file("${OFFSTAGE_SOURCE}/org.offstage.daemon.plist.in" "${service_folder}/share/offstage/org.offstage.daemon.plist" @ONLY)
list(APPEND CMAKE_INSTALL_MANIFEST_FILES "${CMAKE_INSTALL_PREFIX}/lib/systemd/user/offstaged.service" "${CMAKE_INSTALL_PREFIX}/share/offstage/org.offstage.daemon.plist")
