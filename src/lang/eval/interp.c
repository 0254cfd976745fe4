/* The interpreter object: cells in, output and values out.

   A cell is cut at its magic lines; all its pieces are parsed and compiled before the first of
   them runs, so that a cell with a syntax error anywhere changes nothing. */
#include "lang/eval/interp.h"
#include "base/alloc.h"
#include "lang/eval/account.h"
#include "lang/builtins/plot/plot.h"
#include "lang/compile/compile.h"
#include "lang/machine/vm.h"
#include "lang/syntax/parse.h"
#include <stdio.h>
#include <string.h>

/* ---- life ---- */

ls_interp *ls_interp_new(const ls_client *client) {
    ls_interp *in = lsv_calloc(1, sizeof *in);
    if (!in) return NULL;
    if (client) in->client = *client;
    in->numpy_options = lsv_numpy_defaults;
    in->torch_options = lsv_torch_defaults;
    in->torch_default = LSV_FLOAT32;
    in->torch_device = -1;
    in->grad_enabled = true;
    in->max_depth = 1000;
    in->blame = -1;
    in->objects.prev = in->objects.next = &in->objects;
    in->slots = ls_globals_new();
    in->vm = in->slots ? ls_vm_new(in) : NULL;
    ls_value globals = in->vm ? ls_dict_new() : (ls_value){.tag = LS_UNSET};
    if (globals.tag == LS_UNSET) {
        ls_vm_free(in->vm);
        ls_globals_free(in->slots);
        lsv_free(in);
        return NULL;
    }
    in->globals = globals.dict;
    return in;
}

void ls_interp_free(ls_interp *in) {
    if (!in) return;
    ls_globals_clear(in->slots);
    ls_drop(in->figure);
    ls_drop(in->open_figure);
    ls_drop(in->plot_settings);
    ls_drop((ls_value){.tag = LS_DICT, .dict = in->globals});
    if (in->argv_dict) ls_drop((ls_value){.tag = LS_DICT, .dict = in->argv_dict});
    ls_clear_cycles();
    ls_error_clear(&in->error);
    ls_account_free(in);
    ls_vm_free(in->vm);
    ls_globals_free(in->slots);
    lsv_free(in);
}

bool ls_write(ls_interp *in, const char *bytes, size_t n) {
    if (in->client.write) in->client.write(in->client.ctx, bytes, n);
    return true;
}

/* ---- echo ---- */

static bool show(ls_interp *in, ls_value v) {
    if (v.tag == LS_NONE) return true;
    if (in->client.show) return in->client.show(in->client.ctx, in, v);
    if (ls_figure_of(v)) return ls_figure_show(in, v);
    lsv_text t = {0};
    bool ok = ls_repr(in, &t, v);
    if (ok) lsv_text_putc(&t, '\n');
    if (ok && t.failed) ok = ls_no_memory(in);
    if (ok) ls_write(in, t.data, t.length);
    lsv_text_free(&t);
    return ok;
}

bool ls_vm_show(ls_vm *vm, ls_value *R, const ls_insn *i) {
    ls_interp *in = vm->in;
    bool last = i->x & LS_X_LAST, assigned = i->x & LS_X_ASSIGNED, wanted = false;
    switch (in->echo) {
    case LS_ECHO_LAST_EXPR:
    case LS_ECHO_LAST: wanted = last && !assigned; break;
    case LS_ECHO_LAST_EXPR_OR_ASSIGN: wanted = last; break;
    case LS_ECHO_ALL: wanted = !assigned; break;
    case LS_ECHO_NONE: break;
    }
    bool ok = true;
    if (wanted && !(i->x & LS_X_QUIET)) {
        const ls_value *v = ls_operand_of(vm, R, i->a);
        ok = v && show(in, *v);
    }
    if (i->x & LS_X_TEMP_A) ls_clear(&R[i->a]);
    return ok;
}

/* ---- cells ---- */

/* A piece of a cell: code, or a magic line. */
typedef struct piece { ls_code *code; size_t start, length; } piece;
typedef struct pieces { piece *items; int n, room; } pieces;

static piece *add_piece(ls_interp *in, pieces *p) {
    if (p->n == p->room) {
        int room = p->room ? p->room * 2 : 4;
        piece *items = lsv_realloc(p->items, (size_t)room * sizeof *items);
        if (!items) {
            ls_no_memory(in);
            return NULL;
        }
        p->items = items;
        p->room = room;
    }
    p->items[p->n] = (piece){0};
    return &p->items[p->n++];
}

static void free_pieces(pieces *p) {
    for (int k = 0; k < p->n; k++) ls_code_release(p->items[k].code);
    lsv_free(p->items);
}

static bool blank(const char *text, size_t n) {
    for (size_t k = 0; k < n; k++)
        if (!strchr(" \t\r\n", text[k])) return false;
    return true;
}

static int lines_before(const char *text, size_t n) {
    int lines = 0;
    for (size_t k = 0; k < n; k++) lines += text[k] == '\n';
    return lines;
}

