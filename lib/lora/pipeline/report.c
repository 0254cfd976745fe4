/* What jobs report: layers, one by one to the client and all together in a list. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/alloc.h"
#include "lora/pipeline/inside.h"

const char *lsv_layer_state_name(lsv_layer_state s) {
    static const char *const names[] = {"done", "unchanged", "below", "kept", "dropped", "copied", "missing", "shape"};
    return names[s];
}

void lsv_report_free(lsv_report *r) {
    for (ptrdiff_t i = 0; i < r->n; i++) lsv_free(r->layers[i].name);
    lsv_free(r->layers);
    *r = (lsv_report){0};
}

lsv_status lsv_report_add(lsv_report *r, const lsv_pipeline_client *client, const lsv_layer *l, int64_t bytes, lsv_error *err) {
    if (r->n == r->room) {
        ptrdiff_t room = r->room + r->room / 2 + 32;
        lsv_layer *more = lsv_realloc(r->layers, (size_t)room * sizeof *more);
        if (!more) return lsv_no_memory(err, (size_t)room * sizeof *more);
        r->layers = more;
        r->room = room;
    }
    lsv_layer copy = *l;
    if (!(copy.name = lsv_strdup(l->name))) return lsv_no_memory(err, strlen(l->name));
    r->layers[r->n++] = copy;
    r->bytes_read += bytes;
    if (client && client->layer) client->layer(client->ctx, l, bytes);
    return LSV_OK;
}

void lsv_report_total(lsv_report *r) {
    double norm = 0, error = 0;
    bool errors = false;
    for (ptrdiff_t i = 0; i < r->n; i++) {
        const lsv_layer *l = &r->layers[i];
        if (!isfinite(l->norm) || l->output > 0) continue;
        double left = l->state == LSV_LAYER_KEPT ? 0 : isfinite(l->error) ? l->error * l->norm : l->norm;
        if (l->state == LSV_LAYER_COPIED || l->state == LSV_LAYER_UNCHANGED) left = 0;
        norm += l->norm * l->norm;
        errors = errors || isfinite(l->error);
        error += left * left;
    }
    r->norm = sqrt(norm);
    r->error = errors && norm > 0 ? sqrt(error / norm) : errors ? 0 : (double)NAN;
}

void lsv_tell_phase(const lsv_pipeline_client *c, const char *what, ptrdiff_t layers, int64_t bytes) {
    if (c && c->phase) c->phase(c->ctx, what, layers, bytes);
}

void lsv_tell_begin(const lsv_pipeline_client *c, const char *layer) {
    if (c && c->begin) c->begin(c->ctx, layer);
}

void lsv_tell(const lsv_pipeline_client *c, const char *format, ...) {
    char text[600];
    va_list args;
    if (!c || !c->note) return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    c->note(c->ctx, text);
}

double lsv_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
