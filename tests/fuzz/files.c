/* Mutated files: .npy, .npz, .safetensors, index files and adapters with their configurations, made here in many variants, then cut, flipped,
   spliced and lied in. None may crash a reader, hang it, or make it take more than twice the file's size and
   64 MB; every refusal names the file and gives a reason.

       files [--quick] [--count N] [--seed N] [FILE …]      (files given are mutated as well)

   Prints the seed of the file that was being read when the process died, on standard error. */
#include "base/alloc.h"
#include "file/file.h"
#include "lora/adapter/inside.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

enum { MAX_FILES = 400, MAX_LENGTH = 1 << 16, PATIENCE = 20 };
static const size_t slack = (size_t)64 << 20;

typedef enum format { NPY, NPZ, SAFETENSORS, INDEX, CONFIG, NFORMATS } format;
static const char *const names[NFORMATS] = {"mutant.npy", "mutant.npz", "mutant.safetensors", "mutant.index.json", "mutant/adapter_config.json"};
static lsv_storage *peft; /* the tensors that go with the configurations */

static struct { unsigned char *bytes; size_t length; format format; } corpus[MAX_FILES];
static int ncorpus;
static uint64_t state;
static unsigned long current, failed;
static volatile sig_atomic_t ticks;

static uint32_t draw(uint32_t n) { /* splitmix64 */
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return n ? (uint32_t)((z ^ (z >> 31)) % n) : 0;
}

/* ---- the corpus ---- */

