/* Adapters: the identity law for every variant of scale, layout, kind and type (one adapter merged with weight 1 gives its own
   update), sums against dense ones, files in every format, patterns as Python's re reads them, and every allocation
   failed once. */
#include <sys/stat.h>
#include <unistd.h>

#include "file/file.h"
#include "lora/adapter.h"
#include "lora/adapter/pattern.h"
#include "matrices.h"

static char folder[] = "/tmp/lsv-test-adapter-XXXXXX";

static const char *in_folder(const char *name) {
    static char paths[4][400];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* ---- patterns ---- */

static void patterns(void) {
    static const struct { const char *pattern, *name; int mode, want; } cases[] = {
        /* what Python's re.match(rf"(.*\.)?({pattern})$", name) gives */
        {"q_proj", "q_proj", LSV_PATTERN_SUFFIX, 1}, {"q_proj", "layers.0.q_proj", LSV_PATTERN_SUFFIX, 1}, {"q_proj", "layers.0.xq_proj", LSV_PATTERN_SUFFIX, 0},
        {"q_proj", "q_proj.x", LSV_PATTERN_SUFFIX, 0}, {"0.q", "layers.0.q", LSV_PATTERN_SUFFIX, 1}, {"0.q", "layers.0xq", LSV_PATTERN_SUFFIX, 1}, {"0.q", "layers.10.q", LSV_PATTERN_SUFFIX, 0},
        {"", "", LSV_PATTERN_SUFFIX, 1}, {"", "a", LSV_PATTERN_SUFFIX, 0}, {"a.c", "x.a\xC3\xA9" "c", LSV_PATTERN_SUFFIX, 1}, {"a..c", "x.a\xC3\xA9" "c", LSV_PATTERN_SUFFIX, 0},
        {"layers\\.[01]\\.q", "m.layers.1.q", LSV_PATTERN_SUFFIX, 1}, {"layers\\.[01]\\.q", "m.layers.2.q", LSV_PATTERN_SUFFIX, 0}, {"a|b", "x.b", LSV_PATTERN_SUFFIX, 1}, {"a|b", "x.ab", LSV_PATTERN_SUFFIX, 0},
        {"^a", "a", LSV_PATTERN_SUFFIX, 1}, {"^a", "x.a", LSV_PATTERN_SUFFIX, 0}, {".*k", "x.y.k", LSV_PATTERN_SUFFIX, 1}, {"(?i)Q", "x.q", LSV_PATTERN_SUFFIX, 1}, {"x{2}", "xx", LSV_PATTERN_SUFFIX, 1},
        {"a.*", "x.a.b", LSV_PATTERN_SUFFIX, 1}, {"(.)\\3", "x.aa", LSV_PATTERN_SUFFIX, 1},
        {"a|ab", "ab", LSV_PATTERN_FULL, 1}, {"a", "ab", LSV_PATTERN_FULL, 0}, {".*\\.q", "x.q", LSV_PATTERN_FULL, 1}, {"b", "abc", LSV_PATTERN_SEARCH, 1}, {"^b", "abc", LSV_PATTERN_SEARCH, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lsv_pattern *p = NULL;
        bool got = false;
        CHECK(lsv_pattern_new(cases[i].pattern, (lsv_pattern_mode)cases[i].mode, &p, &oops) == LSV_OK);
        CHECK(p && lsv_pattern_match(p, cases[i].name, &got, &oops) == LSV_OK);
        if (got != cases[i].want) printf("pattern %s, name %s\n", cases[i].pattern, cases[i].name);
        CHECK(got == cases[i].want);
        lsv_pattern_free(p);
    }
    lsv_pattern *p;
    static const char *const wrong[] = {"(", "[a", "a**", "(?P<n", "\\"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) CHECK(lsv_pattern_new(wrong[i], LSV_PATTERN_SUFFIX, &p, &oops) == LSV_EVALUE && strstr(oops.message, "character"));
    static const char *const names[] = {"a.b", "a+b", "x[0].(y)|z^$", "\xC3\xA9.1"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *exact, longer[64];
        bool got = false;
        snprintf(longer, sizeof longer, "x.%s", names[i]);
        CHECK(lsv_pattern_exactly(names[i], &exact, &oops) == LSV_OK && lsv_pattern_new(exact, LSV_PATTERN_SUFFIX, &p, &oops) == LSV_OK);
        CHECK(lsv_pattern_match(p, names[i], &got, &oops) == LSV_OK && got);
        CHECK(lsv_pattern_match(p, longer, &got, &oops) == LSV_OK && !got);
        lsv_pattern_free(p);
        lsv_free(exact);
    }
}

/* ---- adapters made here ---- */

static const struct variant {
    const char *name;
    lsv_module_kind kind;
    bool transposed;
    int nkernel;
    ptrdiff_t kernel[3], out, in, rank;
    lsv_dtype B, A;
} variants[] = {{"a.linear", LSV_MODULE_LINEAR, false, 0, {0}, 7, 5, 3, LSV_FLOAT64, LSV_FLOAT64},
                {"a.single", LSV_MODULE_LINEAR, false, 0, {0}, 5, 9, 2, LSV_FLOAT32, LSV_FLOAT32},
                {"b.turned", LSV_MODULE_LINEAR, true, 0, {0}, 6, 6, 4, LSV_FLOAT32, LSV_FLOAT32},
                {"b.mixed", LSV_MODULE_LINEAR, false, 0, {0}, 6, 4, 2, LSV_BFLOAT16, LSV_FLOAT32},
                {"c.half", LSV_MODULE_LINEAR, false, 0, {0}, 8, 8, 1, LSV_FLOAT16, LSV_FLOAT16},
                {"d.conv1", LSV_MODULE_CONV, false, 1, {3}, 4, 6, 2, LSV_FLOAT32, LSV_FLOAT32},
                {"d.conv2", LSV_MODULE_CONV, false, 2, {3, 2}, 4, 18, 2, LSV_FLOAT32, LSV_FLOAT32},
                {"d.conv3", LSV_MODULE_CONV, false, 3, {1, 2, 2}, 3, 8, 2, LSV_FLOAT64, LSV_FLOAT64},
                {"e.table", LSV_MODULE_EMBEDDING, true, 0, {0}, 5, 11, 3, LSV_FLOAT32, LSV_FLOAT32},
                {"f.wide", LSV_MODULE_LINEAR, false, 0, {0}, 3, 4, 6, LSV_FLOAT64, LSV_FLOAT64}};
enum { VARIANTS = sizeof variants / sizeof *variants };

static void add(lsv_adapter *a, const struct variant *v, double alpha, unsigned seed) {
    lsv_adapter_module m = {.name = v->name, .kind = v->kind, .transposed = v->transposed, .nkernel = v->nkernel, .alpha = alpha};
    memcpy(m.kernel, v->kernel, sizeof m.kernel);
    lsv_array *B = noise(LSV_NUMPY, v->B, 2, (ptrdiff_t[]){v->out, v->rank}, seed), *A = noise(LSV_NUMPY, v->A, 2, (ptrdiff_t[]){v->rank, v->in}, seed + 77);
    CHECK(lsv_adapter_add(a, &m, B, A, &oops) == LSV_OK);
}

static lsv_adapter *made(unsigned seed, double alpha) {
    lsv_adapter *a = NULL;
    if (lsv_adapter_new(&a, &oops) != LSV_OK) exit(2);
    for (int i = 0; i < VARIANTS; i++) add(a, &variants[i], alpha, seed + (unsigned)i);
    return a;
}

/* scale * B @ A entry by entry, in the base's layout. */
static lsv_array *slow_delta(lsv_adapter *a, ptrdiff_t i, double scale) {
    const lsv_adapter_module *m = lsv_adapter_at(a, i);
    lsv_array *B, *A, *out;
    if (lsv_adapter_factors(a, i, LSV_NUMPY, &B, &A, &oops) != LSV_OK) exit(2);
    if (lsv_zeros(LSV_NUMPY, LSV_FLOAT64, 2, m->transposed ? (ptrdiff_t[]){m->in, m->out} : (ptrdiff_t[]){m->out, m->in}, &out, NULL) != LSV_OK) exit(2);
    for (ptrdiff_t r = 0; r < m->out; r++)
        for (ptrdiff_t c = 0; c < m->in; c++) {
            double sum = 0;
            for (ptrdiff_t k = 0; k < m->rank; k++) sum += at(B, r * m->rank + k) * at(A, k * m->in + c);
            ((double *)lsv_data(out))[m->transposed ? c * m->out + r : r * m->in + c] = scale * sum;
        }
    lsv_release(B);
    lsv_release(A);
    return out;
}

/* max |x - y| / max |y|, by entries in their order. */
static double away(const lsv_array *x, const lsv_array *y) {
    double far = 0, top = 1e-300;
    if (x->size != y->size) return INFINITY;
    for (ptrdiff_t i = 0; i < x->size; i++) far = fmax(far, fabs(at(x, i) - at(y, i))), top = fmax(top, fabs(at(y, i)));
    return far / top;
}

static double law(lsv_adapter *a, ptrdiff_t i) {
    const lsv_adapter_module *m = lsv_adapter_at(a, i);
    return m->dtype_A == LSV_FLOAT64 && m->dtype_B == LSV_FLOAT64 ? 1e-13 : 1e-6;
}

/* Each module's delta is `scales[i] * B @ A`; the adapter merged alone, resized to its rank and through every file is too. */
static void identity(lsv_adapter *a, const double *scales) {
    double one = 1;
    lsv_adapter_merging alone = {&a, 1, &one, LSV_AGGREGATE_EXACT, LSV_SPLIT_SQRT};
    lsv_rank_rule rule = LSV_RANK_RULE(-1), tight = rule;
    lsv_adapter *merged = NULL, *resized = NULL;
    tight.tol = 0;
    CHECK(lsv_adapter_merge(&alone, &rule, 1, &merged, NULL, &oops) == LSV_OK);
    CHECK(lsv_adapter_resize(a, tight, LSV_SPLIT_LEFT, &resized, NULL, &oops) == LSV_OK);
    for (ptrdiff_t i = 0; i < lsv_adapter_count(a) && merged && resized; i++) {
        lsv_array *want = slow_delta(a, i, scales[i]), *own = NULL, *got = NULL, *other = NULL;
        ptrdiff_t j = lsv_adapter_find(merged, lsv_adapter_at(a, i)->name);
        CHECK(lsv_adapter_delta(a, i, LSV_NUMPY, LSV_FLOAT64, &own, &oops) == LSV_OK && away(own, want) <= 1e-14);
        CHECK(j >= 0 && lsv_adapter_delta(merged, j, LSV_NUMPY, LSV_FLOAT64, &got, &oops) == LSV_OK && away(got, want) <= law(a, i));
        CHECK(lsv_adapter_delta(resized, lsv_adapter_find(resized, lsv_adapter_at(a, i)->name), LSV_NUMPY, LSV_FLOAT64, &other, &oops) == LSV_OK && away(other, want) <= law(a, i));
        CHECK(got && own && got->ndim == own->ndim && memcmp(got->shape, own->shape, (size_t)own->ndim * sizeof *own->shape) == 0);
        lsv_release(want), lsv_release(own), lsv_release(got), lsv_release(other);
    }
    lsv_adapter_free(merged);
    lsv_adapter_free(resized);
}

static void laws(void) {
    for (int round = 0; round < 4; round++) {
        static const double alphas[] = {NAN, 1, 16, 0.3};
        double scales[VARIANTS];
        lsv_adapter *a = made(100u * (unsigned)round, alphas[round]);
        for (int i = 0; i < VARIANTS; i++) scales[i] = isnan(alphas[round]) ? 1 : alphas[round] / (double)variants[i].rank;
        identity(a, scales);
        lsv_adapter_free(a);
    }
}

/* ---- configurations, as PEFT writes them ---- */

static void put_text(const char *path, const char *text) {
    FILE *f = fopen(path, "w");
    if (!f) exit(2);
    fputs(text, f);
    fclose(f);
}

static char *get_text(const char *path, size_t *n) {
    FILE *f = fopen(path, "rb");
    static char text[1 << 16];
    *n = 0;
    if (!f) return NULL;
    *n = fread(text, 1, sizeof text - 1, f);
    text[*n] = '\0';
    fclose(f);
    return text;
}

/* What PEFT holds in one layout: linear layers (turned or not), convolutions, embeddings. */
static bool holds(const struct variant *v, bool turned) { return v->kind != LSV_MODULE_LINEAR || v->transposed == turned; }

static void configured(void) {
    static const struct { const char *name, *json; bool rslora, turned; double alpha[VARIANTS]; } cases[] = {
        {"plain", "{\"r\": 3, \"lora_alpha\": 6}", false, false, {6, 6, 6, 6, 6, 6, 6, 6, 6, 6}},
        {"absent", "{}", false, false, {8, 8, 8, 8, 8, 8, 8, 8, 8, 8}},
        {"rslora", "{\"r\": 3, \"lora_alpha\": 6, \"use_rslora\": true}", true, false, {6, 6, 6, 6, 6, 6, 6, 6, 6, 6}},
        {"turned", "{\"r\": 4, \"lora_alpha\": 5, \"fan_in_fan_out\": true}", false, true, {5, 5, 5, 5, 5, 5, 5, 5, 5, 5}},
        {"patterns", "{\"r\": 3, \"lora_alpha\": 6, \"alpha_pattern\": {\"half\": 9, \"[cd]\\\\..*\": 2.5, \"conv2\": 7, \"^a\\\\.linear\": 1}}", false, false, {1, 6, 6, 6, 9, 2.5, 2.5, 2.5, 6, 6}},
        {"both", "{\"lora_alpha\": 6e0, \"use_rslora\": true, \"alpha_pattern\": {\"a.linear|table\": 10}, \"rank_pattern\": {\".*\": 1}}", true, false, {10, 6, 6, 6, 6, 6, 6, 6, 10, 6}}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        lsv_adapter *a = NULL, *some;
        double scales[VARIANTS];
        char path[400];
        ptrdiff_t n = 0;
        if (lsv_adapter_new(&some, &oops) != LSV_OK) exit(2);
        for (int i = 0; i < VARIANTS; i++)
            if (holds(&variants[i], cases[c].turned)) add(some, &variants[i], NAN, 5u + (unsigned)i);
        snprintf(path, sizeof path, "%s", in_folder(cases[c].name));
        CHECK(lsv_adapter_write(some, path, &LSV_ADAPTER_WRITING(LSV_ADAPTER_PEFT), &oops) == LSV_OK);
        lsv_adapter_free(some);
        char config[440];
        snprintf(config, sizeof config, "%s/adapter_config.json", path);
        put_text(config, cases[c].json);
        CHECK(lsv_adapter_read(path, NULL, &a, &oops) == LSV_OK);
        if (!a) {
            printf("%s: %s\n", cases[c].name, oops.message);
            continue;
        }
        for (int i = 0; i < VARIANTS; i++) {
            if (!holds(&variants[i], cases[c].turned)) continue;
            ptrdiff_t j = lsv_adapter_find(a, variants[i].name);
            CHECK(j == n);
            double r = (double)variants[i].rank;
            scales[n++] = cases[c].alpha[i] / (cases[c].rslora ? sqrt(r) : r);
            CHECK_NEAR(lsv_adapter_at(a, j)->alpha, cases[c].alpha[i], 0);
            CHECK_NEAR(lsv_adapter_at(a, j)->scale, scales[n - 1], 1e-15);
        }
        CHECK(lsv_adapter_count(a) == n);
        identity(a, scales);
        /* as it came: both files; changed: the same scales by another configuration */
        size_t before, after;
        lsv_adapter *again = NULL;
        char other[400];
        snprintf(other, sizeof other, "%s", in_folder("again"));
        CHECK(lsv_adapter_write(a, other, &LSV_ADAPTER_WRITING(LSV_ADAPTER_PEFT), &oops) == LSV_OK);
        snprintf(config, sizeof config, "%s/adapter_config.json", other);
        char *text = get_text(config, &after);
        before = strlen(cases[c].json);
        CHECK(text && before == after && memcmp(text, cases[c].json, before) == 0);
        CHECK(lsv_adapter_set_text(a, "task_type", "CAUSAL_LM", &oops) == LSV_OK);
        CHECK(lsv_adapter_write(a, other, &LSV_ADAPTER_WRITING(LSV_ADAPTER_PEFT), &oops) == LSV_OK);
        CHECK(lsv_adapter_read(other, NULL, &again, &oops) == LSV_OK);
        for (ptrdiff_t i = 0; i < n && again; i++) CHECK_NEAR(lsv_adapter_at(again, i)->scale, scales[i], 1e-15);
        CHECK(again && lsv_adapter_note(again, 0) == NULL);
        if (again) CHECK_TEXT(lsv_adapter_setting(again, "task_type"), "\"CAUSAL_LM\"");
        lsv_adapter_free(again);
        lsv_adapter_free(a);
    }
}

/* A module whose name is the end of another's gets its own rank and alpha all the same. */
static void exact_patterns(void) {
    static const struct variant v[] = {{"q", LSV_MODULE_LINEAR, false, 0, {0}, 3, 3, 1, LSV_FLOAT32, LSV_FLOAT32}, {"x.q", LSV_MODULE_LINEAR, false, 0, {0}, 3, 3, 2, LSV_FLOAT32, LSV_FLOAT32},
                                       {"y.x.q", LSV_MODULE_LINEAR, false, 0, {0}, 3, 3, 3, LSV_FLOAT32, LSV_FLOAT32}, {"x.q+", LSV_MODULE_LINEAR, false, 0, {0}, 3, 3, 3, LSV_FLOAT32, LSV_FLOAT32}};
    lsv_adapter *a, *b = NULL;
    if (lsv_adapter_new(&a, &oops) != LSV_OK) exit(2);
    for (int i = 0; i < 4; i++) add(a, &v[i], 2.5 * i + 1, 3);
    CHECK(lsv_adapter_write(a, in_folder("ends"), &LSV_ADAPTER_WRITING(LSV_ADAPTER_PEFT), &oops) == LSV_OK);
    CHECK(lsv_adapter_read(in_folder("ends"), NULL, &b, &oops) == LSV_OK);
    for (int i = 0; i < 4 && b; i++) {
        ptrdiff_t j = lsv_adapter_find(b, v[i].name);
        CHECK(j >= 0 && lsv_adapter_at(b, j)->rank == v[i].rank);
        if (j >= 0) CHECK_NEAR(lsv_adapter_at(b, j)->alpha, 2.5 * i + 1, 0);
    }
    CHECK(b && lsv_adapter_note(b, 0) == NULL);
    lsv_adapter_free(a);
    lsv_adapter_free(b);
}

/* ---- sums ---- */

static void sums(void) {
    lsv_adapter *all[3] = {made(1, 4), made(2, 16), NULL}, *out[2] = {NULL, NULL};
    if (lsv_adapter_new(&all[2], &oops) != LSV_OK) exit(2);
    add(all[2], &variants[0], 2, 9); /* only two of the modules */
    add(all[2], &variants[5], 2, 9);
    double weights[3] = {0.5, -1.25, 3};
    lsv_adapter_merging m = {all, 3, weights, LSV_AGGREGATE_EXACT, LSV_SPLIT_SQRT};
    lsv_rank_rule rules[2] = {LSV_RANK_RULE(-1), LSV_RANK_RULE(2)};
    lsv_aggregate_info *infos = NULL;
    CHECK(lsv_adapter_merge(&m, rules, 2, out, &infos, &oops) == LSV_OK);
    CHECK(out[0] && lsv_adapter_count(out[0]) == VARIANTS);
    for (ptrdiff_t i = 0; i < VARIANTS && out[0]; i++) {
        lsv_array *sum = NULL, *got = NULL;
        for (int k = 0; k < 3; k++) {
            ptrdiff_t j = lsv_adapter_find(all[k], variants[i].name);
            if (j < 0) continue;
            lsv_array *part = slow_delta(all[k], j, weights[k] * lsv_adapter_at(all[k], j)->scale);
            if (!sum) sum = part;
            else {
                for (ptrdiff_t e = 0; e < sum->size; e++) ((double *)lsv_data(sum))[e] += at(part, e);
                lsv_release(part);
            }
        }
        CHECK(lsv_adapter_delta(out[0], i, LSV_NUMPY, LSV_FLOAT64, &got, &oops) == LSV_OK && away(got, sum) <= law(all[0], i));
        CHECK(lsv_adapter_at(out[1], i)->rank == 2 && infos[2 * i + 1].rank == 2);
        lsv_release(got);
        CHECK(lsv_adapter_delta(out[1], i, LSV_NUMPY, LSV_FLOAT64, &got, &oops) == LSV_OK);
        double off = 0, norm = 0;
        for (ptrdiff_t e = 0; e < sum->size; e++) off += pow(at(got, e) - at(sum, e), 2), norm += pow(at(sum, e), 2);
        CHECK_NEAR(sqrt(off / norm), infos[2 * i + 1].error, 1e-6);
        lsv_release(got), lsv_release(sum);
    }
    lsv_free(infos);
    /* what is not one module's: another shape under the same name */
    lsv_adapter *odd, *none = NULL;
    struct variant other = variants[0];
    other.in = 4;
    if (lsv_adapter_new(&odd, &oops) != LSV_OK) exit(2);
    add(odd, &other, 1, 1);
    lsv_adapter *two[2] = {all[0], odd};
    lsv_adapter_merging bad = {two, 2, NULL, LSV_AGGREGATE_EXACT, LSV_SPLIT_SQRT};
    CHECK(lsv_adapter_merge(&bad, rules, 1, &none, NULL, &oops) == LSV_EVALUE && strstr(oops.message, "a.linear") && strstr(oops.message, "shape"));
    lsv_adapter_free(odd);
    for (int k = 0; k < 3; k++) lsv_adapter_free(all[k]);
    lsv_adapter_free(out[0]), lsv_adapter_free(out[1]);
}

/* ---- W + dW ---- */

static void applied(void) {
    static const lsv_dtype types[] = {LSV_FLOAT64, LSV_FLOAT32, LSV_FLOAT16, LSV_BFLOAT16};
    lsv_adapter *a = made(40, 3);
    for (ptrdiff_t i = 0; i < VARIANTS; i++)
        for (int t = 0; t < 4; t++) {
            lsv_array *delta = NULL, *W, *got = NULL;
            CHECK(lsv_adapter_delta(a, i, LSV_NUMPY, LSV_FLOAT64, &delta, &oops) == LSV_OK);
            W = noise(LSV_NUMPY, types[t], delta->ndim, delta->shape, 17);
            CHECK(lsv_adapter_apply(a, i, -0.5, LSV_FLOAT64, W, &got, &oops) == LSV_OK);
            bool right = got && got->dtype == types[t] && got->ndim == W->ndim;
            for (ptrdiff_t e = 0; e < delta->size && right; e++) {
                double want = at(W, e) - 0.5 * at(delta, e), here = at(got, e);
                double step = types[t] == LSV_FLOAT64 ? 1e-15 : types[t] == LSV_FLOAT32 ? 0x1p-24 : types[t] == LSV_FLOAT16 ? 0x1p-11 : 0x1p-8;
                right = fabs(here - want) <= (fabs(want) + 0x1p-14) * step * 1.0001;
            }
            CHECK(right);
            lsv_release(delta), lsv_release(W), lsv_release(got);
        }
    lsv_array *wrong = noise(LSV_NUMPY, LSV_FLOAT32, 2, (ptrdiff_t[]){7, 6}, 1), *got;
    CHECK(lsv_adapter_apply(a, 0, 1, LSV_FLOAT64, wrong, &got, &oops) == LSV_EVALUE && strstr(oops.message, "(7, 5)") && strstr(oops.message, "(7, 6)"));
    lsv_release(wrong);
    lsv_adapter_free(a);
}

/* ---- files ---- */

static lsv_status later(void *ctx, ptrdiff_t i, lsv_array **B, lsv_array **A, lsv_error *err) {
    (*(int *)ctx)++;
    *B = noise(LSV_NUMPY, LSV_FLOAT32, 2, (ptrdiff_t[]){4, 2}, (unsigned)i);
    *A = noise(LSV_NUMPY, LSV_FLOAT32, 2, (ptrdiff_t[]){2, 5}, (unsigned)i + 50);
    (void)err;
    return LSV_OK;
}

static void files(void) {
    static const lsv_dtype types[] = {LSV_FLOAT64, LSV_FLOAT32, LSV_FLOAT16, LSV_BFLOAT16};
    static const double close[] = {1e-6, 1e-6, 4e-3, 4e-2};
    for (int f = 0; f < 3; f++)
        for (int t = 0; t < 4; t++) {
            lsv_adapter *a, *b = NULL;
            lsv_adapter_writing w = LSV_ADAPTER_WRITING((lsv_adapter_format)f);
            char path[400];
            w.dtype = types[t];
            snprintf(path, sizeof path, "%s", in_folder(f ? "file.safetensors" : "folder"));
            if (lsv_adapter_new(&a, &oops) != LSV_OK) exit(2);
            for (int i = 0; i < VARIANTS; i++)
                if (!variants[i].transposed || (f == 0 && variants[i].kind == LSV_MODULE_EMBEDDING)) add(a, &variants[i], 2.5, 70u + (unsigned)i);
            CHECK(lsv_adapter_write(a, path, &w, &oops) == LSV_OK && lsv_adapter_read(path, NULL, &b, &oops) == LSV_OK);
            CHECK(b && lsv_adapter_count(b) == lsv_adapter_count(a) && (int)lsv_adapter_format_of(b) == f);
            for (ptrdiff_t i = 0; b && i < lsv_adapter_count(b); i++) {
                lsv_array *x = NULL, *y = NULL;
                CHECK(lsv_adapter_at(b, i)->dtype_A == types[t] && lsv_adapter_at(b, i)->dtype_B == types[t]);
                CHECK_NEAR(lsv_adapter_at(b, i)->scale, lsv_adapter_at(a, i)->scale, 1e-15);
                CHECK(lsv_adapter_delta(a, i, LSV_NUMPY, LSV_FLOAT64, &x, &oops) == LSV_OK && lsv_adapter_delta(b, i, LSV_NUMPY, LSV_FLOAT64, &y, &oops) == LSV_OK && away(y, x) <= close[t]);
                lsv_release(x), lsv_release(y);
            }
            lsv_adapter_free(a), lsv_adapter_free(b);
        }
    /* factors made when they are asked for: each pair at most twice */
    lsv_adapter *a, *b = NULL;
    int calls = 0;
    if (lsv_adapter_new(&a, &oops) != LSV_OK) exit(2);
    for (int i = 0; i < 12; i++) {
        char name[32];
        snprintf(name, sizeof name, "layers.%d.x", i);
        lsv_adapter_module m = {.name = name, .out = 4, .in = 5, .rank = 2, .alpha = NAN, .dtype_B = LSV_FLOAT32, .dtype_A = LSV_FLOAT32};
        CHECK(lsv_adapter_add_later(a, &m, later, &calls, &oops) == LSV_OK);
    }
    CHECK(lsv_adapter_write(a, in_folder("later"), &LSV_ADAPTER_WRITING(LSV_ADAPTER_PEFT), &oops) == LSV_OK && calls <= 24);
    CHECK(lsv_adapter_read(in_folder("later"), NULL, &b, &oops) == LSV_OK && lsv_adapter_count(b) == 12);
    CHECK_TEXT(b ? lsv_adapter_at(b, 10)->name : "", "layers.10.x");
    lsv_adapter_free(a), lsv_adapter_free(b);
    /* beyond the range of half precision: refused, and the file that was there stays */
    lsv_array *big = MATRIX(1, 1, 1e6), *one = MATRIX(1, 1, 1);
    lsv_adapter_writing w = LSV_ADAPTER_WRITING(LSV_ADAPTER_PEFT);
    w.dtype = LSV_FLOAT16;
    if (lsv_adapter_new(&a, &oops) != LSV_OK) exit(2);
    CHECK(lsv_adapter_add(a, &(lsv_adapter_module){.name = "x", .alpha = NAN}, big, one, &oops) == LSV_OK);
    CHECK(lsv_adapter_write(a, in_folder("later"), &w, &oops) == LSV_EVALUE && strstr(oops.message, "float16") && strstr(oops.message, "'x'"));
    CHECK(lsv_adapter_read(in_folder("later"), NULL, &b, &oops) == LSV_OK && lsv_adapter_count(b) == 12);
    lsv_adapter_free(a), lsv_adapter_free(b);
}

/* ---- memory: each allocation fails once ---- */

typedef struct step { const char *name; lsv_status (*run)(lsv_error *err); } step;

static lsv_status read_it(lsv_error *err) {
    lsv_adapter *a;
    LSV_TRY(lsv_adapter_read(in_folder("patterns"), NULL, &a, err));
    lsv_adapter_free(a);
    return LSV_OK;
}

static lsv_status read_file(lsv_error *err) {
    static const char *const names[] = {"a.linear", "a.single", "b.mixed", "c.half", "d.conv1", "d.conv2", "d.conv3", "f.wide"};
    lsv_adapter_reading o = {.base = {8, names}};
    lsv_adapter *a;
    LSV_TRY(lsv_adapter_read(in_folder("k.safetensors"), &o, &a, err));
    lsv_adapter_free(a);
    return LSV_OK;
}

static lsv_status write_it(lsv_error *err) {
    lsv_adapter *a;
    LSV_TRY(lsv_adapter_read(in_folder("both"), NULL, &a, err));
    lsv_status status = lsv_adapter_set(a, "revision", "[1, 2]", err);
    lsv_adapter_writing w = LSV_ADAPTER_WRITING(LSV_ADAPTER_PEFT);
    w.dtype = LSV_BFLOAT16;
    if (status == LSV_OK) status = lsv_adapter_write(a, in_folder("target"), &w, err);
    lsv_adapter_free(a);
    return status;
}

static lsv_status write_file(lsv_error *err) {
    lsv_adapter *a;
    lsv_adapter_reading o = {.base = {0, NULL}};
    LSV_TRY(lsv_adapter_read(in_folder("k.safetensors"), &o, &a, err));
    lsv_status status = lsv_adapter_write(a, in_folder("k2.safetensors"), &LSV_ADAPTER_WRITING(LSV_ADAPTER_KOHYA), err);
    lsv_adapter_free(a);
    return status;
}

static lsv_status merge_it(lsv_error *err) {
    lsv_adapter *a, *out[2];
    lsv_aggregate_info *infos;
    LSV_TRY(lsv_adapter_read(in_folder("patterns"), NULL, &a, err));
    lsv_adapter *two[2] = {a, a};
    lsv_adapter_merging m = {two, 2, NULL, LSV_AGGREGATE_EXACT, LSV_SPLIT_SQRT};
    lsv_rank_rule rules[2] = {LSV_RANK_RULE(1), LSV_RANK_RULE(-1)};
    rules[1].tol = 0.1;
    lsv_status status = lsv_adapter_merge(&m, rules, 2, out, &infos, err);
    if (status == LSV_OK) lsv_adapter_free(out[0]), lsv_adapter_free(out[1]), lsv_free(infos);
    lsv_adapter_free(a);
    return status;
}

static lsv_status apply_it(lsv_error *err) {
    lsv_adapter *a;
    lsv_array *W, *got;
    LSV_TRY(lsv_adapter_read(in_folder("patterns"), NULL, &a, err));
    lsv_status status = lsv_zeros(LSV_NUMPY, LSV_BFLOAT16, 2, (ptrdiff_t[]){7, 5}, &W, err);
    if (status == LSV_OK) {
        status = lsv_adapter_apply(a, 0, 1, LSV_FLOAT32, W, &got, err);
        if (status == LSV_OK) lsv_release(got);
        lsv_release(W);
    }
    lsv_adapter_free(a);
    return status;
}

static void short_of_memory(void) {
    static const step steps[] = {{"read", read_it}, {"read a file", read_file}, {"write", write_it}, {"write a file", write_file}, {"merge", merge_it}, {"apply", apply_it}};
    lsv_adapter *a;
    if (lsv_adapter_new(&a, &oops) != LSV_OK) exit(2);
    for (int i = 0; i < VARIANTS; i++)
        if (!variants[i].transposed) add(a, &variants[i], 2.5, 70u + (unsigned)i);
    CHECK(lsv_adapter_write(a, in_folder("k.safetensors"), &LSV_ADAPTER_WRITING(LSV_ADAPTER_KOHYA), &oops) == LSV_OK);
    lsv_adapter_free(a);
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
        lsv_error err = {.status = LSV_OK};
        CHECK(steps[s].run(&err) == LSV_OK);
        if (err.status != LSV_OK) printf("%s: %s\n", steps[s].name, err.message);
        long live = lsv_alloc_live();
        for (long k = 1, done = 0; !done && k < 20000; k++) {
            lsv_alloc_fail_at(k);
            lsv_status status = steps[s].run(&err);
            done = status == LSV_OK && lsv_alloc_armed;
            lsv_alloc_fail_at(0);
            bool fine = (status == LSV_OK || status == LSV_ENOMEM) && lsv_alloc_live() == live;
            if (!fine) printf("%s, allocation %ld: status %d, %ld blocks more: %s\n", steps[s].name, k, (int)status, lsv_alloc_live() - live, err.message);
            CHECK(fine);
            if (!fine) break;
        }
        CHECK(steps[s].run(&err) == LSV_OK); /* what was there is whole */
    }
}

int main(void) {
    if (!mkdtemp(folder)) return 2;
    patterns();
    laws();
    configured();
    exact_patterns();
    sums();
    applied();
    files();
    short_of_memory();
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK(system(command) == 0);
    return check_done();
}
