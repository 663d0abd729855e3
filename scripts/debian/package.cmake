# Files installed beside the programs, and the Debian package that cpack builds of it all (scripts/package).

set(MAILSTOW_MAINTAINER "The mailstow authors <mailstow@mailstow.invalid>" CACHE STRING
    "Whom the package names as its maintainer")
set(programs mailstow-backupd mailstow-restore mailstow-web)

install(FILES docs/man/mailstow-backupd.8 docs/man/mailstow-restore.8 docs/man/mailstow-web.8
        DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
install(FILES docs/man/mailstow.json.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} PATTERN man EXCLUDE)
install(FILES scripts/debian/mailstow.json DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)

# The units, with the path where the programs are installed.
install(CODE "set(units \"${PROJECT_SOURCE_DIR}/scripts/systemd\")")
install(CODE [[
  file(GLOB names RELATIVE "${units}" "${units}/*")
  foreach(name IN LISTS names)
    file(READ "${units}/${name}" text)
    string(REPLACE "=/usr/bin/" "=${CMAKE_INSTALL_PREFIX}/bin/" text "${text}")
    set(target "${CMAKE_INSTALL_PREFIX}/lib/systemd/system/${name}")
    message(STATUS "Installing: $ENV{DESTDIR}${target}")
    file(WRITE "$ENV{DESTDIR}${target}" "${text}")
  endforeach()
]])

# Completions are generated from the --help of the programs: once for all shells, because that starts
# a program for each of its commands.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(completions)
foreach(program IN LISTS programs)
  set(outputs bash zsh fish)
  list(TRANSFORM outputs REPLACE "(.+)" "${CMAKE_BINARY_DIR}/completions/\\1/${program}")
  add_custom_command(
      OUTPUT ${outputs}
      COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/scripts/completions
              --into ${CMAKE_BINARY_DIR}/completions $<TARGET_FILE:${program}>
      DEPENDS ${program} ${PROJECT_SOURCE_DIR}/scripts/completions
      VERBATIM)
  list(APPEND completions ${outputs})
  install(FILES ${CMAKE_BINARY_DIR}/completions/bash/${program}
          DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES ${CMAKE_BINARY_DIR}/completions/zsh/${program} RENAME _${program}
          DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
  install(FILES ${CMAKE_BINARY_DIR}/completions/fish/${program} RENAME ${program}.fish
          DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endforeach()
add_custom_target(mailstow_completions ALL DEPENDS ${completions})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_CONTACT "${MAILSTOW_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "back up mailboxes over IMAP, and restore them beside live mail")
set(CPACK_PACKAGE_DESCRIPTION "mailstow backs up the mail of any IMAP server, every message byte for byte,
incrementally, deduplicated, compressed and encrypted. Lost mail comes back
as a new tree of folders, outside the user's quota, read back and compared,
and goes again after a week.
.
Nothing needs to be installed on the mail server.")
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/scripts/debian/stage.cmake)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SECTION mail)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, debconf (>= 0.5) | debconf-2.0, init-system-helpers (>= 1.54), tzdata")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "bash-completion, default-mta | mail-transport-agent, prometheus-node-exporter")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
foreach(file config postinst prerm postrm templates conffiles)
  list(APPEND CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/scripts/debian/${file})
endforeach()
include(CPack)
