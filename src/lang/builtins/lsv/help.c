/* help and why: what names mean, and what stood behind a result. Their texts are lang/assist's; a client may page them. */
#include "lang/assist/help.h"
#include "lang/assist/why.h"
#include "lang/builtins/builtin.h"
#include "lang/eval/account.h"

enum { WIDTH = 80 };

static bool give_text(ls_interp *in, lsv_text *t) {
    bool ok = !t->failed || ls_no_memory(in);
    if (ok && in->client.page) in->client.page(in->client.ctx, t);
    else if (ok) {
        lsv_text plain = {0};
        ls_help_render(t, false, false, &plain);
        ok = (!plain.failed || ls_no_memory(in)) && (!plain.data || ls_write(in, plain.data, plain.length));
        lsv_text_free(&plain);
    }
    lsv_text_free(t);
    return ok;
}

static bool help(ls_interp *in, const ls_builtin *self, const ls_value *args, ls_value *out) {
    lsv_text t = {0};
    ls_value v = args[0];
    (void)self;
    (void)out;
    if (v.tag == LS_NONE) ls_help_overview(WIDTH, &t);
    else if (v.tag == LS_STR) { /* a name, as Python's help takes it */
        if (!ls_help_on(in, v.str->data, v.str->length, false, WIDTH, &t) && !t.failed && ls_help_search(in, v.str->data, WIDTH, &t) == 0 && !t.failed) {
            lsv_text_free(&t);
            return ls_raise(in, "NameError", "no help on '%.60s'", v.str->data);
        }
    } else if (!ls_help_on_value(in, v, NULL, false, WIDTH, &t)) t.failed = true;
    return give_text(in, &t);
}

static bool why(ls_interp *in, const ls_builtin *self, const ls_value *args, ls_value *out) {
    lsv_text t = {0};
    ls_value v = args[0].tag == LS_ELLIPSIS ? (ls_value){.tag = LS_UNSET} : args[0];
    (void)self;
    (void)out;
    if (!in->account) {
        lsv_text_puts(&t, "Calls are not on record here: they are at the prompt, and in a program that asks why.\n");
        return give_text(in, &t);
    }
    ls_why_text(in, v, NULL, WIDTH, &t);
    return give_text(in, &t);
}

const ls_builtin ls_family_help[] = {
    {"help", "(object=None, /)", "What a name, a function or a value has to say about itself",
     "help(\"svd\") takes a name, or words to search for in names and summaries; help() says where to begin. At the prompt "
     "svd? shows the same, and svd?? more.",
     NULL,
     help, 0, LS_CALLABLE, NULL},
    {"why", "(object=..., /)", "What stood behind a result: driver, precision, conditioning, backend",
     "Prints the call that gave the array or number, the routines that did the work, the precision they worked in, what is known about the "
     "conditioning (the spectrum of a decomposition, an estimate for a linear system, the certificate of a truncated one), the backend "
     "and the time. why() is about the last call. At the prompt `why` and `why x` do the same. Arrays are known again as long as they are "
     "the ones the call gave: a copy or a view has no record.",
     NULL, why, 0, LS_CALLABLE, NULL},
    {.names = NULL},
};
