# Mashang. `make run` and `make test` are the two commands (README.md); `make help` lists the others.
MODE     ?= $(if $(SANITIZE),sanitize,release)
SANITIZE ?=
PREFIX   ?= /usr/local
DESTDIR  ?=
B        := build/$(MODE)
VERSION  := 0.1.0

LIBS     := libevent libcurl jansson libcrypto zlib libutf8proc libqrencode libsystemd
PAPER    := cairo pangocairo
CC       ?= cc
Q        := $(if $(V),,@)
CFLAGS   ?= $(if $(SANITIZE),-O1,-O2) -g
WARN     := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wundef -Wpointer-arith
HARDEN   := -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE -D_FORTIFY_SOURCE=2
# -O1 does not follow the ranges of numbers, so what may be truncated is judged where -O2 does, in the release build of the same sources. clang judges none.
SANFLAGS := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer -U_FORTIFY_SOURCE $(if $(findstring clang,$(CC)),,-Wno-format-truncation))
ALL_C    := -std=c17 -D_GNU_SOURCE -DMASHANG_VERSION='"$(VERSION)"' -DMASHANG_SHARE='"$(PREFIX)/share/mashang"' -Igateway -I. \
            $(shell pkg-config --cflags $(LIBS) 2>/dev/null) $(WARN) $(HARDEN) $(SANFLAGS) $(CFLAGS)
LINK     := -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed $(SANFLAGS) $(LDFLAGS)
LDLIBS   := $(shell pkg-config --libs $(LIBS) 2>/dev/null) -lhiredis -lexpat -lm

