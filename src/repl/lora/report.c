/* Reports of `lsv lora`: a table for people, JSON for machines, one line for an error. */
#include "repl/lora/inside.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/text.h"

/* ---- numbers as people read them ---- */

const char *lora_bytes(double bytes, char buffer[32]) {
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    int u = 0;
    while (bytes >= 999.5 && u < 4) bytes /= 1000, u++;
    snprintf(buffer, 32, bytes < 9.95 && u > 0 ? "%.1f %s" : "%.0f %s", bytes, units[u]);
    return buffer;
}

const char *lora_time(double seconds, char buffer[32]) {
    if (!(seconds >= 0) || seconds > 3.6e6) snprintf(buffer, 32, "?");
    else if (seconds < 10) snprintf(buffer, 32, "%.1f s", seconds);
    else if (seconds < 60) snprintf(buffer, 32, "%.0f s", seconds);
    else if (seconds < 3600) snprintf(buffer, 32, "%d:%02d", (int)seconds / 60, (int)seconds % 60);
    else snprintf(buffer, 32, "%d:%02d:%02d", (int)seconds / 3600, (int)seconds / 60 % 60, (int)seconds % 60);
    return buffer;
}

/* ---- the table ---- */

typedef struct column {
    const char *head;
    unsigned commands;
    bool left;
    void (*text)(const lsv_layer *l, char *out, size_t n);
} column;

static void number(double x, char *out, size_t n) {
    if (isnan(x)) snprintf(out, n, "-");
    else if (x != 0 && (fabs(x) < 1e-3 || fabs(x) >= 1e5)) snprintf(out, n, "%.2e", x);
    else snprintf(out, n, "%.4f", x);
}

static void name_text(const lsv_layer *l, char *out, size_t n) { snprintf(out, n, "%s", l->name); }
static void shape_text(const lsv_layer *l, char *out, size_t n) {
    size_t used = 0;
    snprintf(out, n, "%s", l->ndim ? "" : "scalar");
    for (int i = 0; i < l->ndim && used < n; i++) used += (size_t)snprintf(out + used, n - used, i ? "x%td" : "%td", l->shape[i]);
}
static void rank_text(const lsv_layer *l, char *out, size_t n) {
    if (l->rank >= 0) snprintf(out, n, "%td", l->rank);
    else snprintf(out, n, "-");
}
static void before_text(const lsv_layer *l, char *out, size_t n) {
    if (l->before >= 0) snprintf(out, n, "%td", l->before);
    else snprintf(out, n, "-");
}
static void error_text(const lsv_layer *l, char *out, size_t n) {
    if (isnan(l->error)) snprintf(out, n, "%s", lsv_layer_state_name(l->state));
    else number(l->error, out, n);
}
static void state_text(const lsv_layer *l, char *out, size_t n) { snprintf(out, n, "%s", l->state == LSV_LAYER_DONE ? "" : lsv_layer_state_name(l->state)); }
static void floor_text(const lsv_layer *l, char *out, size_t n) { number(l->floor, out, n); }
static void norm_text(const lsv_layer *l, char *out, size_t n) { number(l->norm, out, n); }
static void relative_text(const lsv_layer *l, char *out, size_t n) { number(l->relative, out, n); }
static void alpha_text(const lsv_layer *l, char *out, size_t n) { snprintf(out, n, isnan(l->alpha) ? "-" : "%g", l->alpha); }
static void scale_text(const lsv_layer *l, char *out, size_t n) { snprintf(out, n, isnan(l->scale) ? "-" : "%.4g", l->scale); }
static void dtype_text(const lsv_layer *l, char *out, size_t n) { snprintf(out, n, "%s", l->dtype); }

#define ON(c) (1u << LORA_##c)
static const column columns[] = {
    {"layer", ~0u, true, name_text},
    {"shape", ~0u, true, shape_text},
    {"of rank", ON(RESIZE) | ON(MERGE), false, before_text},
    {"rank", ~0u & ~ON(DIFF), false, rank_text},
    {"alpha", ON(INFO) | ON(CONVERT), false, alpha_text},
    {"scale", ON(INFO) | ON(CONVERT), false, scale_text},
    {"dtype", ON(INFO) | ON(CONVERT), true, dtype_text},
    {"error", ON(EXTRACT) | ON(RESIZE) | ON(MERGE) | ON(VERIFY), false, error_text},
    {"rounding", ON(EXTRACT), false, floor_text},
    {"|dW|", ON(INFO) | ON(APPLY) | ON(DIFF) | ON(MERGE) | ON(RESIZE), false, norm_text},
    {"|dW|/|W|", ON(EXTRACT) | ON(APPLY) | ON(VERIFY) | ON(DIFF), false, relative_text},
    {"", ON(APPLY) | ON(DIFF), true, state_text},
};
enum { COLUMNS = sizeof columns / sizeof *columns };

