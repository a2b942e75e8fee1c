# RELEASE: the release, typed once, in META.json (its first "version"; make lint checks that the others say the same).
# ROOT: the top of the checkout. Included by every room that stamps the version into what it builds.

ROOT := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))..)
RELEASE := $(shell sed -n '/"version"/{s/.*"version"[^"]*"\([^"]*\)".*/\1/p;q}' $(ROOT)/META.json)
$(if $(RELEASE),,$(error no "version" in $(ROOT)/META.json))
