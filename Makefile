# make run          the whole service in one folder, until Ctrl-C
# make test         all tests but those that kill and freeze engines
# make engines      the tests of stores on S3, Swift and Ceph, and of Galera; then images in every store, with killed workers and engines; and
#                   three services on a cluster whose nodes are taken away
# make acceptance   Tempest's image tests with a real Keystone; Glance and Vitrine on one database; images in every store, on SeaweedFS and
#                   Ceph, with real clients; three services on a cluster whose nodes are taken away; half a minute of chaos
# make chaos        kills and freezes processes at random for two minutes, then checks the invariants (CHAOS= options of Tests/Chaos/run)
# make sanitize     a minute of chaos and the tests SUITES= (those that run the programs), with programs built with AddressSanitizer and
#                   with ThreadSanitizer; hours, so not in CI
# make bench        the figures, beside a real Glance (PEER= the folder of its scripts, BENCH= options of Benchmarks/bench)
# make load         ten minutes of a mix of requests over 200 connections, and as many on a real Glance (LOAD= options of Benchmarks/load)
#
# make run takes CONF= (a glance-api.conf), STATE= (the folder, .state), API_PORT= (9292), REGISTRY_PORT= (9191),
# METRICS_PORT= (9193, 0 for none) and DB= (a MariaDB URL, instead of a private server).

STATE         ?= .state
API_PORT      ?= 9292
REGISTRY_PORT ?= 9191
METRICS_PORT  ?=
CONF          ?=
DB            ?=
PEER          ?= ../shared/peer
BENCH         ?=
LOAD          ?=
CHAOS         ?=
SUITES        ?= (APIV1|APIV2|Registry|Cache|Fault|Store|Background|Import|Metadef|Notification|Identity|Tool|Gateway|Port)Tests

# Debian's python3-swiftclient installs a /usr/bin/swift that is not the compiler, so the version of each is checked.
SWIFT := $(shell for s in $$(which -a swift 2>/dev/null) /opt/swift/usr/bin/swift; do \
	"$$s" --version 2>/dev/null | grep -q 'Swift version 6' && echo "$$s" && break; done)
SOURCES  := $(shell find -L Sources Package.swift -type f)
RELEASE  := .build/release
PROGRAMS := glance-api glance-registry glance-tasks glance-manage
# Names of Glance's programs that glance-tools provides.
TOOLS    := $(addprefix glance-,cache-manage cache-cleaner cache-pruner cache-prefetcher control replicator scrubber status wsgi-api)
CLIENTS  := .build/clients
KEYSTONE := .build/keystone
TEMPEST  := .build/tempest
GLANCE   := .build/glance
ENGINES  := .build/engines
TOOLS_OF_TESTS = VITRINE_CLIENTS=$(CURDIR)/$(CLIENTS)/bin VITRINE_KEYSTONE=$(CURDIR)/$(KEYSTONE) VITRINE_GLANCE=$(CURDIR)/$(GLANCE) \
	VITRINE_ENGINES=$(CURDIR)/$(ENGINES)
# Tests that need S3, Swift, Ceph or Galera.
ON_ENGINES := (ObjectStore|RBDStore|Galera)Tests|An engine of the tests
# Part of `make engines` alone: engines that are killed and frozen take minutes to recover on two cores that others use, too (issue 16).
DISTURBED := on a disturbed engine|whose cluster fails|whose servers fail|A node that is away|A node that comes back|A cluster without quorum|freezes and comes back
.DEFAULT_GOAL := run
SHELL := /bin/bash
.PHONY: run test tests-built engines acceptance chaos sanitize build bench load lint swift

run: $(RELEASE)/.built
	@exec $(RELEASE)/glance-manage run --state '$(STATE)' --api-port $(API_PORT) --registry-port $(REGISTRY_PORT) --nginx nginx \
		$(if $(METRICS_PORT),--metrics-port $(METRICS_PORT)) $(if $(CONF),--conf '$(CONF)') $(if $(DB),--db '$(DB)')

build: $(RELEASE)/.built

# SwiftPM needs seconds to find that nothing changed; make does not.
$(RELEASE)/.built: $(SOURCES) .build/.installed | swift
	$(foreach p,$(PROGRAMS) glance-tools,$(SWIFT) build -c release --static-swift-stdlib --product $(p) &&) true
	$(foreach t,$(TOOLS),ln -sf glance-tools $(RELEASE)/$(t) &&) touch $@