static bool listed(const lora_options *o, const lsv_layer *l) {
    return o->all || (l->state != LSV_LAYER_UNCHANGED && l->state != LSV_LAYER_COPIED);
}

static void print_row(const int *widths, char cells[COLUMNS][256]) {
    lsv_text line = {0};
    for (int c = 0; c < COLUMNS; c++) {
        if (widths[c] < 0) continue;
        int pad = widths[c] - (int)strlen(cells[c]);
        if (line.length) lsv_text_puts(&line, "  ");
        if (!columns[c].left) lsv_text_fill(&line, ' ', (size_t)(pad > 0 ? pad : 0));
        lsv_text_puts(&line, cells[c]);
        if (columns[c].left) lsv_text_fill(&line, ' ', (size_t)(pad > 0 ? pad : 0));
    }
    while (line.length && line.data[line.length - 1] == ' ') line.length--;
    printf("%.*s\n", (int)line.length, line.data ? line.data : "");
    lsv_text_free(&line);
}

static void print_table(const lora_options *o, const lsv_report *r) {
    int widths[COLUMNS];
    char cells[COLUMNS][256];
    ptrdiff_t rows = 0;
    for (int c = 0; c < COLUMNS; c++) widths[c] = columns[c].commands & 1u << o->command ? (int)strlen(columns[c].head) : -1;
    for (ptrdiff_t i = 0; i < r->n; i++) {
        if (!listed(o, &r->layers[i])) continue;
        rows++;
        for (int c = 0; c < COLUMNS; c++) {
            columns[c].text(&r->layers[i], cells[c], sizeof cells[c]);
            if (widths[c] >= 0 && (int)strlen(cells[c]) > widths[c]) widths[c] = (int)strlen(cells[c]);
        }
    }
    if (!rows) return;
    for (int c = 0; c < COLUMNS; c++) snprintf(cells[c], sizeof cells[c], "%s", columns[c].head);
    print_row(widths, cells);
    for (ptrdiff_t i = 0; i < r->n; i++) {
        const lsv_layer *l = &r->layers[i];
        if (!listed(o, l)) continue;
        for (int c = 0; c < COLUMNS; c++) columns[c].text(l, cells[c], sizeof cells[c]);
        print_row(widths, cells);
    }
}

static ptrdiff_t count(const lsv_report *r, lsv_layer_state s) {
    ptrdiff_t n = 0;
    for (ptrdiff_t i = 0; i < r->n; i++) n += r->layers[i].state == s;
    return n;
}

static void print_summary(const lora_options *o, const lsv_report *r) {
    static const struct { lsv_layer_state state; const char *text; } states[] = {
        {LSV_LAYER_UNCHANGED, "unchanged"}, {LSV_LAYER_BELOW, "of rank 0"}, {LSV_LAYER_KEPT, "kept whole"}, {LSV_LAYER_DROPPED, "left out"}, {LSV_LAYER_COPIED, "copied"}, {LSV_LAYER_MISSING, "missing"}};
    char b[32];
    const char *what = o->command == LORA_DIFF ? "different" : o->command == LORA_APPLY ? "changed" : o->command == LORA_EXTRACT ? "factored" : "modules";
    printf("%td %s", count(r, LSV_LAYER_DONE), what);
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (count(r, states[i].state)) printf(", %td %s", count(r, states[i].state), states[i].text);
    bool errors = o->command == LORA_EXTRACT || o->command == LORA_VERIFY || o->command == LORA_RESIZE || (o->command == LORA_MERGE && !o->ranks);
    if (errors && r->norm > 0) printf("; error of the whole %.3g", r->error);
    if (o->output && r->bytes_written > 0) printf("; %s in %s", lora_bytes((double)r->bytes_written, b), o->output);
    if (r->bytes_read > 0 && r->seconds > 0) printf("; %s", lora_time(r->seconds, b));
    putchar('\n');
}

/* ---- JSON ---- */

