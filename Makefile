# The conductor: every target of the project, each carried out in the room it belongs to.
#
#   make            the extension and both daemons         make demo     all of it at work, on this machine, by itself
#   make install    into pg_config's places and PREFIX     make check    every test, likewise by itself
#   make installcheck  pgTAP against the server of PG*     make bench    the figures, BENCH_EVENTS= sets the size
#   make matrix     builds and tests on Debian releases, RELEASES= and SUITES= restrict it
#   make soak       faults without end, FAULTS=1000 SEED=  make slow     what must last: ten minutes without a database
#   make bench-compare  two runs of it beside each other  make bench-profile  where the time of figure A goes, by stage
#   make lint, make format, make fuzz, make clean          make setup    installs the Debian packages that are missing
#   make viewer     brings the viewer of /docs from npm    make dist     the PGXN archive, into .local/dist
#   make distcheck  builds, installs and tests what others install: the archive, with PGXN's client, and images
#   make deb        the Debian packages, into .local/deb   make check-packages  what becomes of those on clean machines
#
# demo, check, matrix, distcheck, bench, bench-profile, soak, slow, lint and fuzz set the machine up first; the others take it
# as it is, and no build asks the network.

MAKEFLAGS += --no-print-directory

PG_CONFIG ?= pg_config
PREFIX ?= /usr/local
UNITS = $(PREFIX)/lib/systemd/system
DOCS = $(PREFIX)/share/doc/analytics-events
# The licences of the viewer, which is part of analytics-http, if the build has it.
LICENCES = $(wildcard http/web/viewer/*LICENSE* http/web/viewer/NOTICE)
MAINTAIN = sql/analytics-maintain.service sql/analytics-maintain.timer
INSTALL ?= install
PYTHON ?= /usr/bin/python3
FUZZ_SECONDS ?= 60
FAULTS ?= 1000
SEED ?=
BENCH_EVENTS ?= 1000000
export PG_CONFIG PYTHON FUZZ_SECONDS BENCH_EVENTS
export PYTHONDONTWRITEBYTECODE := 1

# What make builds and installs, if the command line names no part: make extension install.
EVERY_PART := extension ingestor http
PARTS ?= $(EVERY_PART)
CHOSEN := $(or $(filter $(EVERY_PART),$(MAKECMDGOALS)),$(PARTS))

.DEFAULT_GOAL := all
.PHONY: all extension runtime ingestor http install uninstall $(EVERY_PART:%=install-%) $(EVERY_PART:%=uninstall-%) \
    installcheck setup viewer dist distcheck deb demo check matrix check-packages bench bench-profile bench-compare soak slow \
    lint format fuzz unit clean

all: $(PARTS)

extension:
	+$(MAKE) -C extension

runtime:
	+$(MAKE) -C runtime

ingestor http: runtime
	+$(MAKE) -C $@

install: $(CHOSEN:%=install-%)
	$(INSTALL) -d '$(DESTDIR)$(DOCS)/design'
	$(INSTALL) -m 644 $(wildcard doc/*.*) '$(DESTDIR)$(DOCS)/'
	$(INSTALL) -m 644 $(wildcard doc/design/*) '$(DESTDIR)$(DOCS)/design/'
	$(if $(LICENCES),$(INSTALL) -m 644 -D -t '$(DESTDIR)$(DOCS)/swagger-ui' $(LICENCES))

uninstall: $(CHOSEN:%=uninstall-%)
	rm -f $(patsubst doc/%,'$(DESTDIR)$(DOCS)/%',$(wildcard doc/*.* doc/design/*))
	rm -f $(patsubst %,'$(DESTDIR)$(DOCS)/swagger-ui/%',$(notdir $(LICENCES)))
	for folder in '$(DESTDIR)$(DOCS)/design' '$(DESTDIR)$(DOCS)/swagger-ui' '$(DESTDIR)$(DOCS)'; do \
	    [ ! -d "$$folder" ] || rmdir --ignore-fail-on-non-empty "$$folder" || exit 1; done

install-extension: extension
	+$(MAKE) -C extension install
	$(call install_units,$(MAINTAIN),sql/maintain.env)

uninstall-extension:
	+$(MAKE) -C extension uninstall
	$(call uninstall_units,$(MAINTAIN),maintain.env)

install-ingestor install-http: install-%: %
	$(INSTALL) -d '$(DESTDIR)$(PREFIX)/bin'
	$(INSTALL) -m 755 $*/analytics-$* '$(DESTDIR)$(PREFIX)/bin/'
	$(call install_units,$*/analytics-$*.service,$*/$*.env)

uninstall-ingestor uninstall-http: uninstall-%:
	rm -f '$(DESTDIR)$(PREFIX)/bin/analytics-$*'
	$(call uninstall_units,analytics-$*.service,$*.env)

# $(call install_units,units,sample of their settings), and its inverse.
define install_units
$(INSTALL) -d '$(DESTDIR)$(UNITS)' '$(DESTDIR)$(DOCS)'
for unit in $1; do \
    sed 's|/usr/local/|$(PREFIX)/|' "$$unit" | $(INSTALL) -m 644 /dev/stdin '$(DESTDIR)$(UNITS)'/"$${unit##*/}" || exit 1; done
$(INSTALL) -m 644 $2 '$(DESTDIR)$(DOCS)/'
endef

define uninstall_units
rm -f $(patsubst %,'$(DESTDIR)$(UNITS)/%',$(notdir $1)) '$(DESTDIR)$(DOCS)/$2'
endef

installcheck:
	+$(MAKE) -C extension installcheck

setup:
	@test/rig/setup
	@http/web/fetch || :

viewer:
	@http/web/fetch

dist:
	@packaging/pgxn/archive .local/dist

distcheck:
	@test/rig/setup build run fetch test dist
	@http/web/fetch
	@$(PYTHON) -m pytest -q -rs -p no:cacheprovider test/dist

deb:
	@test/rig/setup build deb
	@packaging/deb/build

demo:
	@test/rig/setup build run fetch
	@http/web/fetch || :
	@test/demo/demo

check: setup
	@test/rig/check $(SUITES)

matrix: setup
	@test/rig/matrix $(RELEASES) $(if $(SUITES),--suites $(SUITES))

check-packages: setup
	@test/rig/setup deb
	@$(PYTHON) -m pytest -q -p no:cacheprovider test/packages

bench:
	@test/rig/setup build run fetch bench
	+@$(MAKE) $(EVERY_PART)
	+@$(MAKE) -C test/bench bench

bench-profile:
	@test/rig/setup build run fetch bench
	+@$(MAKE) -C test/bench profile

bench-compare:
	@$(MAKE) -C test/bench compare

soak: setup
	+@$(MAKE) $(EVERY_PART)
	@test/nemesis/soak --faults $(FAULTS) $(if $(SEED),--seed $(SEED))

slow: setup
	+@$(MAKE) $(EVERY_PART)
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
