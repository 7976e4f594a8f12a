# SPDX-License-Identifier: MIT
#
# For makefiles that build a module:
#
#	include $(shell pkg-config --variable=makefile vdsox-module)
#	$(eval $(call vdsox-module,NAME,TABLE,SOURCES[,DIR]))
#
# makes DIR/NAME.vdso and its headers; DIR is NAME.module if it is not given. What depends on
# them names $(NAME-image) and adds $(NAME-flags). VDSOX_MODULE_FLAGS, or NAME-module-flags,
# has options of `vdsox module build`, such as -D CONSTANT=VALUE.

VDSOX ?= vdsox

define vdsox-module
$(1)-folder := $(or $(4),$(1).module)
$(1)-image := $$($(1)-folder)/$(1).vdso
$(1)-flags := -I$$($(1)-folder)

$$($(1)-image): $(2) $(3)
	$$(VDSOX) module build $(2) $(3) -o $$($(1)-folder) --cc '$$(CC)' --cxx '$$(CXX)' \
		$$(VDSOX_MODULE_FLAGS) $$($(1)-module-flags)

-include $$($(1)-image).d
endef
