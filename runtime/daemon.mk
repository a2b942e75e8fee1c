# How both daemons and what they run on are compiled; included by runtime/, ingestor/ and http/.
#
# A room names its PACKAGES (pkg-config) and, when it is a daemon, its PROGRAM and the LIBS that have no pkg-config file.
# Every .cpp of the room and of its folders is part of it, and MADE_OBJS. Objects are remade when a header, the flags or the version change.

include ../extension/version.mk

PKG_CONFIG ?= pkg-config
CXXFLAGS ?= -O2 -g
OPTIONS := -std=c++20 -Wall -Wextra -pthread -DANALYTICS_VERSION='"$(RELEASE)"' \
    -fstack-protector-strong -fPIE $(if $(findstring -O0,$(CXXFLAGS)),,-D_FORTIFY_SOURCE=2)
PACKAGE_CFLAGS := $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags $(PACKAGES)))
OBJS := $(patsubst %.cpp,%.o,$(sort $(wildcard *.cpp */*.cpp))) $(MADE_OBJS)

.DEFAULT_GOAL := all
.PHONY: all clean FORCE

%.o: %.cpp .built-with
	$(CXX) $(OPTIONS) $(CXXFLAGS) $(PACKAGE_CFLAGS) $(CPPFLAGS) -MMD -MP -c -o $@ $<

.built-with: FORCE
	@echo '$(subst ','"'"',$(CXX) $(OPTIONS) $(CXXFLAGS) $(PACKAGE_CFLAGS) $(CPPFLAGS))' | cmp -s - $@ || \
	    echo '$(subst ','"'"',$(CXX) $(OPTIONS) $(CXXFLAGS) $(PACKAGE_CFLAGS) $(CPPFLAGS))' >$@

ifdef PROGRAM
all: $(PROGRAM)

$(PROGRAM): $(OBJS) ../runtime/libruntime.a
	$(CXX) $(CXXFLAGS) -pthread -pie -Wl,-z,relro,-z,now,--as-needed $(LDFLAGS) -o $@ $^ \
	    $(shell $(PKG_CONFIG) --libs $(PACKAGES)) $(LIBS)

# Made by its own room; the conductor does so first, and a make in this room alone does so here.
../runtime/libruntime.a: $(wildcard ../runtime/*.cpp ../runtime/*.hpp ../extension/core/text/*)
	$(MAKE) -C ../runtime
endif

clean:
	rm -f *.o *.d */*.o */*.d *.a .built-with $(PROGRAM)

-include $(OBJS:.o=.d)
