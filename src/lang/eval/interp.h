/* The interpreter as a library: text in, values, output and diagnostics out. It owns no
   terminal: what a program prints goes through a callback.

   Inside the language every function that can fail returns bool: true, or false with in->error
   set. Nothing here calls exit or longjmp. */
#ifndef LANG_EVAL_INTERP_H
#define LANG_EVAL_INTERP_H

#include "lang/eval/value.h"
#include "random/philox.h"
#include "lang/syntax/error.h"
#include "text/text.h"

struct lsv_figure; /* plot/figure.h */

typedef enum ls_echo { LS_ECHO_LAST_EXPR, LS_ECHO_LAST_EXPR_OR_ASSIGN, LS_ECHO_ALL, LS_ECHO_NONE, LS_ECHO_LAST } ls_echo;

/* A progress bar that moved, for the client to draw or not: tqdm's parameters and where it is. */
typedef struct ls_bar {
    int64_t id;                  /* of the bar, while there are several */
    const char *desc, *unit, *postfix; /* "" for none */
    int64_t done, total, initial; /* total -1: unknown; what was done at the start is part of done */
    double interval;             /* seconds between two drawings, at least */
    int columns, ascii;          /* 0: as wide as the terminal; -1: as the locale wants it */
    bool leave, scale, refresh, closed; /* stays at its end; 1.2M for 1200000; draw now; its last report */
} ls_bar;

/* Where output goes. write gets a program's own output; show gets the value of a cell (the
   client prints repr, with or without an Out label). */
typedef struct ls_client {
    void *ctx;
    void (*write)(void *ctx, const char *bytes, size_t n);
    /* print(…, flush=True): what was written goes out now; NULL: nothing is held back */
    void (*flush)(void *ctx);
    bool (*show)(void *ctx, struct ls_interp *in, ls_value v);   /* NULL: repr and a newline through write */
    /* A line that starts with % or ! (a magic), or a cell that starts with %%: the client runs it. NULL: a SyntaxError. */
    bool (*magic)(void *ctx, struct ls_interp *in, const char *line, size_t n);
    /* progress of a loop over tqdm(iterable, desc=…); NULL: silent */
    void (*progress)(void *ctx, const struct ls_bar *bar);
    /* one line of warning, without a newline, from a function that gave its result all the same; NULL: silent */
    void (*warn)(void *ctx, const char *line);
    /* a text of help, headings between \001 and \002 (lang/assist/help.h); NULL: plain, through write */
    void (*page)(void *ctx, const lsv_text *marked);
    /* a figure, drawn where the user looks; NULL: as text of 80 columns through write. False: in->error is set */
    bool (*figure)(void *ctx, struct ls_interp *in, const struct lsv_figure *f);
} ls_client;

typedef struct ls_interp {
    ls_client client;
    ls_error error;
    ls_echo echo;
    ls_dict *globals;            /* names of the session; kept in step with the VM's slots by interp.c */
    struct ls_globals *slots;    /* global variables by slot: resolved at compile time */
    lsv_numpy_options numpy_options;
    lsv_torch_options torch_options;
    lsv_rng numpy_rng, torch_rng; /* np.random.* and torch.* default streams; seeded from entropy at first use */
    bool numpy_seeded, torch_seeded, cuda_seeded;
    lsv_philox cuda_rng;         /* the stream of tensors on a GPU */
    lsv_dtype torch_default;     /* torch.get_default_dtype(): float32 */
    bool grad_enabled;           /* torch.no_grad clears it */
    bool devices;                /* a tensor has been put on a GPU in this session (device.h) */
    bool cuda_mapped;            /* it has been said that cuda is the CPU here */
    int torch_device;            /* torch.get_default_device(): 0 the host, 1 + n a GPU; -1: never set */
    int depth;                   /* nested calls; RecursionError beyond max_depth */
    int max_depth;               /* 1000, as Python */
    int blame;                   /* argument a builtin found at fault, -1: none (ls_blame) */
    struct ls_vm *vm;
    ls_link objects;             /* head of the list of cycle-capable objects */
    ls_dict *argv_dict;          /* unused slot for clients */
    ls_value figure;             /* the figure made last, for savefig; LS_UNSET: none */
    ls_value open_figure;        /* what matplotlib's functions draw into; shown when its cell ends */
    ls_value plot_settings;      /* matplotlib's rcParams, a dict; LS_UNSET: nobody has looked at them */
    void *session;               /* the client's own */
    struct ls_account *account;  /* what calls of linear algebra did; NULL: nobody asks (account.h) */
} ls_interp;

/* A new interpreter with all builtins, numpy and numpy.linalg names unprefixed. NULL: no memory. */
ls_interp *ls_interp_new(const ls_client *client);
void ls_interp_free(ls_interp *in);

/* Run one cell's source. Variables keep what they held before the statement that failed.
   false: in->error is set (SyntaxError: nothing ran). `%magic` lines and `%%` cells are handed to client.magic;
   the `%config InteractiveShell.ast_node_interactivity=…` line and `%%script echo …` cells are handled by the client too. */
bool ls_run_cell(ls_interp *in, ls_source *source);
/* Parse only (scripts are checked whole before anything runs); magics are skipped. */
bool ls_check_cell(ls_interp *in, ls_source *source);
/* Evaluate one expression text; *out owned. For magics, tests and other C programs. */
bool ls_eval_text(ls_interp *in, const char *text, ls_value *out);

