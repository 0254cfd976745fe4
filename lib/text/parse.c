/* Reading a printed array back.

   One scan checks the brackets and notes where every entry starts and what it is; only then
   is the dtype known (it may stand at the end), and a second pass over the notes converts.

       text   = ["Parameter containing:"] (("array" | "tensor") "(" value {"," key "=" word} ")" | value)
       value  = "[" {value [","]} "]" | entry
       entry  = ["+" | "-"] (digits ["." digits] [exponent] | "inf" | "nan") | "True" | "False" */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/interrupt.h"
#include "text/text.h"

typedef enum entry_type { ENTRY_BOOL, ENTRY_INT, ENTRY_FLOAT } entry_type;

typedef struct reader {
    const char *at, *end;
    lsv_error *err;
    const char **entries; /* where each entry starts */
    ptrdiff_t count, capacity;
    entry_type type; /* the widest so far       */
    int ndim;        /* -1 until the first entry or empty bracket */
    ptrdiff_t shape[LSV_MAXDIM], index[LSV_MAXDIM];
    lsv_kind kind;
    uint8_t flags;
    bool has_dtype, has_shape;
    lsv_dtype dtype;
    int given_ndim;
    ptrdiff_t given_shape[LSV_MAXDIM];
} reader;

static lsv_status wrong(reader *r, const char *what) {
    int n = 0;
    const char *at = r->at;
    while (at + n < r->end && n < 20 && at[n] != '\n') n++;
    if (!n) return lsv_fail(r->err, LSV_EVALUE, "not a printed array: %s, but the text ends", what);
    return lsv_fail(r->err, LSV_EVALUE, "not a printed array: %s, got \"%.*s\"", what, n, at);
}

static void skip_space(reader *r) {
    while (r->at < r->end && isspace((unsigned char)*r->at)) r->at++;
}

static bool starts(const reader *r, const char *word) {
    size_t n = strlen(word);
    return (size_t)(r->end - r->at) >= n && memcmp(r->at, word, n) == 0;
}

static bool take(reader *r, const char *word) {
    if (!starts(r, word)) return false;
    r->at += strlen(word);
    return true;
}

static bool at_end_of_word(const reader *r) {
    return r->at == r->end || isspace((unsigned char)*r->at) || strchr(",])[", *r->at);
}

static int digits(reader *r) {
    int n = 0;
    while (r->at < r->end && isdigit((unsigned char)*r->at)) r->at++, n++;
    return n;
}

/* Moves over one entry; false where there is none. */
static bool scan_entry(reader *r, entry_type *type) {
    if (take(r, "True") || take(r, "False")) {
        *type = ENTRY_BOOL;
        return at_end_of_word(r);
    }
    if (r->at < r->end && (*r->at == '+' || *r->at == '-')) r->at++;
    *type = ENTRY_FLOAT;
    if (take(r, "nan") || take(r, "inf")) return at_end_of_word(r);
    int before = digits(r), after = 0;
    bool point = take(r, ".");
    if (point) after = digits(r);
    if (!before && !after) return false;
    bool exponent = take(r, "e") || take(r, "E");
    if (exponent) {
        if (!take(r, "+")) take(r, "-");
        if (!digits(r)) return false;
    }
    if (!point && !exponent) *type = ENTRY_INT;
    return at_end_of_word(r);
}

static lsv_status note_entry(reader *r, const char *start) {
    if (r->count == r->capacity) {
        ptrdiff_t capacity = r->capacity ? r->capacity * 2 : 64, bytes;
        const char **entries =
            lsv_mul_size(capacity, sizeof *entries, &bytes) ? lsv_realloc(r->entries, (size_t)bytes) : NULL;
        if (!entries) return lsv_no_memory(r->err, (size_t)capacity * sizeof *entries);
        r->entries = entries;
        r->capacity = capacity;
    }
    r->entries[r->count++] = start;
    return LSV_OK;
}

static lsv_status abbreviated(reader *r) {
    lsv_fail(r->err, LSV_EVALUE,
             "the array was abbreviated with \"...\" when it was printed; its entries are not in the text");
    lsv_hint(r->err, "print it in full first: set_printoptions(threshold=...) above its number of elements");
    return LSV_EVALUE;
}

/* "row 2", or "row [0, 2]" further in. */
static void row_name(const reader *r, int depth, char *to, size_t room) {
    size_t n = (size_t)snprintf(to, room, depth > 1 ? "row [" : "row ");
    for (int i = 0; i < depth && n < room; i++)
        n += (size_t)snprintf(to + n, room - n, "%s%td", i ? ", " : "", r->index[i]);
    if (depth > 1 && n < room) snprintf(to + n, room - n, "]");
}

static lsv_status close_row(reader *r, int depth, ptrdiff_t n) {
    if (r->shape[depth] < 0) r->shape[depth] = n;
    if (r->shape[depth] == n) return LSV_OK;
    char name[LSV_MAXDIM * 24];
    row_name(r, depth, name, sizeof name);
    return lsv_fail(r->err, LSV_EVALUE, "%s has %td entr%s, the rows before it have %td", name, n,
                    n == 1 ? "y" : "ies", r->shape[depth]);
}

