/* Files: what is written is read back, bit for bit, in every type and layout; what is malformed is
   refused with the file's name and a reason; a write that fails leaves the old file. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arrays.h"
#include "file/file.h"

static char folder[] = "/tmp/lsv-test-file-XXXXXX";
static lsv_error oops;

static const char *in_folder(const char *name) {
    static char paths[4][400];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static bool same(const lsv_array *a, const lsv_array *b) {
    lsv_array *x, *y;
    if (a->dtype != b->dtype || a->ndim != b->ndim || memcmp(a->shape, b->shape, (size_t)a->ndim * sizeof *a->shape) != 0) return false;
    if (lsv_contiguous((lsv_array *)a, &x, NULL) != LSV_OK || lsv_contiguous((lsv_array *)b, &y, NULL) != LSV_OK) exit(99);
    bool equal = memcmp(lsv_data(x), lsv_data(y), (size_t)x->size * lsv_dtype_size((lsv_dtype)x->dtype)) == 0;
    lsv_release(x);
    lsv_release(y);
    return equal;
}

/* Every type; C order, Fortran order, neither; no, one and several axes; empty. */
static void collect(lsv_arrays *all) {
    for (int t = 0; t < LSV_NDTYPES; t++) {
        lsv_array *parts[5];
        parts[0] = IOTA(LSV_NUMPY, (lsv_dtype)t, 3, 4);
        CHECK(lsv_transpose(parts[0], NULL, &parts[1], NULL) == LSV_OK);
        CHECK(lsv_flip(parts[0], 1, (int[]){0}, &parts[2], NULL) == LSV_OK);
        parts[3] = IOTA(LSV_NUMPY, (lsv_dtype)t, 0, 2);
        CHECK(lsv_from_scalar(LSV_NUMPY, (lsv_scalar){.dtype = (lsv_dtype)t}, &parts[4], NULL) == LSV_OK);
        for (int k = 0; k < 5; k++) {
            char name[32];
            snprintf(name, sizeof name, "x.%d.%d", t, k);
            CHECK(lsv_arrays_add(all, name, parts[k], NULL) == LSV_OK);
        }
    }
}

static void check_all(const lsv_arrays *want, const lsv_arrays *got) {
    CHECK(want->n == got->n);
    for (ptrdiff_t i = 0; i < want->n; i++) {
        const lsv_array *a = lsv_arrays_get(got, want->items[i].name);
        CHECK(a && same(a, want->items[i].array));
    }
}

static void round_trips(void) {
    lsv_arrays all = {0}, got = {0};
    collect(&all);
    for (ptrdiff_t i = 0; i < all.n; i++)
        for (int mode = 0; mode < 3; mode++) {
            lsv_array *a = NULL;
            CHECK(lsv_npy_save(in_folder("a.npy"), all.items[i].array, &oops) == LSV_OK);
            CHECK(lsv_npy_load(in_folder("a.npy"), LSV_NUMPY, (lsv_npy_mode)mode, &a, &oops) == LSV_OK);
            CHECK(a && same(a, all.items[i].array));
            lsv_release(a);
        }
    for (int compress = 0; compress < 2; compress++) {
        CHECK(lsv_npz_save(in_folder("a.npz"), &all, compress, &oops) == LSV_OK);
        CHECK(lsv_npz_load(in_folder("a.npz"), LSV_NUMPY, &got, &oops) == LSV_OK);
        check_all(&all, &got);
        lsv_arrays_free(&got);
    }
    CHECK(lsv_safetensors_save(in_folder("a.safetensors"), &all, 1, (const char *const[]){"format", "pt"}, &oops) == LSV_OK);
    CHECK(lsv_safetensors_load(in_folder("a.safetensors"), LSV_NUMPY, &got, &oops) == LSV_OK);
    check_all(&all, &got);
    lsv_arrays_free(&got);
    lsv_arrays_free(&all);
    CHECK(lsv_npz_save(in_folder("none.npz"), &all, false, &oops) == LSV_OK);
    CHECK(lsv_npz_load(in_folder("none.npz"), LSV_NUMPY, &got, &oops) == LSV_OK && got.n == 0);
}