/* Variables of the session (globals set by programs, not builtins). get: borrowed, LS_UNSET when absent. */
ls_value ls_global_get(ls_interp *in, const char *name);
bool ls_global_set(ls_interp *in, const char *name, ls_value v);
bool ls_global_delete(ls_interp *in, const char *name);
/* Visits user variables in order of definition; stop by returning false. */
void ls_global_each(ls_interp *in, bool (*visit)(void *ctx, const char *name, ls_value v), void *ctx);
/* What a bare name means now: global, else builtin; LS_UNSET when unknown. Owned. Never evaluates. */
ls_value ls_name_lookup(ls_interp *in, const char *name);
/* Names that start with prefix: globals, builtins, keywords; for completion. */
void ls_name_complete(ls_interp *in, const char *prefix, bool (*visit)(void *ctx, const char *name), void *ctx);

/* ---- errors from inside ---- each returns false, for `return ls_raise(…);` */
bool ls_raise(ls_interp *in, const char *type, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool ls_raise_lsv(ls_interp *in, const lsv_error *err);         /* a library error: class by status, blame, hint */
bool ls_no_memory(ls_interp *in);
bool ls_interrupted(ls_interp *in);                             /* an interrupt was asked for: true, and it is raised */
void ls_hint(ls_interp *in, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline void ls_blame(ls_interp *in, int argument) { in->blame = argument; }

/* ---- operations on values (operators.c, attributes.c, calls.c, repr.c) ---- results owned */
bool ls_binary(ls_interp *in, int op, ls_value a, ls_value b, ls_value *out);      /* ls_operator, also comparisons */
bool ls_binary_inplace(ls_interp *in, int op, ls_value a, ls_value b, ls_value *out); /* arrays, lists change in place */
bool ls_unary(ls_interp *in, int op, ls_value a, ls_value *out);
bool ls_truth(ls_interp *in, ls_value v, bool *out);             /* "The truth value of an array with more than one element is ambiguous…" */
bool ls_equal(ls_interp *in, ls_value a, ls_value b, bool *out); /* == as one bool (containers, `in`) */
bool ls_compare_less(ls_interp *in, ls_value a, ls_value b, bool *out); /* for sort, min, max */
bool ls_contains(ls_interp *in, ls_value container, ls_value item, bool *out);
bool ls_subscript(ls_interp *in, ls_value a, ls_value index, ls_value *out);
bool ls_subscript_set(ls_interp *in, ls_value a, ls_value index, ls_value v);
bool ls_subscript_delete(ls_interp *in, ls_value a, ls_value index);
bool ls_attribute(ls_interp *in, ls_value a, const char *name, ls_value *out);
bool ls_attribute_set(ls_interp *in, ls_value a, const char *name, ls_value v);
bool ls_call(ls_interp *in, ls_value f, const ls_value *args, int nargs, ls_value *out);
/* keywords: names[i] goes with args[nargs + i] */
bool ls_call_kw(ls_interp *in, ls_value f, const ls_value *args, int nargs, const char *const *names, int nkw, ls_value *out);
bool ls_length(ls_interp *in, ls_value v, ptrdiff_t *out);
/* Iteration. ls_iterate gives an LS_ITER for any iterable (arrays by first axis); ls_next as ls_next_fn. */
bool ls_iterate(ls_interp *in, ls_value v, ls_value *iter);
bool ls_next(ls_interp *in, ls_value iter, ls_value *out);
bool ls_to_list(ls_interp *in, ls_value iterable, ls_value *list); /* a new list; where it fails, nothing to drop */

bool ls_repr(ls_interp *in, lsv_text *t, ls_value v);
bool ls_str_text(ls_interp *in, lsv_text *t, ls_value v);         /* str(v) */
bool ls_format(ls_interp *in, lsv_text *t, ls_value v, const char *spec, size_t n); /* format(v, spec) */

/* ---- conversions for builtins ---- `what` names the argument in messages */
/* Any array-like (number, NumPy scalar, array, nested list/tuple of such, range) as an array: *out owned. dtype < 0: as NumPy
   or torch infers it (kind decides: torch lists of floats are float32). An array of the right dtype comes back itself. */
bool ls_as_array(ls_interp *in, ls_value v, lsv_kind kind, int dtype, lsv_array **out);
/* The result of an operation as a value: 0-d ndarray results become NumPy scalars. Takes the reference. */
ls_value ls_from_array(lsv_array *a);
bool ls_as_int(ls_interp *in, ls_value v, const char *what, int64_t *out);     /* ints, bools, integer scalars, 0-d integer arrays */
bool ls_as_double(ls_interp *in, ls_value v, const char *what, double *out);   /* any number, one-element array */
bool ls_as_text(ls_interp *in, ls_value v, const char *what, const char **out); /* borrowed */
bool ls_as_shape(ls_interp *in, ls_value v, lsv_shape *out);                    /* int or sequence of ints */
bool ls_as_axes(ls_interp *in, ls_value v, int *n, int axes[LSV_MAXDIM]);       /* None: n = -1; int or tuple */
bool ls_as_dtype(ls_interp *in, ls_value v, int *out);                          /* None: -1; dtype objects, types float/int/bool, names */
bool ls_write(ls_interp *in, const char *bytes, size_t n);

#endif
