# SPDX-License-Identifier: MIT
#
# vdsox_add_module(NAME [TABLE table SOURCES source...] [DEFINITIONS CONSTANT=VALUE...]
#	[OPTIONS compiler-option...])
#
# Builds NAME.vdso below the current binary directory; NAME is the module's name in its
# table. Without TABLE and SOURCES it builds a module that comes with vdsox, as vqueue. The
# interface library NAME has the headers of the module and depends on the image, whose path
# is the target's property VDSOX_MODULE_IMAGE. VDSOX_PROGRAM names the program vdsox.

include_guard(GLOBAL)
set(_vdsox_module_dir "${CMAKE_CURRENT_LIST_DIR}")

function(vdsox_add_module name)
	cmake_parse_arguments(PARSE_ARGV 1 module "" "TABLE" "SOURCES;DEFINITIONS;OPTIONS")
	if(NOT module_TABLE AND NOT module_SOURCES)
		file(GLOB module_TABLE "${_vdsox_modules}/${name}/${name}.tbl")
		file(GLOB module_SOURCES "${_vdsox_modules}/${name}/*.cc")
	endif()
	if(NOT module_TABLE OR NOT module_SOURCES OR module_UNPARSED_ARGUMENTS)
		message(FATAL_ERROR "vdsox_add_module(${name}): TABLE and SOURCES are needed")
	endif()
	find_program(VDSOX_PROGRAM vdsox REQUIRED
		HINTS "${_vdsox_module_dir}/../../../bin" "${_vdsox_module_dir}/../../../../bin")
	get_target_property(include vdsox::module INTERFACE_INCLUDE_DIRECTORIES)
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
	set(headers ${folder}/${name}.h ${folder}/${name}.hpp ${folder}/${name}_module.h)
	add_custom_command(
		OUTPUT ${image}
		BYPRODUCTS ${headers}
		COMMAND ${CMAKE_COMMAND} -E rm -f ${image}
		COMMAND ${VDSOX_PROGRAM} module build ${files} -o ${folder} ${values}
			--name ${name} --cc ${CMAKE_C_COMPILER} --cxx ${CMAKE_CXX_COMPILER}
			-- -idirafter ${include} ${module_OPTIONS}
		DEPENDS ${files} ${VDSOX_PROGRAM}
		DEPFILE ${image}.d
		VERBATIM)
	add_custom_target(${name}-image DEPENDS ${image})
	add_library(${name} INTERFACE)
	add_dependencies(${name} ${name}-image)
	target_include_directories(${name} INTERFACE ${folder})
	target_link_libraries(${name} INTERFACE vdsox::module)
	set_target_properties(${name} PROPERTIES VDSOX_MODULE_IMAGE ${image})
endfunction()
