# SPDX-License-Identifier: MIT
# make help tells the targets. VARIANT=release|checked|debug|asan|tsan, CC=gcc|clang, WERROR=1 makes warnings errors.

CC = gcc
VARIANT ?= release
BUILD ?= build$(if $(filter-out release,$(VARIANT)),/$(VARIANT))
PREFIX ?= /usr/local
# Of the library, below PREFIX: a distribution's may name the machine, lib/x86_64-linux-gnu.
LIBDIR ?= lib
WERROR ?=
# A variable in the environment or on the command line adds to these.
CFLAGS ?=
LDFLAGS ?=

# A release has no assertions. Tests that are linked with the program's objects take those of the checked build, which has.
FLAGS_release = -O2 -g -DNDEBUG
FLAGS_checked = -O2 -g
FLAGS_debug = -O0 -g3
FLAGS_asan = -O1 -g3 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FLAGS_tsan = -O1 -g3 -fsanitize=thread
ifeq ($(FLAGS_$(VARIANT)),)
$(error VARIANT=$(VARIANT) is unknown: release, checked, debug, asan or tsan)
endif

WARNINGS = -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Wvla -Wmissing-prototypes -Wstrict-prototypes \
	-Wpointer-arith -Wwrite-strings -Wformat=2 $(if $(WERROR),-Werror)

PACKAGES = libcyaml yaml-0.1 jansson zlib libzstd
# Only goals that compile need the libraries.
ifneq ($(filter-out clean uninstall help format check-layers,$(or $(MAKECMDGOALS),all)),)
PACKAGE_FLAGS := $(shell pkg-config --cflags $(PACKAGES) || echo missing)
PACKAGE_LIBS := $(shell pkg-config --libs $(PACKAGES))
ifneq ($(filter missing,$(PACKAGE_FLAGS)),)
$(error libraries are missing: ./bench.sh installs them, or see README.md)
endif
# Reads binary files of trace-cmd; without it there is advice.
TRACECMD := $(shell pkg-config --exists libtracecmd 2>/dev/null && echo libtracecmd)
TRACECMD_FLAGS := $(if $(TRACECMD),-DHAVE_TRACECMD $(shell pkg-config --cflags libtracecmd))
PACKAGE_LIBS += $(if $(TRACECMD),$(shell pkg-config --libs libtracecmd))
endif

VERSION := $(shell sed -n 's/^\#define IOVABENCH_VERSION "\(.*\)"/\1/p' include/iovabench/version.h)
GIT_COMMIT := $(shell git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)

COMPILE = $(CC) -std=gnu11 $(WARNINGS) $(FLAGS_$(VARIANT)) $(PACKAGE_FLAGS) -Iinclude -Isrc -D_GNU_SOURCE $(CFLAGS)
LINK = $(CC) $(FLAGS_$(VARIANT)) -Wl,--build-id $(LDFLAGS)
TESTED = $(BUILD)$(if $(filter release,$(VARIANT)),/checked)
COMPILE_TEST = $(COMPILE) -UNDEBUG
LIBS = $(PACKAGE_LIBS) -ldl -lm -lpthread