static bool ends_with(const char *s, const char *end) {
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

static void keep(const void *bytes, size_t n, format f) {
    if (ncorpus == MAX_FILES || n == 0) return;
    if (n > MAX_LENGTH) n = MAX_LENGTH;
    corpus[ncorpus].bytes = malloc(n);
    if (!corpus[ncorpus].bytes) exit(2);
    memcpy(corpus[ncorpus].bytes, bytes, n);
    corpus[ncorpus].length = n;
    corpus[ncorpus++].format = f;
}

static void load(const char *path) {
    static unsigned char buffer[MAX_LENGTH];
    FILE *f = fopen(path, "rb");
    if (!f) return;
    size_t n = fread(buffer, 1, sizeof buffer, f);
    fclose(f);
    for (int k = 0; k < NFORMATS; k++)
        if (ends_with(path, names[k] + strlen("mutant"))) keep(buffer, n, (format)k);
}

static lsv_array *make(lsv_dtype t, int ndim, const ptrdiff_t *shape) {
    lsv_array *a;
    if (lsv_empty(LSV_NUMPY, t, ndim, shape, &a, NULL) != LSV_OK) exit(2);
    for (ptrdiff_t i = 0; i < a->size; i++) lsv_store(t, a->data + (size_t)i * lsv_dtype_size(t), lsv_scalar_int(i % 7));
    return a;
}

static void build(const char *folder) {
    static const ptrdiff_t shapes[][3] = {{3, 4, 2}, {0, 5, 1}, {60, 40, 1}, {1, 1, 1}};
    static const char *const metadata[] = {"format", "pt", "note", "a\n\"b\""};
    static const char *const indices[] = {"{\"metadata\":{\"total_size\":12},\"weight_map\":{\"a\":\"m-00001.safetensors\",\"b\":\"m-00002.safetensors\"}}",
                                          "{\n  \"weight_map\": {\n    \"x\\u00e9\": \"m.safetensors\"\n  }\n}\n"};
    char path[600];
    for (int s = 0; s < 4; s++) {
        lsv_arrays all = {0};
        for (int t = 0; t < LSV_NDTYPES; t++) {
            lsv_array *a = make((lsv_dtype)t, t % 4, shapes[s]), *turned;
            snprintf(path, sizeof path, "%s/%d.npy", folder, t);
            if (lsv_transpose(a, NULL, &turned, NULL) != LSV_OK || lsv_npy_save(path, t % 2 ? turned : a, NULL) != LSV_OK) exit(2);
            load(path);
            unlink(path);
            lsv_release(turned);
            snprintf(path, sizeof path, "layer.%d.weight", t);
            if (lsv_arrays_add(&all, path, a, NULL) != LSV_OK) exit(2);
        }
        for (int k = 0; k < 3; k++) {
            snprintf(path, sizeof path, "%s/x%s", folder, k < 2 ? ".npz" : ".safetensors");
            if ((k < 2 ? lsv_npz_save(path, &all, k == 1, NULL) : lsv_safetensors_save(path, &all, s % 3, metadata, NULL)) != LSV_OK) exit(2);
            load(path);
            unlink(path);
        }
        lsv_arrays_free(&all);
    }
    for (size_t i = 0; i < sizeof indices / sizeof *indices; i++) keep(indices[i], strlen(indices[i]), INDEX);
}

/* A small adapter in each format, and configurations for PEFT's. */
static void build_adapters(const char *folder) {
    static const char *const configs[] = {
        "{\n  \"alpha_pattern\": {\"q\": 3, \"layers\\\\.\\\\d+\\\\.(k|v)\": 7.5},\n  \"rank_pattern\": {\".*1.*\": 2},\n  \"r\": 2, \"lora_alpha\": 16, \"use_rslora\": true, \"fan_in_fan_out\": false,\n"
        "  \"peft_type\": \"LORA\", \"target_modules\": [\"q\", \"k\"], \"bias\": \"none\", \"init_lora_weights\": true, \"loftq_config\": {}, \"task_type\": null\n}",
        "{\"r\": 8, \"lora_alpha\": 1e1, \"use_dora\": false, \"target_parameters\": null, \"modules_to_save\": [\"score\"], \"rank_pattern\": {\"(?:a|b)*c\": 4, \"^layers.0.q\": 1}}"};
    char path[600];
    lsv_adapter *a;
    if (lsv_adapter_new(&a, NULL) != LSV_OK) exit(2);
    for (int i = 0; i < 3; i++) {
        ptrdiff_t B[2] = {4, 2}, A[2] = {2, i == 2 ? 12 : 3};
        lsv_adapter_module m = {.name = i == 0 ? "layers.0.q" : i == 1 ? "layers.1.k" : "conv", .alpha = 3};
        if (i == 2) m.kind = LSV_MODULE_CONV, m.nkernel = 2, m.kernel[0] = m.kernel[1] = 2;
        if (lsv_adapter_add(a, &m, make(LSV_FLOAT32, 2, B), make(LSV_FLOAT16, 2, A), NULL) != LSV_OK) exit(2);
    }
    for (int f = 0; f < 3; f++) {
        snprintf(path, sizeof path, f ? "%s/x.safetensors" : "%s/peft", folder);
        if (lsv_adapter_write(a, path, &LSV_ADAPTER_WRITING((lsv_adapter_format)f), NULL) != LSV_OK) exit(2);
        if (f == 0) snprintf(path, sizeof path, "%s/peft/adapter_config.json", folder), load(path), unlink(path);
        if (f == 0) snprintf(path, sizeof path, "%s/peft/adapter_model.safetensors", folder);
        load(path);
        if (f == 0) { /* kept in memory: the file goes */
            lsv_storage *mapped;
            if (lsv_bytes_open(path, &mapped, NULL) != LSV_OK || lsv_bytes_copy(mapped->data, mapped->bytes, &peft, NULL) != LSV_OK) exit(2);
            lsv_bytes_release(mapped);
        }
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/peft", folder);
    rmdir(path);
    lsv_adapter_free(a);
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) keep(configs[i], strlen(configs[i]), CONFIG);
}

/* ---- mutations ---- */

static size_t insert(unsigned char *at, size_t n, size_t where, const void *what, size_t m) {
    if (n + m > MAX_LENGTH) return n;
    memmove(at + where + m, at + where, n - where);
    memcpy(at + where, what, m);
    return n + m;
}

/* A little-endian number of 1 to 8 bytes that likes to be extreme. */
static void lie(unsigned char *at, size_t n, size_t where) {
    static const uint64_t extremes[] = {0, 1, 7, 8, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 100000000, INT64_MAX, UINT64_MAX, (uint64_t)1 << 32, (uint64_t)1 << 62};
    uint64_t x = extremes[draw(sizeof extremes / sizeof *extremes)];
    size_t m = (size_t)1 << draw(4);
    for (size_t i = 0; i < m && where + i < n; i++) at[where + i] = (unsigned char)(x >> 8 * i);
}

static size_t mutate(unsigned char *at, size_t n, format f) {
    static const char *const tokens[] = {"{", "}", "[", "]", "(", ")", ",", ":", "'", "\"", "\\", "\\u0000", "\\ud800", "0", "-1", "1e3", "9223372036854775807", "99999999999999999999", "4611686018427387904", "\xFF",
                                         "\xC3", "null", "true", "NaN", "F64", "F4", "U64", "BOOL", "|O", "<f8", ">i8", "|u1", "<V2", "True", "/../", "__metadata__", "{\"a\":", "/*", " ", "dtype", "shape", "[[[[[[[[", "lora_A", ".alpha", "lora_", ".*", "(a+)+$", "\\\\d", "(?", "true,", "rank_pattern"};
    size_t where = n ? draw((uint32_t)n) : 0;
    if (f != NPZ && draw(2) && n > 200) where = draw(200); /* most of what matters stands in front */
    if (f == NPZ && draw(2) && n > 400) where = n - 1 - draw(400); /* and there at the end */
    switch (draw(9)) {
    case 0: return where; /* cut */
    case 1:
        if (n) at[where] = (unsigned char)draw(256);
        return n;
    case 2:
        if (n) at[where] ^= (unsigned char)(1u << draw(8));
        return n;
    case 3: {
        const char *t = tokens[draw(sizeof tokens / sizeof *tokens)];
        return insert(at, n, where, t, strlen(t));
    }
    case 4: { /* a token over what is there: lengths stay */
        const char *t = tokens[draw(sizeof tokens / sizeof *tokens)];
        for (size_t i = 0; t[i] && where + i < n; i++) at[where + i] = (unsigned char)t[i];
        return n;
    }
    case 5:
        lie(at, n, draw(4) ? where : 0);
        return n;
    case 6: { /* a piece taken out */
        size_t m = draw(24);
        if (where + m > n) m = n - where;
        memmove(at + where, at + where + m, n - where - m);
        return n - m;
    }
    case 7: /* a digit changed */
        for (size_t i = where; i < n; i++)
            if (at[i] >= '0' && at[i] <= '9') {
                at[i] = (unsigned char)('0' + draw(10));
                break;
            }
        return n;
    default: { /* a piece of another file, or of this one, put in */
        int k = (int)draw((uint32_t)ncorpus);
        size_t from = draw((uint32_t)corpus[k].length), m = draw(64);
        if (from + m > corpus[k].length) m = corpus[k].length - from;
        return insert(at, n, where, corpus[k].bytes + from, m);
    }
    }
}

/* ---- reading ---- */

/* What came out is read to its last byte. */
static void look(const lsv_array *a) {
    volatile double sum = 0;
    ptrdiff_t index[LSV_MAXDIM] = {0};
    if (a->size == 0) return;
    lsv_array *flat;
    if (lsv_contiguous((lsv_array *)a, &flat, NULL) != LSV_OK) return;
    const unsigned char *bytes = lsv_data(flat);
    for (size_t i = 0; i < (size_t)flat->size * lsv_dtype_size((lsv_dtype)flat->dtype); i++) sum = sum + bytes[i];
    sum = sum + lsv_scalar_as_double(lsv_item(flat, index));
    lsv_release(flat);
}

static void look_all(const lsv_arrays *all) {
    for (ptrdiff_t i = 0; i < all->n; i++) look(all->items[i].array);
}

/* Every factor, every tensor. */
static lsv_status read_adapter(const char *config_name, const lsv_storage *config, const char *name, lsv_storage *bytes, lsv_error *err) {
    static const char *const base[] = {"layers.0.q", "layers.1.k", "conv", "unet.a.b", "unet.a_b"};
    lsv_adapter_reading o = {.base = {draw(2) ? 5 : 0, base}, .any = draw(4) == 0};
    lsv_adapter *a;
    LSV_TRY(lsv_adapter_parse(config_name, config, name, bytes, &o, &a, err));
    for (ptrdiff_t i = 0; i < lsv_adapter_count(a) && !o.any; i++) {
        lsv_array *B, *A;
        if (lsv_adapter_factors(a, i, LSV_TORCH, &B, &A, NULL) != LSV_OK) continue;
        look(B);
        look(A);
        lsv_release(B);
        lsv_release(A);
    }
    for (ptrdiff_t i = 0; i < lsv_adapter_tensors(a); i++) {
        lsv_array *x;
        if (lsv_adapter_tensor_get(a, i, LSV_TORCH, &x, NULL) != LSV_OK) continue;
        look(x);
        lsv_release(x);
    }
    lsv_adapter_free(a);
    return LSV_OK;
}

static lsv_status read_safetensors(const char *name, lsv_storage *bytes, lsv_error *err) {
    static const char settings[] = "{\"r\": 2, \"lora_alpha\": 3}";
    lsv_safetensors *s;
    LSV_TRY(lsv_safetensors_parse(name, bytes, &s, err));
    if (draw(2)) { /* a checkpoint; else an adapter of one file, or one of PEFT's */
        lsv_safetensors_close(s);
        if (draw(2)) return read_adapter(NULL, NULL, name, bytes, err);
        lsv_storage *config;
        if (lsv_bytes_copy(settings, sizeof settings - 1, &config, NULL) != LSV_OK) exit(2);
        lsv_status status = read_adapter(name, config, name, bytes, err);
        lsv_bytes_release(config);
        return status;
    }
    for (ptrdiff_t i = 0; i < lsv_safetensors_count(s); i++) {
        lsv_array *a;
        if (lsv_safetensors_get(s, i, LSV_TORCH, &a, NULL) != LSV_OK) continue;
        look(a);
        lsv_release(a);
    }
    lsv_safetensors_close(s);
    return LSV_OK;
}

static lsv_status read_mutant(format f, lsv_storage *bytes, lsv_error *err) {
    lsv_array *a;
    lsv_arrays all = {0};
    lsv_shard_map map = {0};
    lsv_status status;
    switch (f) {
    case NPY:
        status = lsv_npy_parse(names[f], bytes, LSV_NUMPY, (lsv_npy_mode)draw(3), &a, err);
        if (status == LSV_OK) {
            look(a);
            lsv_release(a);
        }
        return status;
    case NPZ:
        status = lsv_npz_parse(names[f], bytes, LSV_NUMPY, &all, err);
        look_all(&all);
        lsv_arrays_free(&all);
        return status;
    case SAFETENSORS: return read_safetensors(names[f], bytes, err);
    case CONFIG: return read_adapter(names[f], bytes, names[f], peft, err);
    default:
        status = lsv_shard_map_parse(names[f], bytes->data, bytes->bytes, &map, err);
        lsv_shard_map_free(&map);
        return status;
    }
}

static void complain(const char *what, const char *more) {
    if (failed++ < 20) printf("seed %lu: %s %s\n", current, what, more);
}

/* The address space bounds what a reader can take where no sanitizer does. */
static void run(format f, const unsigned char *at, size_t n) {
    lsv_storage *bytes;
    lsv_error err = {.status = LSV_OK};
    ticks = 0;
    if (lsv_bytes_copy(at, n, &bytes, NULL) != LSV_OK) exit(2);
    long live = lsv_alloc_live();
    lsv_status status = read_mutant(f, bytes, &err);
    if (lsv_alloc_live() != live) complain("leaks:", err.message);
    if (status == LSV_ENOMEM) complain("takes too much:", err.message);
    else if (status != LSV_OK && !strstr(err.message, names[f])) complain("does not name the file:", err.message);
    else if (status != LSV_OK && strlen(err.message) < strlen(names[f]) + 8) complain("gives no reason:", err.message);
    lsv_bytes_release(bytes);
}

/* Under the address sanitizer this sees every allocation, libraries' own as well. */
#ifdef __SANITIZE_ADDRESS__
void __sanitizer_malloc_hook(const volatile void *at, size_t n);
void __sanitizer_free_hook(const volatile void *at);
void __sanitizer_malloc_hook(const volatile void *at, size_t n) {
    static const char message[] = "an allocation beyond the bound\n";
    (void)at;
    if (n <= slack + 2 * MAX_LENGTH) return;
    (void)!write(STDERR_FILENO, message, sizeof message - 1);
    abort();
}
void __sanitizer_free_hook(const volatile void *at) { (void)at; }
#endif

static void on_tick(int number) {
    static const char message[] = "a reader does not come to its end\n";
    (void)number;
    if (++ticks < 4 * PATIENCE) return;
    (void)!write(STDERR_FILENO, message, sizeof message - 1);
    abort();
}

static void on_death(int number) {
    char text[80];
    int n = snprintf(text, sizeof text, "died of signal %d at --seed %lu --count 1\n", number, current);
    (void)!write(STDERR_FILENO, text, (size_t)n);
    signal(number, SIG_DFL);
    raise(number);
}

int main(int argc, char **argv) {
    unsigned long count = 200000, seed = 1;
    char folder[] = "/tmp/lsv-files-XXXXXX";
    if (!mkdtemp(folder)) return 2;
    build(folder);
    build_adapters(folder);
    rmdir(folder);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0) count = 20000;
        else if (strcmp(argv[i], "--count") == 0 && i + 1 < argc) count = strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) seed = strtoul(argv[++i], NULL, 10);
        else load(argv[i]);
    }
