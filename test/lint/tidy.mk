# clang-tidy, a file at a time and only where something changed. Run from the checkout's top by test/lint/Makefile.
#
# A source is judged again when it, a header of its room or of the rooms that it may include, or .clang-tidy changed.

daemon_flags := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags libpq rdkafka cpp-httplib spdlog fmt CLI11))
version_flag := -DANALYTICS_VERSION='"lint"'

FLAGS_core := -std=c++20 -Wall -Wextra
FLAGS_pg := -std=c++20 -Wall -Wextra -Wno-register -isystem $(shell $(PG_CONFIG) --includedir-server) -D_GNU_SOURCE $(version_flag)
FLAGS_runtime := -std=c++20 -Wall -Wextra $(daemon_flags) $(version_flag)
FLAGS_ingestor := $(FLAGS_runtime)
FLAGS_http := $(FLAGS_runtime)

HEADERS_core := $(wildcard extension/core/*.hpp)
HEADERS_pg := $(HEADERS_core) $(wildcard extension/pg/*.hpp)
HEADERS_runtime := $(wildcard runtime/*.hpp)
HEADERS_ingestor := $(HEADERS_runtime) $(wildcard ingestor/*.hpp)
HEADERS_http := $(HEADERS_runtime) $(wildcard http/*.hpp)

.PHONY: all
all: $(SOURCES:%=$(OUT)/%.ok)

.SECONDEXPANSION:
$(OUT)/%.ok: % .clang-tidy $$(HEADERS_$$(notdir $$(patsubst %/,%,$$(dir $$*))))
	@mkdir -p $(@D)
	$(CLANG_TIDY) --quiet --warnings-as-errors='*' $< -- $(FLAGS_$(notdir $(patsubst %/,%,$(<D)))) 2>$@.err || { grep -v -e 'warnings generated' $@.err; exit 1; }
	@touch $@