static lsv_status mixed(reader *r, int depth) {
    char name[LSV_MAXDIM * 24];
    if (!depth) return wrong(r, "expected one array");
    row_name(r, depth, name, sizeof name);
    return lsv_fail(r->err, LSV_EVALUE, "%s is nested to another depth than what stands before it", name);
}

static lsv_status read_value(reader *r, int depth) {
    skip_space(r);
    if (starts(r, "...")) return abbreviated(r);
    if (!starts(r, "[")) {
        const char *start = r->at;
        entry_type type;
        if (!scan_entry(r, &type)) {
            r->at = start;
            return wrong(r, "expected a number");
        }
        if (r->ndim >= 0 && r->ndim != depth) return mixed(r, depth);
        r->ndim = depth;
        if (type > r->type) r->type = type;
        return note_entry(r, start);
    }
    if (depth == LSV_MAXDIM) return lsv_fail(r->err, LSV_EVALUE, "more than %d dimensions", LSV_MAXDIM);
    if (r->ndim >= 0 && r->ndim <= depth) return mixed(r, depth);
    if (depth <= 1) LSV_TRY(lsv_poll(r->err));
    r->at++;
    ptrdiff_t n = 0;
    for (;; n++) {
        skip_space(r);
        if (n && take(r, ",")) skip_space(r);
        if (take(r, "]")) break;
        r->index[depth] = n;
        LSV_TRY(read_value(r, depth + 1));
    }
    if (!n && r->ndim < 0) r->ndim = depth + 1;
    if (!n && r->ndim != depth + 1) return mixed(r, depth);
    return close_row(r, depth, n);
}

/* ---- what follows the numbers ---- */

static lsv_status read_dtype(reader *r) {
    char name[32];
    size_t n = 0;
    bool quoted = take(r, "'") || take(r, "\"");
    if (!take(r, "torch.") && !take(r, "np.")) take(r, "numpy.");
    while (r->at < r->end && n + 1 < sizeof name &&
           (isalnum((unsigned char)*r->at) || strchr("_<>=|?", *r->at)))
        name[n++] = *r->at++;
    name[n] = 0;
    if (quoted && !take(r, "'") && !take(r, "\"")) return wrong(r, "expected a quote");
    if (!lsv_dtype_parse(name, &r->dtype)) return lsv_fail(r->err, LSV_EVALUE, "unknown dtype \"%s\"", name);
    r->has_dtype = true;
    return LSV_OK;
}

static lsv_status read_shape(reader *r) {
    bool bracket = take(r, "torch.Size([");
    if (!bracket && !take(r, "(")) return wrong(r, "expected a shape");
    r->given_ndim = 0;
    for (;;) {
        skip_space(r);
        if (take(r, bracket ? "])" : ")")) break;
        ptrdiff_t size = 0;
        const char *start = r->at;
        for (; r->at < r->end && isdigit((unsigned char)*r->at); r->at++)
            if (!lsv_mul_size(size, 10, &size) || !lsv_add_size(size, *r->at - '0', &size))
                return wrong(r, "expected a smaller length");
        if (r->at == start || r->given_ndim == LSV_MAXDIM) return wrong(r, "expected a length");
        r->given_shape[r->given_ndim++] = size;
        skip_space(r);
        take(r, ",");
    }
    r->has_shape = true;
    return LSV_OK;
}

static lsv_status skip_word(reader *r) {
    const char *start = r->at;
    while (r->at < r->end && *r->at != ',' && *r->at != ')' && !isspace((unsigned char)*r->at)) r->at++;
    return r->at > start ? LSV_OK : wrong(r, "expected a value");
}

static lsv_status read_suffixes(reader *r) {
    for (;;) {
        skip_space(r);
        if (take(r, ",")) skip_space(r);
        if (take(r, ")")) return LSV_OK;
        if (take(r, "dtype=")) LSV_TRY(read_dtype(r));
        else if (take(r, "shape=") || take(r, "size=")) LSV_TRY(read_shape(r));
        else if (take(r, "requires_grad=True")) r->flags |= LSV_REQUIRES_GRAD;
        else if (take(r, "requires_grad=") || take(r, "device=") || take(r, "grad_fn="))
            LSV_TRY(skip_word(r));
        else return wrong(r, "expected dtype=, shape= or \")\"");
    }
}

static lsv_status read_text(reader *r) {
    skip_space(r);
    if (take(r, "Parameter containing:")) {
        r->flags |= LSV_PARAMETER;
        skip_space(r);
    }
    bool call = true;
    if (take(r, "tensor(") || take(r, "torch.tensor(")) r->kind = LSV_TORCH;
    else call = take(r, "array(") || take(r, "np.array(");
    LSV_TRY(read_value(r, 0));
    if (call) LSV_TRY(read_suffixes(r));
    skip_space(r);
    if (r->kind != LSV_TORCH) r->flags = 0;
    return r->at == r->end ? LSV_OK : wrong(r, "expected nothing more");
}

