# cpack runs this after installing into its directory and before packing that: adds files that only a
# Debian package has, and makes two builds identical bit for bit.
cmake_minimum_required(VERSION 3.25)

set(root ${CPACK_TEMPORARY_INSTALL_DIRECTORY})
set(doc ${root}/usr/share/doc/mailstow)

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# dpkg must keep a file that the administrator edited.
file(MAKE_DIRECTORY ${root}/etc/mailstow)
file(COPY_FILE ${CMAKE_CURRENT_LIST_DIR}/mailstow.json ${root}/etc/mailstow/mailstow.json)
file(RENAME ${root}/usr/share/zsh/site-functions ${root}/usr/share/zsh/vendor-completions)

file(COPY_FILE ${CMAKE_CURRENT_LIST_DIR}/copyright ${doc}/copyright)
string(TIMESTAMP built "%a, %d %b %Y %H:%M:%S +0000" UTC)  # of SOURCE_DATE_EPOCH
configure_file(${CMAKE_CURRENT_LIST_DIR}/changelog ${doc}/changelog @ONLY)
file(GLOB pages ${root}/usr/share/man/man*/*)
run(gzip -9n ${doc}/changelog ${pages})

# Independent of the umask and the time of this build.
run(chmod -R u=rwX,go=rX ${root})
if(DEFINED ENV{SOURCE_DATE_EPOCH})
  run(find ${root} -exec touch --no-dereference --date=@$ENV{SOURCE_DATE_EPOCH} {} +)
endif()