/* The part of a source from start on, with its own line numbers. */
static ls_source *part_of(ls_interp *in, ls_source *whole, size_t start, size_t n) {
    if (start == 0 && n == whole->length) return ls_source_ref(whole);
    ls_source *s = ls_source_new(whole->name, whole->text + start, n, whole->first_line + lines_before(whole->text, start));
    if (!s) ls_no_memory(in);
    return s;
}

static ls_code *compile_part(ls_interp *in, ls_source *whole, size_t start, size_t n, bool last) {
    ls_source *source = part_of(in, whole, start, n);
    if (!source) return NULL;
    ls_tree tree = {0};
    ls_code *code = NULL;
    if (ls_parse(source, &tree, &in->error)) {
        code = ls_compile(in, &tree, in->slots->busy ? LS_COMPILE_NESTED : LS_COMPILE_CELL, last);
        ls_tree_free(&tree);
    }
    ls_source_release(source);
    return code;
}

static bool no_magic(ls_interp *in, ls_source *source, size_t start, size_t n) {
    ls_raise(in, "SyntaxError", "magic commands need the prompt or a file: there is nobody here to run them");
    ls_error_place(&in->error, source, (ls_span){(uint32_t)start, (uint32_t)(start + n)});
    return false;
}

/* Is the first line that is neither blank nor a comment a %%magic? */
static bool cell_magic(const ls_source *source, size_t *start) {
    size_t k = 0;
    for (; k < source->length && strchr(" \t\r\n#", source->text[k]); k++)
        if (source->text[k] == '#')
            while (k + 1 < source->length && source->text[k + 1] != '\n') k++;
    *start = k;
    return k + 2 < source->length && source->text[k] == '%' && source->text[k + 1] == '%' && source->text[k + 2] != ' ';
}

static bool cut(ls_interp *in, ls_source *source, pieces *out) {
    size_t at = 0, start, end;
    bool more = true;
    while (more) {
        more = ls_next_magic(source->text, source->length, at, &start, &end);
        size_t stop = more ? start : source->length;
        while (more && stop > at && source->text[stop - 1] != '\n') stop--; /* the magic's own indentation */
        if (!blank(source->text + at, stop - at) || (!more && out->n == 0)) {
            ls_code *code = compile_part(in, source, at, stop - at, !more);
            piece *p = code ? add_piece(in, out) : NULL;
            if (!p) {
                ls_code_release(code);
                return false;
            }
            p->code = code;
        }
        if (!more) break;
        piece *p = add_piece(in, out);
        if (!p) return false;
        p->start = start;
        p->length = end - start;
        at = end;
        while (at < source->length && source->text[at] != '\n') at++;
        if (at < source->length) at++;
    }
    return true;
}

static bool run_magic(ls_interp *in, ls_source *source, size_t start, size_t n) {
    if (!in->client.magic) return no_magic(in, source, start, n);
    if (in->client.magic(in->client.ctx, in, source->text + start, n)) return true;
    if (!in->error.set) ls_raise(in, "RuntimeError", "the magic command failed");
    ls_error_place(&in->error, source, (ls_span){(uint32_t)start, (uint32_t)(start + n)});
    return false;
}

/* What a cell drew with matplotlib's functions is shown with its end, as in a notebook; an error comes first. */
static bool end_figures(ls_interp *in, bool ok) {
    if (ok) return ls_figure_flush(in);
    ls_drop(in->open_figure);
    in->open_figure = (ls_value){.tag = LS_UNSET};
    return false;
}

bool ls_run_cell(ls_interp *in, ls_source *source) {
    size_t start;
    if (!in->vm->frame) ls_error_clear(&in->error);
    if (cell_magic(source, &start)) return run_magic(in, source, start, source->length - start);
    pieces p = {0};
    bool ok = cut(in, source, &p);
    for (int k = 0; ok && k < p.n; k++) {
        piece *it = &p.items[k];
        ls_value v = ls_none();
        if (it->code) ok = ls_vm_run_code(in->vm, it->code, &v);
        else ok = run_magic(in, source, it->start, it->length);
        ls_drop(v);
        ls_globals_note(in->slots);
    }
    free_pieces(&p);
    if (!in->vm->frame) ok = end_figures(in, ok);
    return ok;
}

bool ls_check_cell(ls_interp *in, ls_source *source) {
    size_t start;
    ls_error_clear(&in->error);
    if (cell_magic(source, &start)) return true;
    pieces p = {0};
    bool ok = cut(in, source, &p);
    free_pieces(&p);
    return ok;
}

bool ls_eval_text(ls_interp *in, const char *text, ls_value *out) {
    ls_source *source = ls_source_new("<expression>", text, strlen(text), 1);
    if (!source) return ls_no_memory(in);
    ls_tree tree = {0};
    ls_code *code = NULL;
    if (!in->vm->frame) ls_error_clear(&in->error);
    if (ls_parse(source, &tree, &in->error)) {
        code = ls_compile(in, &tree, LS_COMPILE_EXPRESSION, false);
        ls_tree_free(&tree);
    }
    bool ok = code && ls_vm_run_code(in->vm, code, out);
    ls_code_release(code);
    ls_source_release(source);
    return ok;
}