# Rooms from the floor up: a library may use those before it (house.md §2; tests/lint/rooms checks the includes).
ROOMS    := base crypto domain view net store flow http web cli supervise
llhttp   := $(addprefix $(B)/llhttp/,api.o http.o llhttp.o)
objects   = $(patsubst %.c,$(B)/%.o,$(sort $(wildcard gateway/$(1)/*.c)))
# Of qr, the gateway sees the link, the symbol and its SVG; the rest is mashang-qr's own.
QR_LIB   := $(patsubst %,$(B)/qr/%.o,code codes_file svg symbol)
QR_OWN   := $(filter-out $(QR_LIB),$(patsubst %.c,$(B)/%.o,$(filter-out qr/main.c qr/png.c qr/paper.c,$(wildcard qr/*.c))))
libs      = $(foreach r,$(1),$(B)/lib$(r).a)
all_libs := -Wl,--start-group $(call libs,$(ROOMS) qr) $(B)/libllhttp.a -Wl,--end-group

UNIT     := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/*_test.c))
STANDINS := $(patsubst tests/standins/%.c,$(B)/standins/%,$(wildcard tests/standins/*.c))
FUZZERS  := $(patsubst tests/fuzz/fuzz_%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

.PHONY: help build run test unit unit-programs standins seed fuzz fuzzers bench check format tidy cover install uninstall dist clean deps FORCE
.SECONDARY:
.DEFAULT_GOAL := help

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 22

deps:
	@tools/deps build
build: deps  ## only compile: build/mashang and build/mashang-qr
	@$(MAKE) --no-print-directory programs MODE=$(MODE) SANITIZE=$(SANITIZE)
programs: $(B)/mashang $(B)/mashang-qr
	@[ $(MODE) != release ] || { ln -sfn release/mashang build/mashang; ln -sfn release/mashang-qr build/mashang-qr; }
run:  ## install what is missing, build, start the whole system on this machine
	@tools/run
test:  ## every test: unit, end to end, browser
	@tools/test
unit: $(UNIT)  ## unit tests only
	@for t in $(UNIT); do echo "== $$t"; $$t || exit 1; done
unit-programs: $(UNIT)
standins: $(STANDINS)
seed: $(B)/bench/seed
fuzz:  ## any bytes at the parsers, FUZZ_SECONDS=20 each
	@tools/fuzz
fuzzers: $(FUZZERS)
bench:  ## measure against peers, in ratios
	@tools/bench
check:  ## lint, no servers
	@tools/check
format:  ## clang-format decides
	@git ls-files '*.c' '*.h' | xargs clang-format -i
tidy:  ## clang-tidy and cppcheck
	@tools/tidy
cover:  ## line coverage of the unit tests
	@tools/cover
install: build  ## into DESTDIR and PREFIX
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' deploy/install
uninstall:  ## take out again what install put there
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' deploy/install --remove
dist:  ## a tarball of what is committed
	@mkdir -p build && git archive --prefix=mashang-$(VERSION)/ -o build/mashang-$(VERSION).tar.gz HEAD && echo build/mashang-$(VERSION).tar.gz
clean:  ## remove build/
	@rm -rf build

$(B)/llhttp/%.o: /usr/share/llhttp/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c17 -DLLHTTP_STRICT_MODE=1 -I/usr/share/include/llhttp $(HARDEN) $(SANFLAGS) $(CFLAGS) -w -c $< -o $@
$(B)/gateway/http/%.o: ALL_C += -DLLHTTP_STRICT_MODE=1 -I/usr/share/include/llhttp
$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_C) $(EXTRA) -MMD -MP -c $< -o $@
$(B)/qr/paper.o $(B)/qr/png.o: EXTRA := $(shell pkg-config --cflags $(PAPER) 2>/dev/null)
# The library's text is compiled in, so that the program is one file.
LUA      := store deliveries reports limits queue look tokens stats feed retention rewrap places
$(B)/gateway/store/store_lua.o: $(patsubst %,gateway/store/%.lua,$(LUA))
	@mkdir -p $(@D) && cat $^ > $(B)/gateway/store/store.lua
	$(Q)cd $(B) && ld -r -b binary -z noexecstack -o gateway/store/store_lua.o gateway/store/store.lua

# So is the document of the API.
$(B)/gateway/web/openapi_json.o: gateway/web/openapi.json
	@mkdir -p $(@D)
	$(Q)ld -r -b binary -z noexecstack -o $@ $<

embedded  = $(if $(filter store,$(1)),$(B)/gateway/store/store_lua.o) $(if $(filter web,$(1)),$(B)/gateway/web/openapi_json.o)
define room_lib
$(B)/lib$(1).a: $(call objects,$(1)) $(call embedded,$(1))
	@mkdir -p $$(@D) && rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach r,$(ROOMS),$(eval $(call room_lib,$(r))))
$(B)/libqr.a: $(QR_LIB)
	@rm -f $@ && ar rcs $@ $^
$(B)/libqr_own.a: $(QR_OWN)
	@rm -f $@ && ar rcs $@ $^
$(B)/libllhttp.a: $(llhttp)
	@rm -f $@ && ar rcs $@ $^

$(B)/mashang: $(B)/gateway/main.o $(call libs,$(ROOMS) qr) $(B)/libllhttp.a
	$(Q)$(CC) $(LINK) $< $(all_libs) $(LDLIBS) -o $@
$(B)/mashang-qr: $(B)/qr/main.o $(B)/qr/paper.o $(B)/qr/png.o $(call libs,base crypto domain qr qr_own)
	$(Q)$(CC) $(LINK) $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LDLIBS) $(shell pkg-config --libs $(PAPER) 2>/dev/null) -o $@

# tests/unit/ROOM_NAME_test.c is linked with its room and those below, so that one broken room stops no other's tests.
below     = $(if $(filter qr,$(1)),base crypto domain,$(if $(filter web cli supervise,$(1)),$(ROOMS) qr,$(if $(filter http,$(1)),base net,$(if $(filter net,$(1)),base,$(shell echo "$(ROOMS)" | sed 's/ *\<$(1)\>.*//')))))
room_of   = $(firstword $(subst _, ,$(notdir $(1))))
.SECONDEXPANSION:
$(B)/unit/%: $(B)/tests/unit/%.o $$(call libs,$$(call below,$$(call room_of,$$*)) $$(call room_of,$$*) $$(if $$(filter qr,$$(call room_of,$$*)),qr_own)) $$(if $$(filter http web cli supervise,$$(call room_of,$$*)),$(B)/libllhttp.a)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LINK) $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LDLIBS) -lcmocka -o $@
# Built by tools/fuzz with clang's -fsanitize=fuzzer-no-link; the fuzzer itself comes in here.
$(B)/fuzz/%: $(B)/tests/fuzz/fuzz_%.o $(call libs,base domain net http) $(B)/libllhttp.a $(B)/gateway/web/api_bodies.o
	@mkdir -p $(@D)
	$(Q)$(CC) $(LINK) -fsanitize=fuzzer $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LDLIBS) -o $@
# tests/standins/NAME.c is a program, tests/standins/NAME/ holds its further files.
$(B)/standins/%: $(B)/tests/standins/%.o $$(addprefix $(B)/,$$(addsuffix .o,$$(basename $$(wildcard tests/standins/$$*/*.c)))) $(call libs,base crypto net http) $(B)/libllhttp.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(LINK) $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LDLIBS) -o $@

# A store full of reports for tools/bench: it has a clock of its own, and sums up statistics by itself.
comma    := ,
$(B)/bench/seed: $(B)/tests/bench/seed.o $(B)/tests/bench/seed/sums.o $(call libs,$(call below,flow) flow)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LINK) $(addprefix -Wl$(comma)--wrap=,clock_wall_ms reports_accept reports_change) $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LDLIBS) -o $@

-include $(shell find build -name '*.d' 2>/dev/null)
