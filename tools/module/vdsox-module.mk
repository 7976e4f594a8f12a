# SPDX-License-Identifier: MIT
#
# For makefiles that build a module:
#
#	include $(shell pkg-config --variable=makefile vdsox-module)
#	$(eval $(call vdsox-module,NAME,TABLE,SOURCES[,DIR]))
#
# makes DIR/NAME.vdso and its headers; NAME is the module's name in its table, and DIR is
# NAME.module if it is not given. Without TABLE and SOURCES it makes a module that comes with
# vdsox, as vqueue. What depends on them names $(NAME-image) and adds $(NAME-flags).
# VDSOX_MODULE_FLAGS and NAME-module-flags have options of `vdsox module
# build`, such as -D CONSTANT=VALUE; VDSOX_MODULE_CFLAGS and NAME-module-cflags have options
# of its compilers. VDSOX names the program vdsox.

VDSOX ?= vdsox
vdsox-modules := $(dir $(lastword $(MAKEFILE_LIST)))
VDSOX_MODULE_CFLAGS ?= $(shell pkg-config --cflags vdsox-module)

# The image does not become make's default goal.
define vdsox-module
vdsox-module-goal := $$(.DEFAULT_GOAL)
$(1)-table := $(or $(2),$(wildcard $(vdsox-modules)$(1)/$(1).tbl))
$(1)-sources := $(or $(3),$(wildcard $(vdsox-modules)$(1)/*.cc))
ifeq ($$($(1)-table),)
$$(error vdsox-module: $(1) does not come with vdsox and has no table)
endif
$(1)-folder := $(or $(4),$(1).module)
$(1)-image := $$($(1)-folder)/$(1).vdso
$(1)-flags := -I$$($(1)-folder)

# The first command, as an old image must not be used after a build that failed.
$$($(1)-image): $$($(1)-table) $$($(1)-sources)
	@rm -f $$@
	$$(VDSOX) module build $$($(1)-table) $$($(1)-sources) -o $$($(1)-folder) \
		--name $(1) --cc '$$(CC)' --cxx '$$(CXX)' \
		$$(VDSOX_MODULE_FLAGS) $$($(1)-module-flags) \
		-- $$(VDSOX_MODULE_CFLAGS) $$($(1)-module-cflags)

-include $$($(1)-image).d
.DEFAULT_GOAL := $$(vdsox-module-goal)
endef
