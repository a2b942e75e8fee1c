# The conductor: every target of the project, each carried out in the room it belongs to.
#
#   make            the extension and both daemons         make demo     all of it at work, on this machine, by itself
#   make install    into pg_config's places and PREFIX     make check    every test, likewise by itself
#   make installcheck  pgTAP against the server of PG*     make bench    the figures, BENCH_EVENTS= sets the size
#   make soak       faults without end, FAULTS=1000 SEED=  make slow     what must last: ten minutes without a database
#   make bench-compare  two runs of it beside each other  make bench-profile  where the time of figure A goes, by stage
#   make lint, make format, make fuzz, make clean          make setup    installs the Debian packages that are missing
#   make viewer     brings the viewer of /docs from npm
#
# demo, check, bench, bench-profile, soak, slow, lint and fuzz set the machine up first; the others take it as it is, and
# no build asks the network.

MAKEFLAGS += --no-print-directory

PG_CONFIG ?= pg_config
PREFIX ?= /usr/local
UNITS = $(PREFIX)/lib/systemd/system
DOCS = $(PREFIX)/share/doc/analytics-events
UNIT_FILES = ingestor/analytics-ingestor.service http/analytics-http.service \
    sql/analytics-maintain.service sql/analytics-maintain.timer
PAGES = ingestor/ingestor.env http/http.env sql/maintain.env doc/roles.sql doc/operating.md doc/alerts.yml doc/dashboard.json
INSTALL ?= install
PYTHON ?= /usr/bin/python3
FUZZ_SECONDS ?= 60
FAULTS ?= 1000
SEED ?=
BENCH_EVENTS ?= 1000000
export PG_CONFIG PYTHON FUZZ_SECONDS BENCH_EVENTS
export PYTHONDONTWRITEBYTECODE := 1

.DEFAULT_GOAL := all
.PHONY: all extension runtime ingestor http install uninstall installcheck setup viewer demo check bench bench-profile bench-compare soak slow lint format fuzz unit clean

all: extension ingestor http

extension:
	+$(MAKE) -C extension

runtime:
	+$(MAKE) -C runtime

ingestor http: runtime
	+$(MAKE) -C $@

install: all
	+$(MAKE) -C extension install
	$(INSTALL) -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(UNITS)' '$(DESTDIR)$(DOCS)'
	$(INSTALL) -m 755 ingestor/analytics-ingestor http/analytics-http '$(DESTDIR)$(PREFIX)/bin/'
	for unit in $(UNIT_FILES); do \
	    sed 's|/usr/local/|$(PREFIX)/|' "$$unit" >'$(DESTDIR)$(UNITS)'/"$${unit##*/}" || exit 1; done
	$(INSTALL) -m 644 $(PAGES) '$(DESTDIR)$(DOCS)/'

uninstall:
	+$(MAKE) -C extension uninstall
	rm -f '$(DESTDIR)$(PREFIX)/bin/analytics-ingestor' '$(DESTDIR)$(PREFIX)/bin/analytics-http'
	rm -f $(patsubst %,'$(DESTDIR)$(UNITS)/%',$(notdir $(UNIT_FILES)))
	rm -f $(patsubst %,'$(DESTDIR)$(DOCS)/%',$(notdir $(PAGES)))

installcheck:
	+$(MAKE) -C extension installcheck

setup:
	@test/rig/setup
	@http/web/fetch || :

viewer:
	@http/web/fetch

demo:
	@test/rig/setup build run
	@http/web/fetch || :
	@test/demo/demo

check: setup
	@test/rig/check

bench:
	@test/rig/setup build run bench
	+@$(MAKE) all
	+@$(MAKE) -C test/bench bench

bench-profile:
	@test/rig/setup build run bench
	+@$(MAKE) -C test/bench profile

bench-compare:
	@$(MAKE) -C test/bench compare

soak: setup
	+@$(MAKE) all
	@test/nemesis/soak --faults $(FAULTS) $(if $(SEED),--seed $(SEED))

slow: setup
	+@$(MAKE) all
	@$(PYTHON) -m pytest -q -s -p no:cacheprovider --slow test/e2e

lint: setup
	+@$(MAKE) -C test/lint lint

fuzz: setup
	+@$(MAKE) -C test/fuzz fuzz

unit:
	+$(MAKE) -C test/unit check

format:
	git ls-files '*.cpp' '*.hpp' | xargs -r clang-format -i

clean:
	+$(MAKE) -C extension clean
	+$(MAKE) -C runtime clean
	+$(MAKE) -C ingestor clean
	+$(MAKE) -C http clean
	+$(MAKE) -C test/unit clean
	+$(MAKE) -C test/fuzz clean
	+$(MAKE) -C test/boundary clean
	+$(MAKE) -C test/bench clean
	+$(MAKE) -C test/lint clean
	@[ ! -d .local/rig ] || PYTHONPATH=test $(PYTHON) -c 'from rig import place; place.forget_server_home()'