#ifndef __SANITIZE_ADDRESS__
    struct rlimit memory = {(rlim_t)400 << 20, (rlim_t)400 << 20};
    setrlimit(RLIMIT_AS, &memory);
    (void)slack;
#endif
    signal(SIGALRM, on_tick);
    int deaths[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof deaths / sizeof *deaths; i++) signal(deaths[i], on_death);
    struct itimerval quarter = {{0, 250000}, {0, 250000}};
    setitimer(ITIMER_REAL, &quarter, NULL);
    static unsigned char mutant[MAX_LENGTH + 64];
    for (unsigned long i = 0; i < count; i++) {
        current = seed + i;
        state = current * 0x2545F4914F6CDD1Du;
        int k = (int)draw((uint32_t)ncorpus);
        size_t n = corpus[k].length;
        memcpy(mutant, corpus[k].bytes, n);
        for (uint32_t m = draw(5); m > 0; m--) n = mutate(mutant, n, corpus[k].format);
        run(draw(64) ? corpus[k].format : (format)draw(NFORMATS), mutant, n);
    }
    for (int k = 0; k < ncorpus; k++) free(corpus[k].bytes);
    lsv_bytes_release(peft);
    printf("%lu passed, %lu failed\n", count - failed, failed);
    return failed != 0;
}
