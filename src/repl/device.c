/* Choosing where linear algebra runs, and saying where it did. */
#include "repl/device.h"

#include "backend/backend.h"
#include "lang/eval/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- options ---- */

/* PyTorch's name is taken, too. */
static const char *plain_name(const char *name) { return strcmp(name, "cuda") == 0 ? "gpu" : name; }

int device_begin(const char *name) {
    lsv_error err = {0};
    const char *from = name ? "--device" : "LSV_DEVICE", *asked = name ? name : getenv("LSV_DEVICE");
    if (!asked || !*asked || lsv_backend_set(plain_name(asked), &err) == LSV_OK) return -1;
    fprintf(stderr, "lsv: %s: %s\n", from, err.message);
    if (err.hint[0]) fprintf(stderr, "hint: %s\n", err.hint);
    return EXIT_SYNTAX;
}

static void step(void *context, const char *what, int done, int of) {
    (void)context;
    fprintf(stderr, "[%d/%d] %s\n", done + 1, of, what);
}

int device_calibrate(void) {
    lsv_error err = {0};
    if (lsv_backend_calibrate(step, NULL, &err) == LSV_OK) {
        puts("measured: from here on `auto` decides by this machine's own times");
        return EXIT_OK;
    }
    fprintf(stderr, "lsv: --calibrate: %s\n", err.message);
    if (err.hint[0]) fprintf(stderr, "hint: %s\n", err.hint);
    return EXIT_ERROR;
}

/* ---- notices ---- */

static bool lost; /* a storage was lost since the last cell */

static void on_notice(void *context, const char *line) {
    session *s = context;
    char whole[512];
    snprintf(whole, sizeof whole, "lsv: %s", line);
    if (s->in && s->in->client.warn) s->in->client.warn(s->in->client.ctx, whole);
}

static void on_lost(void *context, struct lsv_storage *storage) {
    (void)context;
    (void)storage;
    lost = true;
}

void device_watch(session *s) {
    lsv_backend_on_notice(on_notice, s);
    lsv_backend_on_lost(on_lost, s);
}

void device_after_cell(session *s) {
    if (!lost) return;
    lost = false;
    ls_device_lost(s->in);
}

void device_warm(void) {
    if (strcmp(lsv_backend_get(), "cpu") != 0) lsv_backend_warm();
}

/* ---- %device ---- */

static void show_device(session *s) {
    lsv_gpu_info info;
    const char *mode = lsv_backend_get(), *why = NULL;
    if (strcmp(mode, "cpu") == 0) session_printf(s, "device: cpu (cuda is the CPU, too)\n");
    else if (lsv_gpu_count(&why) > 0 && lsv_gpu_describe(&info, NULL) == LSV_OK)
        session_printf(s, "device: %s (cuda:0 is %s, %.1f of %.1f GiB free)\n", mode, info.name, (double)info.bytes_free / 0x1p30,
                       (double)info.bytes_total / 0x1p30);
    else session_printf(s, "device: %s (no GPU: %s)\n", mode, why ? why : "none was found");
}

bool device_magic(session *s, const char *arg) {
    char name[32];
    lsv_error err = {0};
    size_t n = strcspn(arg, " \t");
    snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : sizeof name - 1), arg + (*arg == '\'' || *arg == '"'));
    name[strcspn(name, "'\"")] = 0;
    if (strcmp(name, "explain") == 0) {
        const char *text = lsv_backend_explain();
        size_t length = strlen(text);
        session_printf(s, "%s%s", text, length && text[length - 1] == '\n' ? "" : "\n");
        return true;
    }
    if (*name && lsv_backend_set(plain_name(name), &err) != LSV_OK) return ls_raise_lsv(s->in, &err);
    s->in->cuda_mapped = false; /* the next use says so again */
    show_device(s);
    return true;
}
