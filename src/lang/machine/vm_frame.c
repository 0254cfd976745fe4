/* Frames: registers of running code, and what an error says about them when it ends them. */
#include "base/alloc.h"
#include "lang/machine/vm.h"
#include <stdio.h>
#include <string.h>

enum { CHUNK_CELLS = 8192, FRAME_CELLS = (sizeof(ls_vmframe) + sizeof(ls_value) - 1) / sizeof(ls_value) };

/* ---- frames ---- */

ls_vm *ls_vm_new(ls_interp *in) {
    ls_vm *vm = lsv_calloc(1, sizeof *vm);
    if (vm) vm->in = in;
    return vm;
}

void ls_vm_free(ls_vm *vm) {
    if (!vm) return;
    while (vm->chunk) {
        ls_chunk *prev = vm->chunk->prev;
        lsv_free(vm->chunk);
        vm->chunk = prev;
    }
    lsv_free(vm->spare);
    lsv_free(vm);
}

static ls_value *window(ls_vm *vm, ptrdiff_t cells) {
    if (!vm->chunk || vm->chunk->end - vm->chunk->top < cells) {
        ls_chunk *c = vm->spare;
        if (c && c->end - c->cells >= cells) vm->spare = NULL;
        else {
            ptrdiff_t n = cells > CHUNK_CELLS ? cells : CHUNK_CELLS;
            c = lsv_malloc(sizeof *c + (size_t)n * sizeof(ls_value));
            if (!c) return NULL;
            c->end = c->cells + n;
        }
        c->top = c->cells;
        c->prev = vm->chunk;
        vm->chunk = c;
    }
    ls_value *at = vm->chunk->top;
    vm->chunk->top += cells;
    return at;
}

ls_vmframe *ls_vm_push(ls_vm *vm, ls_code *code, ls_value function, int dest, bool entry) {
    ls_interp *in = vm->in;
    if (in->depth >= in->max_depth) {
        ls_raise(in, "RecursionError", "maximum recursion depth exceeded");
        ls_hint(in, "functions may call each other %d deep: does the recursion end?", in->max_depth);
        return NULL;
    }
    ptrdiff_t registers = code->module ? 0 : code->nconsts + code->nregs;
    ls_value *at = window(vm, FRAME_CELLS + registers);
    if (!at) {
        ls_no_memory(in);
        return NULL;
    }
    ls_vmframe *f = (void *)at;
    f->prev = vm->frame;
    f->code = code;
    f->function = function;
    if (function.tag == LS_UNSET) code->refs++; /* a function keeps its code */
    f->at = code->insns;
    f->dest = (int16_t)dest;
    f->entry = entry;
    f->R = code->module ? in->slots->base : at + FRAME_CELLS + code->nconsts;
    for (int i = 0; i < code->nconsts; i++) f->R[-1 - i] = code->consts[i]; /* borrowed */
    if (code->module) in->slots->busy = true;
    else
        for (int r = 0; r < code->nregs; r++) f->R[r].tag = LS_UNSET;
    if (function.tag == LS_FUNCTION)
        for (int i = 0; i < code->ncaptures; i++) f->R[code->first_capture + i] = ls_ref(function.function->cells[i]);
    vm->frame = f;
    in->depth++;
    return f;
}

void ls_vm_pop(ls_vm *vm) {
    ls_vmframe *f = vm->frame;
    ls_code *code = f->code;
    for (int r = 0; r < code->nregs; r++)
        if (f->R[r].tag >= LS_HEAP) ls_clear(&f->R[r]);
    if (code->module) {
        for (int r = 0; r < code->nregs; r++) f->R[r].tag = LS_UNSET;
        vm->in->slots->busy = false;
    }
    ls_value function = f->function;
    vm->frame = f->prev;
    vm->in->depth--;
    vm->chunk->top = (ls_value *)(void *)f;
    if (vm->chunk->top == vm->chunk->cells && vm->chunk->prev) {
        ls_chunk *empty = vm->chunk;
        vm->chunk = empty->prev;
        if (vm->spare) lsv_free(empty);
        else vm->spare = empty;
    }
    if (function.tag == LS_UNSET) ls_code_release(code);
    else ls_drop(function);
}

/* ---- errors ---- */

static void note_frame(ls_error *e, const ls_vmframe *f) {
    if (e->nframes == (int)(sizeof e->frames / sizeof *e->frames)) {
        e->skipped++;
        return;
    }
    ls_frame_note *note = &e->frames[e->nframes++];
    note->source = ls_source_ref(f->code->source);
    note->span = f->code->spans[f->at - f->code->insns];
    snprintf(note->function, sizeof note->function, "%s", f->code->name[0] == '<' && f->code->name[1] == 'c' ? "" : f->code->name);
}

/* Pops the frames of this run; every one gets its line in the error's list of callers. */
void ls_vm_unwind(ls_vm *vm) {
    ls_error *e = &vm->in->error;
    if (!e->set) ls_raise(vm->in, "SystemError", "an operation failed and did not say why");
    for (bool entry = false; !entry;) {
        ls_vmframe *f = vm->frame;
        entry = f->entry;
        if (e->source) note_frame(e, f);
        else ls_error_place(e, f->code->source, vm->placed ? vm->place : f->code->spans[f->at - f->code->insns]);
        vm->placed = false;
        ls_vm_pop(vm);
    }
}

const ls_places *ls_vm_places(const ls_code *code, const ls_insn *at) {
    int word = (int)(at - code->insns);
    for (int k = 0; k < code->nplaces; k++)
        if (code->places[k].at == word) return &code->places[k];
    return NULL;
}
