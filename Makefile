# lsv: the linear algebra of a NumPy/PyTorch notebook in one small binary.
# `make help` lists the goals. Everything built lies under build/, but for ./lsv itself.

PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   ?= build
CC      ?= cc
AR      ?= ar
OPT     ?= -O2
VERSION := 0.1.0

# ---- what is on this machine ----
# pkg-config where it knows the package, else a trial link.
try = $(shell printf '%s\nint main(void){return 0;}\n' '$(1)' | $(CC) -x c - -o /dev/null $(2) >/dev/null 2>&1 && echo yes)

BLAS_LIBS    ?= -llapacke -lopenblas
GMP_LIBS     ?= -lgmp
FILE_LIBS    ?= -ljson-c
# The program takes OpenBLAS from its archive where there is one: relocating the shared library is most of a start.
STATIC_TRIAL := -Wl,-Bstatic -llapacke -lopenblas -Wl,-Bdynamic -l:libgfortran.so.5
STATIC_BLAS  ?= $(if $(call try,,$(STATIC_TRIAL) -lm -pthread),$(STATIC_TRIAL))
HAVE_BLAS    := $(call try,#include <cblas.h>,-lopenblas)
HAVE_LAPACKE := $(call try,#include <lapacke.h>,-llapacke)
HAVE_GMP     := $(call try,#include <gmp.h>,-lgmp)
HAVE_JSON    := $(call try,#include <json-c/json.h>,-ljson-c)
HAVE_ZIP     := $(call try,#include <zip.h>,-lzip)
HAVE_PCRE    := $(call try,#define PCRE2_CODE_UNIT_WIDTH 8\n#include <pcre2.h>,-lpcre2-8)
# Cairo and chafa are opened when a picture is made; only their headers are needed here.
package = $(shell pkg-config --exists $(1) 2>/dev/null && echo yes)
headers_of = $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(1)))
CAIRO        ?= $(call package,cairo cairo-svg cairo-pdf)
CHAFA        ?= $(call package,chafa)
READLINE     ?= $(call try,#include <stdio.h>\n#include <readline/readline.h>,-lreadline)

WARN   := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wvla
CPPFLAGS += -D_GNU_SOURCE -DLSV_VERSION='"$(VERSION)"' -Ilib -Isrc
CFLAGS   ?= -g
CFLAGS   += -std=c17 $(OPT) -fPIC -pthread -fno-math-errno -ffp-contract=off $(WARN)
LDLIBS   += $(BLAS_LIBS) $(GMP_LIBS) $(FILE_LIBS) -lm -ldl -pthread
PROGRAM_LIBS := $(or $(STATIC_BLAS),$(BLAS_LIBS)) $(GMP_LIBS) $(FILE_LIBS) -lm -ldl -pthread
ifeq ($(READLINE),yes)
REPL_CPP := -DLSV_READLINE
REPL_LIBS := -lreadline
endif

# ---- sources ----
LIB_SRC  := $(sort $(shell find lib -name '*.c'))
LANG_SRC := $(sort $(shell find src/lang -name '*.c'))
REPL_SRC := $(sort $(shell find src/repl -name '*.c'))
obj = $(patsubst %.c,$(BUILD)/%.o,$(1))
LIB_OBJ  := $(call obj,$(LIB_SRC) $(LANG_SRC))
REPL_OBJ := $(call obj,$(REPL_SRC))
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
UNIT_BIN := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_SRC))

PROGRAMS := text/text_driver random/random_driver fault/fault fuzz/mutate fuzz/files doc/reference gpu/contract
PROGRAM_BIN := $(addprefix $(BUILD)/tests/,$(foreach p,$(PROGRAMS),$(if $(wildcard tests/$(p).c),$(notdir $(p)))))

# V=1 shows the commands.
V ?= 0
say = $(if $(filter 0,$(V)),@printf '  %-4s %s\n' $(1) $(2);)

.PHONY: all
all: lsv $(BUILD)/liblsv.a $(BUILD)/liblsv.so $(BUILD)/lsv.pc

lsv: $(REPL_OBJ) $(BUILD)/liblsv.a
	$(call say,LD,$@) $(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(REPL_OBJ) $(BUILD)/liblsv.a $(REPL_LIBS) $(PROGRAM_LIBS)

$(BUILD)/liblsv.a: $(LIB_OBJ)
	@rm -f $@
	$(call say,AR,$@) $(AR) rcs $@ $(LIB_OBJ)

$(BUILD)/liblsv.so: $(LIB_OBJ)
	$(call say,LD,$@) $(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-soname,liblsv.so.0 -o $@ $(LIB_OBJ) $(LDLIBS)

$(BUILD)/lsv.pc: Makefile
	@mkdir -p $(@D)
	@printf '%s\n' 'prefix=$(PREFIX)' 'Name: lsv' 'Description: NumPy and PyTorch linear algebra, and the language over it' \
	  'Version: $(VERSION)' 'Cflags: -I$${prefix}/include/lsv' 'Libs: -L$${prefix}/lib -llsv' \
	  'Libs.private: $(LDLIBS)' > $@

$(LIB_OBJ) $(REPL_OBJ): | found
$(BUILD)/src/repl/%.o: CPPFLAGS += $(REPL_CPP)
ifeq ($(CAIRO),yes)
$(BUILD)/lib/plot/%.o: CPPFLAGS += -DLSV_CAIRO $(call headers_of,cairo)
endif
ifeq ($(CHAFA),yes)
$(BUILD)/src/repl/picture.o: CPPFLAGS += -DLSV_CHAFA $(call headers_of,chafa)
endif
$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<) $(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Test programs, each one file.
$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/liblsv.a
	@mkdir -p $(@D)
	$(call say,CC,$<) $(CC) $(CPPFLAGS) -Itests/unit $(CFLAGS) -MMD -MP -o $@ $< $(BUILD)/liblsv.a $(LDLIBS)
define program
$(BUILD)/tests/$(notdir $(1)): tests/$(1).c $(BUILD)/liblsv.a
	@mkdir -p $$(@D)
	$$(call say,CC,$$<) $$(CC) $$(CPPFLAGS) -Itests/unit $$(CFLAGS) -MMD -MP -o $$@ $$< $$(BUILD)/liblsv.a $$(LDLIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

# The CUDA that tests run on (tests/cushim), answering as versions 12 and 13; against CUDA's own headers where there are some.
CUDA_HEADERS := $(dir $(firstword $(wildcard $(CUDA_HOME)/include/cusolverDn.h /usr/local/cuda/include/cusolverDn.h)))
SHIM_SRC := $(addprefix tests/cushim/,runtime.c blas.c solver.c kernels.c)
SHIM_FLAGS := -std=c17 -g -O2 -fPIC -shared -fvisibility=hidden -Wall -Wextra -D_GNU_SOURCE -Ilib -Itests/cushim \
  $(if $(CUDA_HEADERS),-DLSV_CU_REAL -Wno-enum-compare -isystem $(CUDA_HEADERS),-Wpedantic)
SHIM := $(addprefix $(BUILD)/,$(addsuffix /libcushim.so,cushim12 cushim13 cushim_less))
.PHONY: cushim ptx
cushim: $(SHIM)
$(BUILD)/cushim12/libcushim.so: SHIM_IS := 12 11 12080
$(BUILD)/cushim13/libcushim.so: SHIM_IS := 13 12 13000
$(BUILD)/cushim_less/libcushim.so: SHIM_IS := 13 12 13000 local: cublasDgeam_64;
$(SHIM): $(SHIM_SRC) tests/cushim/cushim.h tests/cushim/versions.map $(wildcard lib/backend/cuda/*.h lib/backend/cuda/*.def lib/backend/cuda/*.inc)
	@mkdir -p $(@D)
	@sed 's/@RT@/$(word 1,$(SHIM_IS))/; s/@SO@/$(word 2,$(SHIM_IS))/; s/@LESS@/$(wordlist 4,5,$(SHIM_IS))/' tests/cushim/versions.map > $(@D)/versions.map
	$(call say,CC,$@) $(CC) $(SHIM_FLAGS) -DCUSHIM_VERSION=$(word 3,$(SHIM_IS)) -Wl,--version-script=$(@D)/versions.map \
	  -Wl,-soname,libcushim.so -o $@ $(SHIM_SRC) $(BLAS_LIBS) -lm -pthread
	@for l in libcudart.so.$(word 1,$(SHIM_IS)) libcublas.so.$(word 1,$(SHIM_IS)) libcusolver.so.$(word 2,$(SHIM_IS)) libcuda.so.1; do \
	  ln -sf libcushim.so $(@D)/$$l; done

# Our declarations of CUDA beside its own headers, where there are some: every constant and every type.
CU_CHECK := $(if $(CUDA_HEADERS),$(BUILD)/cu_min_check.o)
$(BUILD)/cu_min_check.o: tests/cushim/cu_min_check.c lib/backend/cuda/cu_min.h lib/backend/cuda/api.def
	@mkdir -p $(@D)
	$(call say,CC,$<) $(CC) -std=gnu17 -Wall -Wextra -Werror -Ilib -isystem $(CUDA_HEADERS) -c -o $@ $<

# The device's own kernels, again, after a change to kernels.cu or kernels.inc; needs nvcc.
NVCC ?= $(firstword $(wildcard $(CUDA_HOME)/bin/nvcc /usr/local/cuda/bin/nvcc) nvcc)
ptx:
	@mkdir -p $(BUILD)
	$(NVCC) -ptx -arch=compute_75 -std=c++17 -diag-suppress 550 -o $(BUILD)/kernels.ptx lib/backend/cuda/kernels.cu
	python3 lib/backend/cuda/kernels_ptx.py $(BUILD)/kernels.ptx $(BUILD)/kernels_small.ptx > $(BUILD)/kernels_ptx.h
	$(dir $(NVCC))ptxas -arch=sm_75 -o /dev/null $(BUILD)/kernels_small.ptx
	mv $(BUILD)/kernels_ptx.h lib/backend/cuda/kernels_ptx.h

# Says once per build what was found, and stops early where something needed is missing.
.PHONY: found
found:
ifneq ($(HAVE_BLAS)$(HAVE_LAPACKE)$(HAVE_GMP)$(HAVE_JSON)$(HAVE_ZIP)$(HAVE_PCRE),yesyesyesyesyesyes)
	@echo "lsv needs OpenBLAS, LAPACKE, GMP, json-c, libzip and PCRE2: apt-get install libopenblas-dev liblapacke-dev libgmp-dev libjson-c-dev libzip-dev libpcre2-dev" >&2; exit 1
else ifneq ($(MAKELEVEL)-$(FOUND_QUIET),0-)
else
	@echo "found: OpenBLAS, LAPACKE, GMP, json-c, libzip, PCRE2, $(if $(STATIC_BLAS),OpenBLAS as an archive,OpenBLAS shared only), $(if $(filter yes,$(READLINE)),readline,no readline (the plain line reader serves)), $(if $(filter yes,$(CAIRO)),Cairo,no Cairo (plots as text only)), $(if $(filter yes,$(CHAFA)),chafa,no chafa (no graphics in terminals))"
endif

# ---- running and testing ----

.PHONY: demo check asan bench reference
demo: lsv
	@for e in examples/00[0-4]*.lsv; do echo "== $$e"; ./lsv $$e || exit 1; done

check: all $(UNIT_BIN) $(PROGRAM_BIN) $(SHIM) $(CU_CHECK)
	@python3 tests/run.py --build $(BUILD) --lsv ./lsv $(if $(CONFORMANCE),--conformance $(CONFORMANCE))

# The same tests in a build of its own, under the address and undefined-behaviour sanitizers.
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
asan:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/asan OPT='-O1 $(SANITIZE)' LSV=$(BUILD)/asan/lsv check-asan

.PHONY: check-asan
check-asan: $(UNIT_BIN) $(PROGRAM_BIN) $(SHIM) $(CU_CHECK) $(BUILD)/lsv
	@ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 LSAN_OPTIONS=suppressions=$(CURDIR)/tests/lsan.supp:print_suppressions=0 UBSAN_OPTIONS=print_stacktrace=1 \
	  python3 tests/run.py --sanitized --build $(BUILD) --lsv $(BUILD)/lsv $(if $(CONFORMANCE),--conformance $(CONFORMANCE))
$(BUILD)/lsv: $(REPL_OBJ) $(BUILD)/liblsv.a
	$(call say,LD,$@) $(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(REPL_OBJ) $(BUILD)/liblsv.a $(REPL_LIBS) $(PROGRAM_LIBS)

# A program to be carried to a machine that lacks the libraries: OpenBLAS and the rest linked in, CUDA still loaded when
# asked for; beside it what tests/gpu/run.sh takes along (LSV=build/static/lsv sh tests/gpu/run.sh).
STATIC_ALL := -Wl,-Bstatic -llapacke -lopenblas -l:libgfortran.a -l:libquadmath.a -lgmp -ljson-c -Wl,-Bdynamic -static-libgcc -lm -ldl -pthread
.PHONY: static
static:
	@$(MAKE) --no-print-directory FOUND_QUIET=1 BUILD=$(BUILD)/static READLINE=no PROGRAM_LIBS='$(STATIC_ALL)' LDLIBS='$(STATIC_ALL)' \
	  $(BUILD)/static/lsv $(BUILD)/static/tests/contract $(BUILD)/static/unit/test_cuda
	@cp $(BUILD)/static/tests/contract $(BUILD)/static/unit/test_cuda $(BUILD)/static/
	@! readelf -d $(BUILD)/static/lsv | grep -E 'NEEDED.*lib(openblas|lapacke|gfortran|gmp|json-c)' || { echo "static: not all of it is linked in" >&2; exit 1; }

# BENCH_PYTHON: a Python with the peers installed (NumPy, SciPy, PyTorch); each is compared with what it finds.
bench: lsv
	@python3 tests/bench/bench.py --lsv ./lsv
	@python3 tests/bench/lowrank.py --lsv ./lsv
	@$${BENCH_PYTHON:-python3} tests/bench/svdgrad.py --lsv ./lsv

# The manual pages of `lsv lora`, from the table of options that it parses with.
.PHONY: man
man: lsv
	@for c in "" extract resize merge apply info verify diff convert; do ./lsv lora $$c --man > doc/lsv-lora$${c:+-}$$c.1 || exit 1; done

reference: $(BUILD)/tests/reference
	$(BUILD)/tests/reference > doc/reference.md

# ---- installing ----

HEADERS := $(sort $(shell find lib -name '*.h'))
.PHONY: install uninstall clean help
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig
	install -m 755 lsv $(DESTDIR)$(PREFIX)/bin/lsv
	install -m 644 $(BUILD)/liblsv.a $(DESTDIR)$(PREFIX)/lib/liblsv.a
	install -m 755 $(BUILD)/liblsv.so $(DESTDIR)$(PREFIX)/lib/liblsv.so.0
	ln -sf liblsv.so.0 $(DESTDIR)$(PREFIX)/lib/liblsv.so
	install -m 644 $(BUILD)/lsv.pc $(DESTDIR)$(PREFIX)/lib/pkgconfig/lsv.pc
	install -d $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 doc/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	@for h in $(HEADERS:lib/%=%); do install -D -m 644 lib/$$h $(DESTDIR)$(PREFIX)/include/lsv/$$h; done

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/lsv $(patsubst doc/%,$(DESTDIR)$(PREFIX)/share/man/man1/%,$(wildcard doc/*.1)) $(DESTDIR)$(PREFIX)/lib/liblsv.a $(DESTDIR)$(PREFIX)/lib/liblsv.so $(DESTDIR)$(PREFIX)/lib/liblsv.so.0 $(DESTDIR)$(PREFIX)/lib/pkgconfig/lsv.pc
	rm -rf $(DESTDIR)$(PREFIX)/include/lsv

clean:
	rm -rf $(BUILD) lsv

help:
	@echo "make            the program lsv, build/liblsv.a, build/liblsv.so"
	@echo "make demo       the notebooks' work, from examples/"
	@echo "make check      all tests; CONFORMANCE=DIR adds another corpus"
	@echo "make asan       the same under the address and undefined-behaviour sanitizers"
	@echo "make bench      timings beside python3 with NumPy, and Octave, where installed"
	@echo "make reference  doc/reference.md, from the builtins' own records"
	@echo "make man        the manual pages of lsv lora, from its table of options"
	@echo "make static     build/static/lsv, with OpenBLAS and the rest linked in, to be carried elsewhere"
	@echo "make ptx        the GPU's own kernels again (needs nvcc); make cushim: the CUDA that tests run on"
	@echo "make install    to PREFIX=$(PREFIX) (DESTDIR is honoured); make uninstall"
	@echo "CAIRO=no        build without Cairo (pictures to files);  CHAFA=no  without chafa (graphics in terminals)"
	@echo "READLINE=no     build without readline;  OPT='-O3 -march=native' other flags"

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