SOURCES := $(sort $(wildcard src/*/*.c))
# An allocator of several files is a folder, linked into one object in which only its table is global.
FOLDERS := $(patsubst src/%/,%,$(sort $(dir $(wildcard src/allocator/*/*.c))))
FILE_OBJECTS := $(patsubst src/%.c,$(BUILD)/objects/%.o,$(filter-out src/cli/main.c,$(SOURCES)))
ROOM_OBJECTS := $(FILE_OBJECTS) $(FOLDERS:%=$(BUILD)/objects/%.o)
FOLDER_OBJECTS := $(patsubst src/%.c,$(BUILD)/objects/%.o,$(sort $(wildcard src/allocator/*/*.c)))
PLUGINS := $(patsubst plugins/%.c,$(BUILD)/plugins/%.so,$(sort $(wildcard plugins/*.c)))
TEST_PLUGINS := $(patsubst tests/plugins/%.c,$(BUILD)/tests/plugins/%.so,$(sort $(wildcard tests/plugins/*.c)))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(sort $(wildcard tests/unit/*/*_test.c)))
FED := $(patsubst tests/fuzz/%.c,$(BUILD)/tests/feed/%,$(sort $(wildcard tests/fuzz/*_fuzz.c)))
CONFORMANCE_SOURCES := $(sort $(wildcard tests/conformance/*.c tests/mutants/*.c))

.PHONY: all
all: $(BUILD)/iovabench $(BUILD)/libiovabench.a $(PLUGINS) ## build the program, the library and the example plugins

$(BUILD)/iovabench: $(BUILD)/objects/cli/main.o $(BUILD)/librooms.a
	$(LINK) -rdynamic -o $@ $^ $(LIBS)

$(BUILD)/librooms.a: $(ROOM_OBJECTS)
	@echo 'ar rcs $@' && rm -f $@ && ar rcs $@ $^

# For drivers and their tests: allocators and driver calls as one object, of which the public names alone are global.
# Nothing in there needs JSON.
LIBRARY_OBJECTS := $(filter-out $(BUILD)/objects/base/json%,$(filter $(addprefix $(BUILD)/objects/,allocator/% base/% ddi/%),$(ROOM_OBJECTS)))
LIBRARY_NAMES = iova_instance_* ddi_* dxgk_cb_* mm_* ex_free_pool iommu_* ntstatus_name dxgkrnl_* dma_iommu_* Mm* ExFreePool Ke*
$(BUILD)/libiovabench.a: $(LIBRARY_OBJECTS)
	@echo '$(CC) -r -nostdlib -o $(BUILD)/libiovabench.o' && $(CC) -r -nostdlib -o $(BUILD)/libiovabench.o $^
	objcopy --wildcard $(foreach name,$(LIBRARY_NAMES),--keep-global-symbol='$(name)') $(BUILD)/libiovabench.o
	rm -f $@ && ar rcs $@ $(BUILD)/libiovabench.o

# What was compiled with is part of every result; a change of flags rebuilds all.
$(BUILD)/objects/%.o: src/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(COMPILE) -MMD -MP -c -o $@ $<

define FOLDER
$(BUILD)/objects/$(1).o: $(filter $(BUILD)/objects/$(1)/%,$(FOLDER_OBJECTS))
	$(CC) -r -nostdlib -o $$@ $$^ && objcopy --localize-hidden $$@
endef
$(foreach folder,$(FOLDERS),$(eval $(call FOLDER,$(folder))))
$(FOLDER_OBJECTS): COMPILE += -fvisibility=hidden

# What is compiled for programs at any address may be part of a shared object as well, but for variables of the C library.
$(BUILD)/objects/ddi/dxgkrnl_track.o: COMPILE += -fPIC
# Weights of distributions are the same bits on every machine only when nothing is fused.
$(BUILD)/objects/stream/%.o: COMPILE += -ffp-contract=off
$(BUILD)/objects/trace/trace_dat.o: COMPILE += $(TRACECMD_FLAGS)
$(BUILD)/objects/trace/trace_dat.o: $(BUILD)/tracecmd
$(BUILD)/objects/run/machine.o: COMPILE += -DBUILD_GIT='"$(GIT_COMMIT)"' -DBUILD_FLAGS='"$(FLAGS_$(VARIANT))"'
$(BUILD)/objects/run/machine.o: $(BUILD)/commit
# The content policy of a report names the styles and the script that are in it.
hash_of = $(shell sha256sum $(1) | cut -c1-64 | tr a-f A-F | basenc --base16 -d | basenc --base64)
$(BUILD)/objects/report/html.o: COMPILE += -DREPORT_STYLE_HASH='"$(call hash_of,src/report/report.css)"' \
	-DREPORT_SCRIPT_HASH='"$(call hash_of,src/report/report.js)"' -DDRAW_STYLE_HASH='"$(call hash_of,src/draw/figure.css)"'
$(BUILD)/objects/cli/completion.o: src/cli/completion.bash src/cli/completion.zsh src/cli/completion.fish
$(BUILD)/objects/cli/plugin.o: plugins/template.c
$(BUILD)/objects/report/html.o $(BUILD)/objects/report/assets.o: src/report/report.css src/report/report.js
$(BUILD)/objects/report/html.o $(BUILD)/objects/draw/style.o: src/draw/figure.css

.PHONY: force
$(BUILD)/flags: force
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(COMPILE))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(COMPILE))' > $@
$(BUILD)/tracecmd: force
	@mkdir -p $(@D)
	@printf '%s\n' '$(TRACECMD_FLAGS)' | cmp -s - $@ || printf '%s\n' '$(TRACECMD_FLAGS)' > $@
$(BUILD)/commit: force
	@mkdir -p $(@D)
	@echo '$(GIT_COMMIT)' | cmp -s - $@ || echo '$(GIT_COMMIT)' > $@

# Plugins see the public header alone.
$(BUILD)/plugins/%.so: plugins/%.c include/iovabench/allocator.h
	@mkdir -p $(@D)
	$(CC) -std=c11 $(WARNINGS) -O2 -g -shared -fPIC -Iinclude -o $@ $<
$(BUILD)/tests/plugins/%.so: tests/plugins/%.c tests/plugins/bump.h tests/mutants/mutants.c plugins/example.c \
		include/iovabench/allocator.h src/run/job.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(WARNINGS) -O2 -g -shared -fPIC -Iinclude -Isrc -Itests -o $@ $<

# What a folder hides, for the tests that look into one.
$(BUILD)/libinside.a: $(FOLDER_OBJECTS)
	@echo 'ar rcs $@' && rm -f $@ && ar rcs $@ $^

ifeq ($(VARIANT),release)
$(TESTED)/librooms.a: force
	@$(MAKE) -s VARIANT=checked BUILD='$(TESTED)' '$(TESTED)/librooms.a' '$(TESTED)/libinside.a'
$(TESTED)/libinside.a: $(TESTED)/librooms.a ;
endif

$(BUILD)/tests/unit/%: tests/unit/%.c $(TESTED)/librooms.a $(TESTED)/libinside.a $(BUILD)/flags
	@mkdir -p $(@D)
	$(COMPILE_TEST) -Itests -MMD -MP -o $@ $< $(TESTED)/librooms.a $(TESTED)/libinside.a $(LDFLAGS) -lcmocka $(LIBS)

$(BUILD)/tests/conformance: $(CONFORMANCE_SOURCES) $(wildcard tests/conformance/*.h) $(TESTED)/librooms.a $(BUILD)/flags
	@mkdir -p $(@D)
	$(COMPILE_TEST) -Itests -o $@ $(CONFORMANCE_SOURCES) $(TESTED)/librooms.a $(LDFLAGS) -lcmocka $(LIBS)

# Fuzz targets that are fed with files, without clang's fuzzer.
$(BUILD)/tests/feed/%: tests/fuzz/%.c tests/fuzz/feed.c $(wildcard tests/fuzz/*.h) $(TESTED)/librooms.a $(BUILD)/flags
	@mkdir -p $(@D)
	$(COMPILE_TEST) -Itests -o $@ $< tests/fuzz/feed.c $(TESTED)/librooms.a $(LDFLAGS) $(LIBS)

.PHONY: tests
tests: all $(UNIT_TESTS) $(FED) $(TEST_PLUGINS) $(if $(CONFORMANCE_SOURCES),$(BUILD)/tests/conformance) $(BUILD)/tests/bench/threads ## build all tests, run none

.PHONY: check
check: tests ## build and run every test; ends with a line "N passed, N failed"
	@BUILD='$(BUILD)' CC='$(CC)' VARIANT='$(VARIANT)' tests/run

THREAD_TESTS = unit/play/ring_test unit/play/threads_test unit/play/paired_test unit/play/threads_stress_test
.PHONY: check-threads
check-threads: $(addprefix $(BUILD)/tests/,$(THREAD_TESTS)) ## tests of what threads share; meant for VARIANT=tsan
	@BUILD='$(BUILD)' VARIANT='$(VARIANT)' tests/run $(THREAD_TESTS)

DDI_CALLS ?= 5000000
.PHONY: check-ddi
check-ddi: $(BUILD)/tests/unit/ddi/ddi_calls_random_test ## random driver calls, DDI_CALLS=5000000 for each allocator and mode, of DDI_SEED; meant for VARIANT=asan
	@seed=$${DDI_SEED:-$$(date +%s)}; echo "DDI_SEED=$$seed"; DDI_RANDOM_SEED=$$seed DDI_RANDOM_CALLS=$(DDI_CALLS) $<

.PHONY: check-layers
check-layers: ## every #include keeps to the floors of docs/design.md
	@tests/gates/layers

.PHONY: lint
lint: ## sizes of functions, recursion, symbols of allocators, formatting, shell scripts
	@BUILD='$(BUILD)' CC='$(CC)' tests/gates/lint

.PHONY: format
format: ## rewrite the sources in the style of .clang-format
	clang-format -i $$(git ls-files '*.c' '*.h')

FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(sort $(wildcard tests/fuzz/*_fuzz.c)))
FUZZED := $(sort $(wildcard src/base/*.c src/metric/*.c src/yaml/*.c src/workload/*.c src/stream/*.c src/measure/*.c src/result/*.c src/trace/*.c src/compare/*.c) src/cli/suite_file.c src/run/settings.c src/run/cpus.c src/run/profiler.c)

FUZZ_OBJECTS := $(FUZZED:src/%.c=$(BUILD)/fuzz/objects/%.o)
FUZZ = clang -std=gnu11 -g -O1 -fsanitize=$(1),address,undefined -fno-sanitize-recover=undefined $(PACKAGE_FLAGS) -Iinclude -Isrc -Itests -D_GNU_SOURCE

$(BUILD)/fuzz/objects/%.o: src/%.c
	@mkdir -p $(@D)
	$(call FUZZ,fuzzer-no-link) -MMD -MP -c -o $@ $<

$(BUILD)/fuzz/loaders.a: $(FUZZ_OBJECTS)
	@echo 'ar rcs $@' && rm -f $@ && ar rcs $@ $^

$(BUILD)/fuzz/%: tests/fuzz/%.c $(wildcard tests/fuzz/*.h) $(BUILD)/fuzz/loaders.a
	$(call FUZZ,fuzzer) -o $@ $< $(BUILD)/fuzz/loaders.a $(LIBS)

.PHONY: fuzz
fuzz: $(FUZZERS) ## fuzz every loader for FUZZ_SECONDS=10 each, from the kept corpus (needs clang)
	@BUILD='$(BUILD)' tests/fuzz/run

# Both builds: what one has and the other has not is a finding. SOAK_SEED does an earlier run again; SOAK is for other options of tests/soak/run.
SOAK_SECONDS ?= 60
.PHONY: soak
soak: all ## random workloads, command lines and driver calls for SOAK_SECONDS=60, a new seed each time (SOAK_SEED=)
	@$(MAKE) -s VARIANT=asan BUILD='$(BUILD)/asan' all '$(BUILD)/asan/tests/unit/ddi/ddi_calls_random_test'
	@tests/soak/run --build '$(BUILD)' --asan '$(BUILD)/asan' --keep '$(BUILD)/soak' --seconds $(SOAK_SECONDS) $(if $(SOAK_SEED),--seed $(SOAK_SEED)) $(SOAK)

.PHONY: bench-harness
bench-harness: all ## what the harness itself costs, in time and memory
	@BUILD='$(BUILD)' tests/bench/harness

$(BUILD)/tests/bench/%: tests/bench/%.c $(BUILD)/librooms.a $(BUILD)/flags
	@mkdir -p $(@D)
	$(COMPILE) -Itests -MMD -MP -o $@ $< $(BUILD)/librooms.a $(LDFLAGS) $(LIBS)

.PHONY: bench-ddi
bench-ddi: $(BUILD)/tests/bench/ddi ## what driver calls cost over their allocator, and handles in memory, each with its target
	@$(BUILD)/tests/bench/ddi
.PHONY: bench-threads
bench-threads: $(BUILD)/tests/bench/threads ## two workers on one magazine+X against an X of its own for each
	@$(BUILD)/tests/bench/threads

.PHONY: instructions
instructions: $(BUILD)/tests/bench/play ## instructions per operation of the built-in allocators, compared with tests/instructions/expected
	@BUILD='$(BUILD)' tests/instructions/run $(if $(UPDATE),--update,$(if $(MISSES),--misses))

.PHONY: columns
columns: all $(BUILD)/tests/bench/play ## what an allocator is wanted to reach, a mark for each cell; SPEC=leaf, OPS= for fewer operations, TIMES=no without times
	@BUILD='$(BUILD)' OPS='$(OPS)' tests/columns/run $(SPEC)

.PHONY: bench-import
bench-import: all ## lines a second that the import reads, by the built-in rules and by rules of a user
	@BUILD='$(BUILD)' tests/bench/import
.PHONY: bench-generation
bench-generation: $(BUILD)/tests/bench/generation ## how many operations a second are generated, by the way of choosing victims
	@$(BUILD)/tests/bench/generation

.PHONY: limits
limits: all ## what the built-in allocators reach on the streams of workloads/limits, one round
	@$(BUILD)/iovabench suite run suites/limits.yaml -o $(BUILD)/limits

.PHONY: laws
laws: all ## laws that a right benchmark reproduces: expected and found, on every allocator that they speak of
	@BUILD='$(BUILD)' tests/laws/run

.PHONY: reference
reference: all ## run the published matrix again for results/reference, on a machine that nothing else uses
	@./bench.sh reference

.PHONY: field
field: all ## reports from the field as workloads: report, allocator, symptom seen or not
	@BUILD='$(BUILD)' tests/field/run

# A tree, or an archive as Debian's linux-source brings it.
LINUX_SRC ?= $(lastword $(sort $(wildcard /usr/src/linux-source-*)))
.PHONY: peers
peers: all ## plugins from unmodified kernel files, of LINUX_SRC= or Debian's linux-source
	@BUILD='$(BUILD)' CC='$(CC)' plugins/peers/build '$(LINUX_SRC)'

.PHONY: fidelity
fidelity: peers ## our imitations against the real files: every extent must lie where it lies there
	@BUILD='$(BUILD)' tests/fidelity/run $(if $(UPDATE),--update)

.PHONY: manual
manual: all ## put the commands, options, keys and metrics of the program into its manual page, documents and schema
	@BUILD='$(BUILD)' tests/gates/manual --update
	@BUILD='$(BUILD)' tests/gates/schema --update
# Documents link to each other, and to workloads, as they do here.
DOCUMENTS = $(wildcard docs/*.md) docs/ci-workflow.yml docs/report.png docs/result.schema.json
PICTURES = $(wildcard docs/gallery/*.png)
# page.section goes to man<section>; each shell looks for completions in a folder of its own.
PAGES = $(wildcard docs/*.[1-9])
installed_page = share/man/man$(subst .,,$(suffix $(1)))/$(notdir $(1))
COMPLETION_bash = share/bash-completion/completions/iovabench
COMPLETION_zsh = share/zsh/vendor-completions/_iovabench
COMPLETION_fish = share/fish/vendor_completions.d/iovabench.fish
SHELLS = bash zsh fish
# Below PREFIX; files and links, then folders that are ours, the inner ones first.
INSTALLED = bin/iovabench $(LIBDIR)/libiovabench.a $(LIBDIR)/pkgconfig/iovabench.pc $(foreach page,$(PAGES),$(call installed_page,$(page))) $(foreach shell,$(SHELLS),$(COMPLETION_$(shell))) \
	$(addprefix share/doc/iovabench/,README.md CONTRIBUTING.md CHANGELOG.md LICENSE) share/doc/iovabench/workloads \
	$(addprefix share/doc/iovabench/,$(DOCUMENTS) $(PICTURES)) $(addprefix share/iovabench/,$(wildcard $(addprefix workloads/,*.yaml */*.yaml */*.iovatrace) suites/*.yaml)) \
	$(wildcard include/iovabench/*.h) $(addprefix share/iovabench/,$(wildcard plugins/*.c))
INSTALLED_FOLDERS = include/iovabench share/iovabench/plugins share/doc/iovabench/docs/gallery share/doc/iovabench/docs share/doc/iovabench $(addprefix share/iovabench/workloads/,traces limits laws field) \
	share/iovabench/workloads share/iovabench/suites share/iovabench

.PHONY: install
install: all ## install below PREFIX=/usr/local (DESTDIR is honoured)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/include/iovabench $(DESTDIR)$(PREFIX)/share/iovabench/workloads/traces \
		$(DESTDIR)$(PREFIX)/share/iovabench/workloads/limits $(DESTDIR)$(PREFIX)/share/iovabench/workloads/laws \
		$(DESTDIR)$(PREFIX)/share/iovabench/workloads/field $(DESTDIR)$(PREFIX)/share/doc/iovabench/docs/gallery \
		$(DESTDIR)$(PREFIX)/share/iovabench/suites
	install -m 755 $(BUILD)/iovabench $(DESTDIR)$(PREFIX)/bin/iovabench
	install -m 644 include/iovabench/*.h $(DESTDIR)$(PREFIX)/include/iovabench
	install -d $(DESTDIR)$(PREFIX)/$(LIBDIR)/pkgconfig
	install -m 644 $(BUILD)/libiovabench.a $(DESTDIR)$(PREFIX)/$(LIBDIR)
	sed 's,@PREFIX@,$(PREFIX),; s,@LIBDIR@,$(LIBDIR),; s,@VERSION@,$(VERSION),' src/iovabench.pc.in > $(DESTDIR)$(PREFIX)/$(LIBDIR)/pkgconfig/iovabench.pc
	install -d $(DESTDIR)$(PREFIX)/share/iovabench/plugins
	install -m 644 plugins/*.c $(DESTDIR)$(PREFIX)/share/iovabench/plugins
	install -m 644 workloads/*.yaml $(DESTDIR)$(PREFIX)/share/iovabench/workloads
	install -m 644 workloads/limits/*.yaml $(DESTDIR)$(PREFIX)/share/iovabench/workloads/limits
	install -m 644 workloads/laws/*.yaml $(DESTDIR)$(PREFIX)/share/iovabench/workloads/laws
	install -m 644 workloads/field/*.yaml $(DESTDIR)$(PREFIX)/share/iovabench/workloads/field
	install -m 644 suites/*.yaml $(DESTDIR)$(PREFIX)/share/iovabench/suites
	install -m 644 workloads/traces/*.iovatrace $(DESTDIR)$(PREFIX)/share/iovabench/workloads/traces
	install -m 644 README.md CONTRIBUTING.md CHANGELOG.md LICENSE $(DESTDIR)$(PREFIX)/share/doc/iovabench
	install -m 644 $(DOCUMENTS) $(DESTDIR)$(PREFIX)/share/doc/iovabench/docs
	install -m 644 $(PICTURES) $(DESTDIR)$(PREFIX)/share/doc/iovabench/docs/gallery
	ln -sfn ../../iovabench/workloads $(DESTDIR)$(PREFIX)/share/doc/iovabench/workloads
	$(foreach page,$(PAGES),install -D -m 644 $(page) $(DESTDIR)$(PREFIX)/$(call installed_page,$(page)) &&) true
	$(foreach shell,$(SHELLS),install -D -m 644 src/cli/completion.$(shell) $(DESTDIR)$(PREFIX)/$(COMPLETION_$(shell)) &&) true

.PHONY: uninstall
uninstall: ## remove what install put below PREFIX, and nothing else
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/,$(INSTALLED))
	-rmdir --ignore-fail-on-non-empty $(wildcard $(addprefix $(DESTDIR)$(PREFIX)/,$(INSTALLED_FOLDERS)))

.PHONY: clean
clean: ## remove everything that was built
	rm -rf build

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | sort | awk -F'\t' '{printf "  make %-14s %s\n", $$1, $$2}'

-include $(patsubst %.o,%.d,$(FILE_OBJECTS) $(FOLDER_OBJECTS) $(FUZZ_OBJECTS)) $(BUILD)/objects/cli/main.d $(addsuffix .d,$(UNIT_TESTS)) $(BUILD)/tests/bench/play.d $(BUILD)/tests/bench/threads.d