static void json_string(const char *s) {
    putchar('"');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\') printf("\\%c", c);
        else if (c < 0x20 || c == 0x7f) printf("\\u%04x", c);
        else putchar(c);
    }
    putchar('"');
}

static void json_number(const char *key, double x) {
    if (!isfinite(x)) return;
    lsv_text t = {0};
    lsv_text_float(&t, x);
    printf(", \"%s\": %s", key, t.data ? t.data : "null");
    lsv_text_free(&t);
}

static void json_count(const char *key, ptrdiff_t x) {
    if (x >= 0) printf(", \"%s\": %td", key, x);
}

static void json_layer(const lsv_layer *l) {
    printf("    {\"name\": ");
    json_string(l->name);
    printf(", \"state\": \"%s\", \"shape\": [", lsv_layer_state_name(l->state));
    for (int i = 0; i < l->ndim; i++) printf(i ? ", %td" : "%td", l->shape[i]);
    putchar(']');
    json_count("rank", l->rank);
    json_count("rank_before", l->before);
    json_count("output", l->output);
    json_number("error", l->error);
    json_number("rounding", l->floor);
    json_number("norm", l->norm);
    json_number("relative", l->relative);
    json_number("alpha", l->alpha);
    json_number("scale", l->scale);
    if (l->dtype && *l->dtype) printf(", \"dtype\": \"%s\"", l->dtype);
    json_number("seconds", l->seconds);
    if (l->resumed) printf(", \"resumed\": true");
    putchar('}');
}

static void json_settings(const lsv_adapter *a) {
    printf(",\n  \"format\": \"%s\",\n  \"settings\": {", lsv_adapter_format_name(lsv_adapter_format_of(a)));
    for (ptrdiff_t i = 0; i < lsv_adapter_settings(a); i++) {
        const char *json, *key = lsv_adapter_setting_at(a, i, &json);
        printf(i ? ", " : "");
        json_string(key);
        printf(": %s", json);
    }
    printf("},\n  \"metadata\": {");
    const char *key, *value;
    for (ptrdiff_t i = 0; lsv_adapter_metadata(a, i, &key, &value); i++) {
        printf(i ? ", " : "");
        json_string(key);
        printf(": ");
        json_string(value);
    }
    printf("},\n  \"tensors\": [");
    for (ptrdiff_t i = 0; i < lsv_adapter_tensors(a); i++) {
        const lsv_adapter_tensor *t = lsv_adapter_tensor_at(a, i);
        printf(i ? ", {\"name\": " : "{\"name\": ");
        json_string(t->name);
        printf(", \"dtype\": \"%s\", \"shape\": [", t->type);
        for (int k = 0; k < t->ndim; k++) printf(k ? ", %td" : "%td", t->shape[k]);
        printf("]}");
    }
    printf("],\n  \"notes\": [");
    for (ptrdiff_t i = 0; lsv_adapter_note(a, i); i++) {
        printf(i ? ", " : "");
        json_string(lsv_adapter_note(a, i));
    }
    putchar(']');
}

static void print_json(const lora_options *o, const lsv_report *r, const lsv_adapter *adapter) {
    printf("{\n  \"command\": \"%s\"", lora_pages[o->command].name);
    if (o->output) {
        printf(",\n  \"output\": ");
        json_string(o->output);
    }
    if (adapter) json_settings(adapter);
    printf(",\n  \"layers\": [");
    for (ptrdiff_t i = 0; i < r->n; i++) {
        printf(i ? ",\n" : "\n");
        json_layer(&r->layers[i]);
    }
    printf("%s],\n  \"count\": %td", r->n ? "\n  " : "", r->n);
    json_number("norm", r->norm);
    json_number("error", r->error);
    printf(", \"bytes_read\": %lld, \"bytes_written\": %lld", (long long)r->bytes_read, (long long)r->bytes_written);
    json_number("flops", r->flops);
    json_number("seconds", r->seconds);
    if (r->finished) printf(", \"finished_earlier\": true");
    printf("\n}\n");
}

/* ---- info's head ---- */

