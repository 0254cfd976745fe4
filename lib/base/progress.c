/* The hook belongs to the thread that set it: iterations on other threads are silent. */
#include "base/progress.h"

#include <stddef.h>

static _Thread_local struct {
    void (*tell)(void *, const lsv_progress *);
    void *ctx;
} hook;

void lsv_progress_hook(void (*tell)(void *ctx, const lsv_progress *p), void *ctx) {
    hook.tell = tell;
    hook.ctx = ctx;
}

void lsv_progress_step(const char *what, long step, long steps, double residual, double goal) {
    if (!hook.tell) return;
    lsv_progress p = {what, step, steps, residual, goal, -1, -1};
    hook.tell(hook.ctx, &p);
}

void lsv_progress_wait(const char *what, double elapsed, double estimate) {
    if (!hook.tell) return;
    lsv_progress p = {what, -1, -1, -1, -1, elapsed, estimate};
    hook.tell(hook.ctx, &p);
}