test: tests-built
	@$(TOOLS_OF_TESTS) .ci/test $(SWIFT) --skip '$(DISTURBED)'

engines: tests-built $(RELEASE)/.built
	@$(TOOLS_OF_TESTS) .ci/test $(SWIFT) --filter '$(ON_ENGINES)'
	Tests/Acceptance/stores
	Tests/Acceptance/cluster

# What the tests need, and the tests themselves, built.
tests-built: .build/.installed $(CLIENTS)/.made $(KEYSTONE)/.made $(GLANCE)/.made $(ENGINES)/.made lint | swift
	$(SWIFT) build --build-tests -Xswiftc -warnings-as-errors
	.ci/check-imports $(SWIFT)

acceptance: $(RELEASE)/.built $(CLIENTS)/.made $(KEYSTONE)/.made $(TEMPEST)/.made $(GLANCE)/.made $(ENGINES)/.made
	Tests/Acceptance/run
	Tests/Acceptance/together
	Tests/Acceptance/stores --only '^(?!killed)'
	Tests/Acceptance/cluster --seconds 12 --patience 60
	Tests/Chaos/run --seconds 30 $(CHAOS)

chaos: $(RELEASE)/.built
	Tests/Chaos/run --seconds 120 $(CHAOS)

# Programs with a sanitizer are slow, so recovering from killed processes takes longer. The tests themselves have no sanitizer.
sanitize: .build/.installed | swift
	$(SWIFT) build --build-tests -Xswiftc -warnings-as-errors
	$(foreach s,address thread,$(foreach p,$(PROGRAMS) glance-tools,\
		$(SWIFT) build --sanitize=$(s) --scratch-path .build-$(s) --product $(p) &&) \
		Tests/Chaos/run --seconds 60 --patience 120 --programs .build-$(s)/debug --state .build-$(s)/chaos $(CHAOS) && \
		.ci/sanitize $(SWIFT) $(s) '$(SUITES)' &&) true

bench: $(RELEASE)/.built
	$(SWIFT) build -c release --static-swift-stdlib --product ceiling
	Benchmarks/bench --peer $(PEER) $(BENCH)

load: $(RELEASE)/.built
	$(SWIFT) build -c release --static-swift-stdlib --product load-generator
	Benchmarks/load --peer $(PEER) $(LOAD)

lint: | swift
	$(SWIFT) format lint --strict --configuration .ci/swift-format.json --recursive Package.swift Sources Tests Benchmarks
	.ci/check-words

# OpenStack's programs from PyPI, each in its own virtual environment, apart from the system's packages.
$(CLIENTS)/.made: Tests/ClientTests/requirements.txt
$(KEYSTONE)/.made: Tests/Acceptance/requirements-keystone.txt
$(TEMPEST)/.made: Tests/Acceptance/requirements-tempest.txt
$(GLANCE)/.made: Tests/Deployments/requirements.txt
$(CLIENTS)/.made $(KEYSTONE)/.made $(TEMPEST)/.made $(GLANCE)/.made: .build/.installed
	rm -rf $(@D)
	/usr/bin/python3 -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check -r $(filter %.txt,$^)
	touch $@

# SeaweedFS, a program of 160 MB, or moto where that is not to be had; OpenStack Swift, whose tests are left out where it is not.
$(ENGINES)/.made: Tests/Engines/requirements.txt Tests/Engines/requirements-moto.txt .build/.installed Tests/Engines/requirements-swift.in
	rm -rf $(@D)
	/usr/bin/python3 -m venv $(@D)
	$(foreach file,$(filter %.txt,$^),$(@D)/bin/pip install --quiet --disable-pip-version-check -r $(file) ||) false
	$(@D)/bin/pip install --quiet --disable-pip-version-check -r $(filter %.in,$^) || echo 'OpenStack Swift cannot be installed'
	touch $@

.build/.installed: .ci/install
	.ci/install
	@mkdir -p .build && touch $@

swift:
	@test -n '$(SWIFT)' || { echo 'No Swift 6 compiler found: neither on the PATH nor in /opt/swift. See https://swift.org/install'; exit 1; }