/* ---- conversion ---- */

/* The entry at `s` in the format of `dtype`; single: rounded to float32 at once, since
   rounding to float64 in between could go astray. False when memory runs out. */
static bool decimal(const char *s, const char *end, bool single, double *out) {
    char word[64], *copy = word;
    size_t n = 0;
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    uint64_t mantissa = 0;
    int power = 0, exponent = 0, kept = 0;
    bool point = false, in_exponent = false, minus = false, simple = !single;
    for (; s + n < end && (isalnum((unsigned char)s[n]) || strchr("+-.", s[n])); n++) {
        int digit = s[n] - '0';
        if (s[n] == '.') point = true;
        else if (s[n] == 'e' || s[n] == 'E') in_exponent = true;
        else if (isalpha((unsigned char)s[n])) simple = false; /* nan, inf */
        else if (in_exponent && s[n] == '-') minus = true;
        else if (!isdigit((unsigned char)s[n])) continue;
        else if (in_exponent) exponent = exponent < 1000 ? exponent * 10 + digit : exponent;
        else {
            if (kept || digit) kept++;
            if (kept <= 15) mantissa = mantissa * 10 + (uint64_t)digit, power -= point;
        }
    }
    power += minus ? -exponent : exponent;
    if (simple && kept <= 15 && power >= -22 && power <= 22) { /* two exact numbers, one rounding */
        double x = power < 0 ? (double)mantissa / powers[-power] : (double)mantissa * powers[power];
        *out = s[0] == '-' ? -x : x;
        return true;
    }
    if (n >= sizeof word) { /* long only by hand: a printed number has less than 30 characters */
        copy = lsv_malloc(n + 1);
        if (!copy) return false;
    }
    memcpy(copy, s, n);
    copy[n] = 0;
    *out = single ? (double)strtof(copy, NULL) : strtod(copy, NULL);
    if (copy != word) lsv_free(copy);
    return true;
}

static bool integer(const char *s, const char *end, int64_t *out) {
    bool minus = *s == '-';
    if (*s == '-' || *s == '+') s++;
    int64_t x = 0;
    for (; s < end && isdigit((unsigned char)*s); s++) {
        int digit = minus ? '0' - *s : *s - '0';
        if (__builtin_mul_overflow(x, (int64_t)10, &x) || __builtin_add_overflow(x, (int64_t)digit, &x))
            return false;
    }
    *out = x;
    return true;
}

static lsv_status convert(reader *r, lsv_array *a) {
    lsv_dtype dtype = (lsv_dtype)a->dtype;
    size_t item = lsv_dtype_size(dtype);
    for (ptrdiff_t i = 0; i < r->count; i++) {
        const char *s = r->entries[i];
        lsv_scalar x;
        if (*s == 'T' || *s == 'F') x = lsv_scalar_bool(*s == 'T');
        else if (lsv_dtype_is_float(dtype) || r->type == ENTRY_FLOAT) {
            double f;
            if (!decimal(s, r->end, dtype == LSV_FLOAT32, &f)) return lsv_no_memory(r->err, 64);
            x = lsv_scalar_float(f);
        } else {
            int64_t n;
            if (!integer(s, r->end, &n))
                return lsv_fail(r->err, LSV_EOVERFLOW, "the integer at entry %td does not fit 64 bits", i);
            x = lsv_scalar_int(n);
        }
        lsv_store(dtype, a->data + (size_t)i * item, x);
    }
    return LSV_OK;
}

static lsv_status build(reader *r, lsv_array **out) {
    if (r->has_shape && !r->count) {
        r->ndim = r->given_ndim;
        memcpy(r->shape, r->given_shape, sizeof r->shape);
    }
    lsv_dtype real = r->kind == LSV_TORCH ? LSV_FLOAT32 : LSV_FLOAT64;
    lsv_dtype dtype = r->has_dtype                          ? r->dtype
                      : !r->count || r->type == ENTRY_FLOAT ? real
                      : r->type == ENTRY_BOOL               ? LSV_BOOL
                                                            : LSV_INT64;
    lsv_array *a;
    LSV_TRY(lsv_empty(r->kind, dtype, r->ndim, r->shape, &a, r->err));
    lsv_status status = LSV_OK;
    if (a->size != r->count) status = lsv_fail(r->err, LSV_EVALUE, "the shape does not go with the entries");
    if (status == LSV_OK) status = convert(r, a);
    if (status != LSV_OK) {
        lsv_release(a);
        return status;
    }
    a->flags |= r->flags;
    *out = a;
    return LSV_OK;
}

lsv_status lsv_text_read_array(const char *text, size_t n, lsv_array **out, lsv_error *err) {
    reader r = {.at = text, .end = text + n, .err = err, .ndim = -1, .kind = LSV_NUMPY};
    for (int i = 0; i < LSV_MAXDIM; i++) r.shape[i] = -1;
    lsv_status status = read_text(&r);
    if (status == LSV_OK) status = build(&r, out);
    lsv_free(r.entries);
    return status;
}
