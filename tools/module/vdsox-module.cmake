# SPDX-License-Identifier: MIT
#
# vdsox_add_module(NAME TABLE table SOURCES source... [DEFINITIONS CONSTANT=VALUE...])
#
# Builds NAME.vdso below the current binary directory. The interface library NAME has the
# headers of the module and depends on the image, whose path is the target's property
# VDSOX_MODULE_IMAGE.

include_guard(GLOBAL)
find_program(VDSOX_PROGRAM vdsox HINTS "${CMAKE_CURRENT_LIST_DIR}/../../../bin"
	"${CMAKE_CURRENT_LIST_DIR}/../../../../bin" REQUIRED)

function(vdsox_add_module name)
	cmake_parse_arguments(PARSE_ARGV 1 module "" "TABLE" "SOURCES;DEFINITIONS")
	if(NOT module_TABLE OR NOT module_SOURCES OR module_UNPARSED_ARGUMENTS)
		message(FATAL_ERROR "vdsox_add_module(${name}): TABLE and SOURCES are needed")
	endif()
	set(folder ${CMAKE_CURRENT_BINARY_DIR}/${name}.module)
	set(image ${folder}/${name}.vdso)
	set(files)
	foreach(file IN LISTS module_TABLE module_SOURCES)
		get_filename_component(path ${file} ABSOLUTE BASE_DIR ${CMAKE_CURRENT_SOURCE_DIR})
		list(APPEND files ${path})
	endforeach()
	set(values)
	foreach(value IN LISTS module_DEFINITIONS)
		list(APPEND values -D ${value})
	endforeach()
	add_custom_command(
		OUTPUT ${image}
		COMMAND ${VDSOX_PROGRAM} module build ${files} -o ${folder} ${values}
			--cc ${CMAKE_C_COMPILER} --cxx ${CMAKE_CXX_COMPILER}
		DEPENDS ${files}
		DEPFILE ${image}.d
		VERBATIM)
	add_custom_target(${name}-image DEPENDS ${image})
	add_library(${name} INTERFACE)
	add_dependencies(${name} ${name}-image)
	target_include_directories(${name} INTERFACE ${folder})
	target_link_libraries(${name} INTERFACE vdsox::module)
	set_target_properties(${name} PROPERTIES VDSOX_MODULE_IMAGE ${image})
endfunction()