/* A member that unpacks to far more than the archive. */
static void deflated_zeros(void) {
    lsv_arrays all = {0}, got = {0};
    lsv_array *a;
    CHECK(lsv_zeros(LSV_NUMPY, LSV_FLOAT64, 1, S(10 << 20), &a, NULL) == LSV_OK);
    CHECK(lsv_arrays_add(&all, "zeros", a, NULL) == LSV_OK);
    CHECK(lsv_npz_save(in_folder("z.npz"), &all, true, &oops) == LSV_OK);
    CHECK(lsv_npz_load(in_folder("z.npz"), LSV_NUMPY, &got, &oops) == LSV_OK);
    check_all(&all, &got);
    lsv_arrays_free(&got);
    lsv_arrays_free(&all);
}

static void mapped(void) {
    lsv_array *x = NP(4, 4), *y = NULL, *again = NULL;
    CHECK(lsv_npy_save(in_folder("m.npy"), x, NULL) == LSV_OK);
    CHECK(lsv_npy_load(in_folder("m.npy"), LSV_NUMPY, LSV_NPY_MAP, &y, NULL) == LSV_OK);
    ((double *)lsv_data(y))[0] = 99; /* stays in memory */
    CHECK(lsv_npy_load(in_folder("m.npy"), LSV_NUMPY, LSV_NPY_COPY, &again, NULL) == LSV_OK && same(x, again));
    lsv_release(again);
    lsv_array *z = NP(2);
    CHECK(lsv_npy_save(in_folder("m.npy"), z, NULL) == LSV_OK); /* the mapping keeps the old file */
    CHECK(lsv_item(y, S(3, 3)).f == 15 && lsv_item(y, S(0, 0)).f == 99);
    lsv_release(x);
    lsv_release(y);
    lsv_release(z);
}

/* A plan, then tensors in the file's own order. */
static void streamed(void) {
    const lsv_tensor_plan plan[] = {{"b", LSV_FLOAT16, 1, {3}}, {"a", LSV_FLOAT64, 2, {2, 2}}, {"c", LSV_BOOL, 0, {0}}};
    lsv_safetensors_writer *w = NULL;
    lsv_safetensors *s = NULL;
    CHECK(lsv_safetensors_create(in_folder("s.safetensors"), 3, plan, 0, NULL, &w, &oops) == LSV_OK);
    for (ptrdiff_t i; (i = lsv_safetensors_next(w)) >= 0;) {
        lsv_array *a = iota_n(LSV_TORCH, plan[i].dtype, plan[i].ndim, plan[i].shape);
        CHECK(lsv_safetensors_put(w, a, &oops) == LSV_OK);
        CHECK(lsv_safetensors_next(w) == -1 || lsv_safetensors_put(w, a, &oops) == LSV_EVALUE);
        lsv_release(a);
    }
    CHECK(lsv_safetensors_finish(w, &oops) == LSV_OK);
    CHECK(lsv_safetensors_open(in_folder("s.safetensors"), &s, &oops) == LSV_OK);
    CHECK(lsv_safetensors_count(s) == 3 && lsv_safetensors_find(s, "b") == 1 && lsv_safetensors_find(s, "d") == -1);
    CHECK_TEXT(lsv_safetensors_info(s, 0)->name, "a");
    CHECK_TEXT(lsv_safetensors_info(s, 2)->type, "BOOL");
    lsv_array *a = NULL;
    CHECK(lsv_safetensors_get(s, 0, LSV_TORCH, &a, &oops) == LSV_OK);
    lsv_safetensors_close(s);
    CHECK_TEXT(T(a), "[[0 1] [2 3]]"); /* the array keeps the mapping */
    lsv_release(a);
    CHECK(lsv_safetensors_create(in_folder("s.safetensors"), 3, plan, 0, NULL, &w, &oops) == LSV_OK);
    CHECK(lsv_safetensors_finish(w, &oops) == LSV_EVALUE); /* nothing was put: the old file stays */
    CHECK(lsv_safetensors_open(in_folder("s.safetensors"), &s, &oops) == LSV_OK);
    lsv_safetensors_close(s);
}

static bool write_file(const char *name, const void *bytes, size_t n) {
    lsv_writer *w;
    if (lsv_writer_open(in_folder(name), &w, &oops) != LSV_OK) return false;
    if (lsv_writer_put(w, bytes, n, &oops) == LSV_OK) return lsv_writer_commit(w, &oops) == LSV_OK;
    lsv_writer_abandon(w);
    return false;
}

