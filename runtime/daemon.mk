# How both daemons and what they run on are compiled; included by runtime/, ingestor/ and http/.
#
# A room names its PACKAGES (pkg-config) and, when it is a daemon, its PROGRAM and the LIBS that have no pkg-config file.
# Every .cpp of the room and of its folders is part of it, and MADE_OBJS. Objects are remade when a header, the flags or the
# version change.
#
# The standard library's headers take longer to read than a source, so standard.hpp is compiled beforehand, by runtime/
# for all rooms. Where that file does not fit (another compiler, other CXXFLAGS for one room), its text is read instead.
# -g1: backtraces have functions and lines; variables too (-g) would take a quarter of the time again.

include ../extension/version.mk

PKG_CONFIG ?= pkg-config
CXXFLAGS ?= -O2 -g1
OPTIONS := -std=c++20 -Wall -Wextra -pthread -DANALYTICS_VERSION='"$(RELEASE)"' \
    -fstack-protector-strong -fPIE $(if $(findstring -O0,$(CXXFLAGS))$(findstring _FORTIFY_SOURCE,$(CPPFLAGS)),,-D_FORTIFY_SOURCE=2)
PACKAGE_CFLAGS := $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags $(PACKAGES)))
OBJS := $(patsubst %.cpp,%.o,$(sort $(wildcard *.cpp */*.cpp))) $(MADE_OBJS)

.DEFAULT_GOAL := all
.PHONY: all clean FORCE

STANDARD := ../runtime/standard.hpp
# make PRECOMPILED= does without. Packages are made so: with it, GCC 12 now and then writes other debug information.
PRECOMPILED ?= $(STANDARD).gch
export CCACHE_SLOPPINESS ?= pch_defines,time_macros

%.o: %.cpp .built-with $(PRECOMPILED)
	$(CXX) $(OPTIONS) $(CXXFLAGS) $(PACKAGE_CFLAGS) $(CPPFLAGS) -include $(STANDARD) -fpch-preprocess -MMD -MP -c -o $@ $<

ifdef PROGRAM
$(STANDARD).gch: $(STANDARD)
	+$(MAKE) -C ../runtime $@
else
$(STANDARD).gch: $(STANDARD) .built-with
	$(CXX) $(OPTIONS) $(CXXFLAGS) $(PACKAGE_CFLAGS) $(CPPFLAGS) -MD -MP -MF standard.d -x c++-header -o $@ $<

-include standard.d
endif

.built-with: FORCE
	@echo '$(subst ','"'"',$(CXX) $(OPTIONS) $(CXXFLAGS) $(PACKAGE_CFLAGS) $(CPPFLAGS))' | cmp -s - $@ || \
	    echo '$(subst ','"'"',$(CXX) $(OPTIONS) $(CXXFLAGS) $(PACKAGE_CFLAGS) $(CPPFLAGS))' >$@

ifdef PROGRAM
all: $(PROGRAM)

$(PROGRAM): $(OBJS) ../runtime/libruntime.a
	$(CXX) $(CXXFLAGS) -pthread -fPIE -pie -Wl,-z,relro,-z,now,--as-needed $(LDFLAGS) -o $@ $^ \
	    $(shell $(PKG_CONFIG) --libs $(PACKAGES)) $(LIBS)

# Made by its own room; the conductor does so first, and a make in this room alone does so here.
../runtime/libruntime.a: $(wildcard ../runtime/*.cpp ../runtime/*.hpp ../extension/core/text/*) | $(PRECOMPILED)
	$(MAKE) -C ../runtime
endif

clean:
	rm -f *.o *.d */*.o */*.d *.a *.gch .built-with $(PROGRAM)

-include $(OBJS:.o=.d)