static void print_settings(const lsv_adapter *a) {
    const char *key, *value;
    printf("%s: %s\n", lsv_adapter_path(a) ? lsv_adapter_path(a) : "adapter", lsv_adapter_format_name(lsv_adapter_format_of(a)));
    for (ptrdiff_t i = 0; i < lsv_adapter_settings(a); i++) {
        const char *json;
        key = lsv_adapter_setting_at(a, i, &json);
        if (strcmp(json, "null") != 0 && strcmp(json, "[]") != 0 && strcmp(json, "{}") != 0)
            printf("  %s: %.160s%s\n", key, json, strlen(json) > 160 ? "..." : "");
    }
    for (ptrdiff_t i = 0; lsv_adapter_metadata(a, i, &key, &value); i++) printf("  [%s] %.160s%s\n", key, value, strlen(value) > 160 ? "..." : "");
    for (ptrdiff_t i = 0; i < lsv_adapter_tensors(a); i++) {
        const lsv_adapter_tensor *t = lsv_adapter_tensor_at(a, i);
        lsv_layer l = {.ndim = t->ndim};
        char shape[160];
        memcpy(l.shape, t->shape, sizeof l.shape);
        shape_text(&l, shape, sizeof shape);
        printf("  whole tensor: %s %s %s\n", t->name, shape, t->type);
    }
    for (ptrdiff_t i = 0; lsv_adapter_note(a, i); i++) printf("  note: %s\n", lsv_adapter_note(a, i));
}

/* ---- what main calls ---- */

void lora_print_report(const lora_options *o, const lsv_report *r, lsv_adapter *adapter) {
    if (o->json) {
        print_json(o, r, adapter);
        return;
    }
    if (o->quiet) return;
    if (adapter) print_settings(adapter);
    if (r->finished) {
        printf("%s was complete already\n", o->output);
        return;
    }
    print_table(o, r);
    print_summary(o, r);
}

void lora_layer_line(const lora_options *o, const lsv_layer *l, char *text, size_t n) {
    char shape[160], error[48] = "";
    shape_text(l, shape, sizeof shape);
    if (!isnan(l->error)) {
        number(l->error, shape + 100, 48);
        snprintf(error, sizeof error, ", error %.32s", shape + 100);
    }
    (void)o;
    if (l->rank > 0) snprintf(text, n, "%s %.90s: rank %td%s%s", l->name, shape, l->rank, error, l->resumed ? " (done before)" : "");
    else snprintf(text, n, "%s %.90s: %s%s", l->name, shape, lsv_layer_state_name(l->state), l->resumed ? " (done before)" : "");
}

void lora_print_estimate(const lora_options *o, const lsv_estimate *e) {
    char b[4][32];
    if (o->json) {
        printf("{\n  \"command\": \"%s\", \"dry_run\": true, \"layers\": %td, \"others\": %td, \"parameters\": %lld, \"bytes\": %lld, \"factor_bytes\": %lld, \"memory\": %lld",
               lora_pages[o->command].name, e->layers, e->others, (long long)e->parameters, (long long)e->bytes, (long long)e->factor_bytes, (long long)e->memory);
        json_number("flops", e->flops);
        json_number("flops_per_second", e->rate);
        json_number("bytes_per_second", e->read_rate);
        json_number("seconds", e->seconds);
        printf(", \"largest\": ");
        json_string(e->largest);
        printf("\n}\n");
        return;
    }
    printf("layers   %td (%.3g parameters), and %td other tensors\n", e->layers, (double)e->parameters, e->others);
    printf("read     %s\nwrite    %s\n", lora_bytes((double)e->bytes, b[0]), lora_bytes((double)e->factor_bytes, b[1]));
    printf("memory   %s beyond the page cache%s%s\n", lora_bytes((double)e->memory, b[2]), *e->largest ? ", for " : "", e->largest);
    if (e->flops > 0) printf("compute  %.3g flops at %.0f GFLOP/s, measured now\n", e->flops, e->rate / 1e9);
    printf("time     %s\n", lora_time(e->seconds, b[3]));
}

int lora_print_error(const lora_options *o, lsv_status status, const lsv_error *err) {
    if (status == LSV_EINTR) return LORA_INTERRUPTED; /* said already */
    fprintf(stderr, "lsv lora %s: %s\n", lora_pages[o->command].name, err->message);
    if (err->hint[0]) fprintf(stderr, "  %s\n", err->hint);
    if (o->json) {
        printf("{\n  \"command\": \"%s\",\n  \"error\": ", lora_pages[o->command].name);
        json_string(err->message);
        printf(",\n  \"class\": \"%s\",\n  \"hint\": ", lsv_status_class(status));
        json_string(err->hint);
        printf("\n}\n");
    }
    return LORA_ERROR;
}
