/* Draws on command, for differential.py: one command per line in, one line of numbers out.

     seed TYPE N              TYPE: legacy, pcg, torch
     words TYPE W…            array seed
     uniform DTYPE LOW HIGH DIMS     DIMS: "5" or "2,3"
     normal DTYPE MEAN STD DIMS
     integers DTYPE LOW HIGH DIMS
     permutation N
     shuffle DIMS             of 0, 1, 2, … in that shape, printed flat
     choice N REPLACE SHUFFLE DIMS [P…]
     exponential SCALE DIMS
     double, gauss            one draw
     state, restore           torch: print the state's bytes; take back the state last printed

   Results print with %.17g. An error prints as "error MESSAGE". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random/random.h"

static lsv_rng rng;
static uint8_t saved[LSV_TORCH_STATE_BYTES];

static lsv_rng_type parse_type(const char *s) {
    return strcmp(s, "pcg") == 0 ? LSV_RNG_PCG64 : strcmp(s, "torch") == 0 ? LSV_RNG_TORCH : LSV_RNG_LEGACY;
}

static lsv_shape parse_dims(const char *s) {
    lsv_shape shape = {0};
    char *end;
    while (s && *s) {
        shape.dims[shape.ndim++] = strtol(s, &end, 10);
        s = *end == ',' ? end + 1 : NULL;
    }
    return shape;
}

static lsv_dtype parse_dtype(const char *s) {
    lsv_dtype d = LSV_FLOAT64;
    lsv_dtype_parse(s, &d);
    return d;
}

static void print_array(const lsv_array *a) {
    size_t item = lsv_dtype_size((lsv_dtype)a->dtype);
    for (ptrdiff_t i = 0; i < a->size; i++) {
        lsv_scalar x = lsv_load((lsv_dtype)a->dtype, a->data + (size_t)i * item);
        if (lsv_dtype_is_float(x.dtype)) printf("%.17g ", x.f);
        else printf("%lld ", (long long)x.i);
    }
}

static char *word(void) {
    char *w = strtok(NULL, " \n");
    return w ? w : "";
}
static double number(void) { return atof(word()); }
static int64_t integer(void) { return strtoll(word(), NULL, 10); }

static lsv_status choice(lsv_array **out, lsv_error *err) {
    ptrdiff_t n = (ptrdiff_t)integer(), np = 0;
    bool replace = integer(), shuffle = integer();
    lsv_shape shape = parse_dims(word());
    static double p[4096];
    for (char *w; *(w = word());) p[np++] = atof(w);
    lsv_array *chances = NULL;
    if (np) {
        LSV_TRY(lsv_empty(LSV_NUMPY, LSV_FLOAT64, 1, &np, &chances, err));
        memcpy(chances->data, p, (size_t)np * sizeof *p);
    }
    lsv_status status = lsv_random_choice_ordered(&rng, n, &shape, replace, shuffle, chances, out, err);
    lsv_release(chances);
    return status;
}

static lsv_status shuffle(lsv_array **out, lsv_error *err) {
    lsv_shape shape = parse_dims(word());
    LSV_TRY(lsv_empty(LSV_NUMPY, LSV_INT64, shape.ndim, shape.dims, out, err));
    for (ptrdiff_t i = 0; i < (*out)->size; i++) ((int64_t *)(*out)->data)[i] = i;
    return lsv_random_shuffle(&rng, *out, err);
}

static lsv_status run(const char *command, lsv_array **out, lsv_error *err) {
    if (strcmp(command, "uniform") == 0 || strcmp(command, "normal") == 0) {
        lsv_dtype dtype = parse_dtype(word());
        double a = number(), b = number();
        lsv_shape shape = parse_dims(word());
        return (*command == 'u' ? lsv_random_uniform : lsv_random_normal)(&rng, dtype, &shape, a, b, out,
                                                                          err);
    }
    if (strcmp(command, "integers") == 0) {
        lsv_dtype dtype = parse_dtype(word());
        int64_t low = integer(), high = integer();
        lsv_shape shape = parse_dims(word());
        return lsv_random_integers(&rng, dtype, &shape, low, high, out, err);
    }
    if (strcmp(command, "permutation") == 0)
        return lsv_random_permutation(&rng, (ptrdiff_t)integer(), out, err);
    if (strcmp(command, "shuffle") == 0) return shuffle(out, err);
    if (strcmp(command, "choice") == 0) return choice(out, err);
    if (strcmp(command, "exponential") == 0) {
        double scale = number();
        lsv_shape shape = parse_dims(word());
        return lsv_random_exponential(&rng, &shape, scale, out, err);
    }
    return lsv_fail(err, LSV_EVALUE, "unknown command %s", command);
}

/* The commands that make no array; false for another one. */
static bool run_plain(const char *command, lsv_error *err) {
    if (strcmp(command, "seed") == 0) {
        lsv_rng_type type = parse_type(word());
        lsv_rng_seed(&rng, type, strtoull(word(), NULL, 10));
    } else if (strcmp(command, "words") == 0) {
        lsv_rng_type type = parse_type(word());
        uint32_t words[64];
        int n = 0;
        for (char *w; n < 64 && *(w = word());) words[n++] = (uint32_t)strtoul(w, NULL, 10);
        lsv_rng_seed_words(&rng, type, words, n, err);
    } else if (strcmp(command, "double") == 0) {
        printf("%.17g", lsv_random_double(&rng));
    } else if (strcmp(command, "gauss") == 0) {
        printf("%.17g", lsv_random_gauss(&rng));
    } else if (strcmp(command, "state") == 0) {
        lsv_torch_get_state(&rng, saved);
        for (int i = 0; i < LSV_TORCH_STATE_BYTES; i++) printf("%d ", saved[i]);
    } else if (strcmp(command, "restore") == 0) {
        lsv_torch_set_state(&rng, saved, sizeof saved, err);
    } else {
        return false;
    }
    return true;
}

int main(void) {
    static char line[1 << 16];
    lsv_rng_seed(&rng, LSV_RNG_LEGACY, 0);
    while (fgets(line, sizeof line, stdin)) {
        lsv_error err = {0};
        lsv_array *out = NULL;
        char *command = strtok(line, " \n");
        if (!command) continue;
        if (!run_plain(command, &err)) {
            if (run(command, &out, &err) == LSV_OK) print_array(out);
            else printf("error %s", err.message);
            lsv_release(out);
        }
        putchar('\n');
        fflush(stdout);
    }
    return 0;
}