static void sharded(void) {
    lsv_arrays one = {0}, two = {0}, got = {0};
    CHECK(lsv_arrays_add(&one, "a", NP(2), NULL) == LSV_OK && lsv_arrays_add(&two, "b", NP(3), NULL) == LSV_OK);
    CHECK(lsv_safetensors_save(in_folder("m-1.safetensors"), &one, 0, NULL, NULL) == LSV_OK);
    CHECK(lsv_safetensors_save(in_folder("m-2.safetensors"), &two, 0, NULL, NULL) == LSV_OK);
    static const struct { const char *map, *reason; } cases[] = {
        {"{\"weight_map\":{\"b\":\"m-2.safetensors\",\"a\":\"m-1.safetensors\"}}", NULL},
        {"{\"weight_map\":{\"b\":\"m-2.safetensors\",\"a\":\"m-2.safetensors\"}}", "tensor 'a': not in 'm-2.safetensors'"},
        {"{\"weight_map\":{\"b\":\"m-2.safetensors\",\"c\":\"m-1.safetensors\"}}", "tensor 'c': not in"},
        {"{\"weight_map\":{\"a\":\"m-1.safetensors\",\"b\":\"m-3.safetensors\"}}", "No such file"},
        {"{\"weight_map\":{\"a\":\"m-1.safetensors\",\"b\":\"/m-2.safetensors\"}}", "no plain file name"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK(write_file("m.safetensors.index.json", cases[i].map, strlen(cases[i].map)));
        lsv_status status = lsv_safetensors_load(in_folder("m.safetensors.index.json"), LSV_TORCH, &got, &oops);
        if (!cases[i].reason) CHECK(status == LSV_OK && got.n == 2 && got.items[0].name[0] == 'b');
        else CHECK(status != LSV_OK && strstr(oops.message, cases[i].reason));
        lsv_arrays_free(&got);
    }
    lsv_arrays_free(&one);
    lsv_arrays_free(&two);
}

/* Small types widened; a uint64 that does not fit; 8-bit floats; Fortran order and big-endian by hand. */
static void widened(void) {
    static const char header[] = "{\"e\":{\"dtype\":\"F8_E4M3\",\"shape\":[4],\"data_offsets\":[0,4]},\"f\":{\"dtype\":\"F8_E5M2\",\"shape\":[3],\"data_offsets\":[4,7]},"
                                 "\"i\":{\"dtype\":\"I8\",\"shape\":[2],\"data_offsets\":[7,9]},\"u\":{\"dtype\":\"U64\",\"shape\":[1],\"data_offsets\":[9,17]}}";
    static const unsigned char data[17] = {0x38, 0xC0, 0x7E, 0x01, 0x3C, 0x7C, 0xC0, 0xFF, 0x7F, 0, 0, 0, 0, 0, 0, 0, 0x80};
    char file[sizeof header + 8 + sizeof data];
    uint64_t n = sizeof header - 1;
    memcpy(file, &n, 8);
    memcpy(file + 8, header, n);
    memcpy(file + 8 + n, data, sizeof data);
    lsv_storage *bytes;
    lsv_safetensors *s = NULL;
    CHECK(lsv_bytes_copy(file, 8 + n + sizeof data, &bytes, NULL) == LSV_OK);
    CHECK(lsv_safetensors_parse("w", bytes, &s, &oops) == LSV_OK);
    static const char *const want[] = {"[1 -2 448 0.001953125]", "[1 inf -2]", "[-1 127]"};
    for (int i = 0; i < 3; i++) {
        lsv_array *a = NULL;
        CHECK(lsv_safetensors_get(s, i, LSV_NUMPY, &a, &oops) == LSV_OK);
        CHECK_TEXT(T(a), want[i]);
        lsv_release(a);
    }
    lsv_array *a;
    CHECK(lsv_safetensors_get(s, 3, LSV_NUMPY, &a, &oops) == LSV_EVALUE && strstr(oops.message, "beyond int64"));
    lsv_safetensors_close(s);
    lsv_bytes_release(bytes);
    static const char npy[] = "\x93NUMPY\1\0\x3b\0{'shape': (2, 2), 'fortran_order': True, 'descr': '>i2'}   \0\1\0\2\xff\xff\0\3";
    CHECK(lsv_bytes_copy(npy, 10 + 0x3b + 8, &bytes, NULL) == LSV_OK);
    CHECK(lsv_npy_parse("w", bytes, LSV_NUMPY, LSV_NPY_MAP, &a, &oops) == LSV_OK);
    CHECK_TEXT(T(a), "[[1 -1] [2 3]]");
    lsv_release(a);
    lsv_bytes_release(bytes);
}

static void tables(void) {
    lsv_table_format f = LSV_TABLE_FORMAT;
    static const struct { const char *text, *want; bool lenient; const char *delimiter; } cases[] = {
        {"1 2\n3 4\n", "[[1 2] [3 4]]", false, NULL}, {"# x\n\n1,2 # y\n", "[1 2]", false, ","}, {"5", "5", false, NULL}, {"1,,x\n", "[1 nan nan]", true, ","}, {"", "[]", false, NULL},
        {"1 2\n3\n", NULL, false, NULL}, {"1 0x2\n", NULL, false, NULL}, {"1 2\n3\n", NULL, true, NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lsv_array *a = NULL;
        f.lenient = cases[i].lenient;
        f.delimiter = cases[i].delimiter;
        lsv_status status = lsv_table_parse("t", cases[i].text, strlen(cases[i].text), &f, &a, &oops);
        CHECK((status == LSV_OK) == (cases[i].want != NULL));
        if (a) CHECK_TEXT(T(a), cases[i].want);
        lsv_release(a);
    }
    lsv_array *x = NP(2, 3), *y = NULL;
    f = LSV_TABLE_FORMAT;
    CHECK(lsv_table_save(in_folder("t.txt"), x, &(lsv_table_style){0}, &oops) == LSV_OK);
    CHECK(lsv_table_load(in_folder("t.txt"), &f, &y, &oops) == LSV_OK && same(x, y));
    lsv_release(y);
    static const char *const hostile[] = {"%n", "%*d", "%1000d", "%s%s%s%s", "%ls", "%"};
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++)
        CHECK(lsv_table_save(in_folder("t.txt"), x, &(lsv_table_style){.formats = &hostile[i], .nformats = 1}, &oops) == LSV_EVALUE);
    lsv_release(x);
}

/* A failed write leaves what was there, and nothing beside it. */
static void whole_or_not(void) {
    lsv_array *x = NP(3), *y = NULL;
    lsv_writer *w = NULL;
    CHECK(write_file("w.npy", "old", 3));
    CHECK(lsv_writer_open(in_folder("w.npy"), &w, &oops) == LSV_OK && lsv_writer_put(w, "new", 3, &oops) == LSV_OK);
    lsv_writer_abandon(w);
    lsv_storage *bytes = NULL;
    CHECK(lsv_bytes_open(in_folder("w.npy"), &bytes, &oops) == LSV_OK && bytes->bytes == 3 && memcmp(bytes->data, "old", 3) == 0);
    lsv_bytes_release(bytes);
    CHECK(chmod(in_folder("w.npy"), 0640) == 0 && symlink("w.npy", in_folder("link.npy")) == 0);
    CHECK(lsv_npy_save(in_folder("link.npy"), x, &oops) == LSV_OK);
    struct stat st;
    CHECK(lstat(in_folder("link.npy"), &st) == 0 && S_ISLNK(st.st_mode));
    CHECK(stat(in_folder("w.npy"), &st) == 0 && (st.st_mode & 0777) == 0640);
    CHECK(lsv_npy_load(in_folder("w.npy"), LSV_NUMPY, LSV_NPY_COPY, &y, &oops) == LSV_OK && same(x, y));
    lsv_arrays all = {0};
    CHECK(lsv_arrays_add(&all, "x", lsv_ref(x), NULL) == LSV_OK);
    CHECK(lsv_npz_save(in_folder("link.npy"), &all, true, &oops) == LSV_OK);
    CHECK(stat(in_folder("w.npy"), &st) == 0 && (st.st_mode & 0777) == 0640);
    CHECK(lsv_npz_save("/dev/null", &all, true, &oops) == LSV_EOS && strstr(oops.message, "regular file"));
    CHECK(stat("/dev/null", &st) == 0 && S_ISCHR(st.st_mode));
    CHECK(lsv_npz_save("/nowhere/x.npz", &all, true, &oops) == LSV_EOS);
    CHECK(lsv_npz_save(in_folder("new.npz"), &all, true, &oops) == LSV_OK);
    mode_t mask = umask(022);
    umask(mask);
    CHECK(stat(in_folder("new.npz"), &st) == 0 && (st.st_mode & 0777) == (0666 & ~mask));
    lsv_arrays_free(&all);
    CHECK(lsv_npy_save("/dev/null", x, &oops) == LSV_OK);
    CHECK(lsv_npy_save("/dev/full", x, &oops) == LSV_EOS && strstr(oops.message, "No space left"));
    CHECK(lsv_npy_save(folder, x, &oops) == LSV_EOS && strstr(oops.message, "Is a directory"));
    CHECK(lsv_npy_save("/nowhere/x.npy", x, &oops) == LSV_EOS && strstr(oops.message, "'/nowhere/x.npy'"));
    lsv_release(x);
    lsv_release(y);
}

#define EACH_ALLOCATION(body, clean)              \
    do {                                          \
        long live_ = lsv_alloc_live();            \
        for (long k_ = 1; k_ < 1000; k_++) {      \
            lsv_status status = LSV_OK;           \
            lsv_alloc_fail_at(k_);                \
            status = body;                        \
            lsv_alloc_fail_at(0);                 \
            if (status == LSV_OK) { clean; }      \
            CHECK(lsv_alloc_live() == live_);     \
            if (status == LSV_OK) break;          \
            CHECK(status == LSV_ENOMEM);          \
        }                                         \
    } while (0)

static void allocations(void) {
    lsv_arrays all = {0}, got = {0};
    lsv_array *a = NULL, *turned;
    lsv_table_format f = LSV_TABLE_FORMAT;
    CHECK(lsv_arrays_add(&all, "one", NP(300, 2), NULL) == LSV_OK);
    CHECK(lsv_transpose(all.items[0].array, NULL, &turned, NULL) == LSV_OK && lsv_arrays_add(&all, "two \"β\"", turned, NULL) == LSV_OK);
    EACH_ALLOCATION(lsv_npy_save(in_folder("f.npy"), turned, &oops), (void)0);
    EACH_ALLOCATION(lsv_npy_load(in_folder("f.npy"), LSV_NUMPY, LSV_NPY_COPY, &a, &oops), lsv_release(a));
    EACH_ALLOCATION(lsv_npy_load(in_folder("f.npy"), LSV_NUMPY, LSV_NPY_MAP, &a, &oops), lsv_release(a));
    EACH_ALLOCATION(lsv_npz_save(in_folder("f.npz"), &all, true, &oops), (void)0);
    EACH_ALLOCATION(lsv_npz_load(in_folder("f.npz"), LSV_NUMPY, &got, &oops), lsv_arrays_free(&got));
    lsv_arrays_free(&got);
    EACH_ALLOCATION(lsv_safetensors_save(in_folder("f.safetensors"), &all, 1, (const char *const[]){"k", "v"}, &oops), (void)0);
    lsv_safetensors *s;
    EACH_ALLOCATION(lsv_safetensors_open(in_folder("f.safetensors"), &s, &oops), lsv_safetensors_close(s));
    static const char map[] = "{\"weight_map\":{\"one\":\"f.safetensors\",\"two \\\"β\\\"\":\"f.safetensors\"}}";
    CHECK(write_file("f.index.json", map, sizeof map - 1));
    EACH_ALLOCATION(lsv_safetensors_open(in_folder("f.index.json"), &s, &oops), lsv_safetensors_close(s));
    EACH_ALLOCATION(lsv_table_save(in_folder("f.txt"), turned, &(lsv_table_style){0}, &oops), (void)0);
    EACH_ALLOCATION(lsv_table_load(in_folder("f.txt"), &f, &a, &oops), lsv_release(a));
    lsv_arrays_free(&all);
}

static void sweep(void) {
    char command[200];
    snprintf(command, sizeof command, "ls -A %s | grep -c '^\\.'", folder); /* no temporary file is left */
    FILE *p = popen(command, "r");
    int left = -1;
    CHECK(p && fscanf(p, "%d", &left) == 1 && left == 0);
    if (p) pclose(p);
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK(system(command) == 0);
}

int main(void) {
    if (!mkdtemp(folder)) return 2;
    long live = lsv_alloc_live();
    round_trips();
    deflated_zeros();
    mapped();
    streamed();
    sharded();
    widened();
    tables();
    whole_or_not();
    allocations();
    CHECK(lsv_alloc_live() == live);
    sweep();
    return check_done();
}
