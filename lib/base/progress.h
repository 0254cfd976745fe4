/* How far long work is: the library tells, a client draws. Nothing here prints. */
#ifndef LSV_BASE_PROGRESS_H
#define LSV_BASE_PROGRESS_H

/* One report. What is not known is negative. */
typedef struct lsv_progress {
    const char *what;        /* "svd 4096x4096 float64", "truncated svd"; valid during the call only */
    long step, steps;        /* iterations done, and at most or in all                             */
    double residual, goal;   /* how far from done, and how far is near enough                      */
    double elapsed, estimate;/* seconds of a call that reports nothing itself, and what the time model expects of it */
} lsv_progress;

/* Who is told, on the thread that computes; NULL (as at the start): nobody. Calls come as often as
   iterations do: the client decides how often it draws. */
void lsv_progress_hook(void (*tell)(void *ctx, const lsv_progress *p), void *ctx);

/* One iteration of `what` is done: step of at most steps, the residual now and its goal (negative: unknown). */
void lsv_progress_step(const char *what, long step, long steps, double residual, double goal);

/* Inside a call that says nothing itself. */
void lsv_progress_wait(const char *what, double elapsed, double estimate);

#endif
