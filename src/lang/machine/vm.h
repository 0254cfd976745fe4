/* The virtual machine: frames, and what its files share.

   Registers of all frames lie in chunks of memory that never move, so that an argument may be passed
   as a pointer to them. Calls among a program's functions do not use the C stack; a builtin that calls
   back (sorted(key=f)) starts a nested run. Both count in in->depth. */
#ifndef LANG_EVAL_VM_H
#define LANG_EVAL_VM_H

#include "lang/builtins/builtin.h"
#include "lang/compile/code.h"
#include "lang/eval/function.h"
#include "lang/eval/globals.h"

typedef struct ls_vmframe {
    struct ls_vmframe *prev;
    ls_code *code;        /* a reference */
    ls_value function;    /* a reference, or unset */
    const ls_insn *at;    /* the instruction in progress while another frame runs */
    ls_value *R;
    int16_t dest;         /* where the caller wants the result */
    bool entry;           /* a nested run ends with this frame */
} ls_vmframe;

typedef struct ls_chunk { struct ls_chunk *prev; ls_value *top, *end; ls_value cells[]; } ls_chunk;

enum { LS_SIGNATURES = 256 };
typedef struct ls_vm {
    ls_interp *in;
    ls_vmframe *frame;
    ls_chunk *chunk, *spare;
    bool placed;          /* the error being raised has its place in the running frame's source: `place` */
    ls_span place;
    struct { const ls_builtin *builtin; const ls_signature *signature; } signatures[LS_SIGNATURES];
} ls_vm;

ls_vm *ls_vm_new(ls_interp *in);
void ls_vm_free(ls_vm *vm);

/* A frame of its own, its registers unset; it takes the reference to function over. NULL: in->error set, nothing taken. */
ls_vmframe *ls_vm_push(ls_vm *vm, ls_code *code, ls_value function, int dest, bool entry);
void ls_vm_pop(ls_vm *vm); /* drops everything in it */
/* The error being raised is at this place of the running frame's source, not at the whole instruction's. */
static inline void ls_vm_place(ls_vm *vm, ls_span span) {
    vm->placed = !vm->in->error.source;
    vm->place = span;
}
/* Pops the frames of this run; each of the callers gets its line in the error. */
void ls_vm_unwind(ls_vm *vm);
/* Runs the top frame until it returns; *out owned. */
bool ls_vm_run(ls_vm *vm, ls_value *out);
bool ls_vm_run_code(ls_vm *vm, ls_code *code, ls_value *out);

/* ---- calls (call.c) ---- */
/* Parameters of a user function into R, from borrowed arguments. */
bool ls_bind_function(ls_interp *in, ls_function *f, const ls_value *args, int nargs, const char *const *names, int nkw, ls_value *R);
bool ls_call_builtin(ls_interp *in, const ls_builtin *b, const ls_value *args, int nargs, const char *const *names, int nkw, ls_value *out);
const ls_signature *ls_vm_signature(ls_interp *in, const ls_builtin *b);
bool ls_call_spread(ls_vm *vm, ls_value *at, ls_value *out);
/* The parameter a builtin blames (in->blame) as the span of the argument at fault. */
void ls_vm_blame(ls_vm *vm, const ls_insn *at, const ls_builtin *b, bool method);

/* ---- slow paths (vm_operand.c, vm_index.c, vm_loop.c, vm_display.c); false: error set ---- */
static inline void ls_put(ls_value *at, ls_value v) {
    ls_value old = *at;
    *at = v;
    ls_drop(old);
}
static inline void ls_clear(ls_value *at) {
    ls_value old = *at;
    *at = (ls_value){.tag = LS_UNSET};
    ls_drop(old);
}
/* A callee and the n values behind it are not needed any more. */
static inline void ls_drop_arguments(ls_value *at, int n) {
    for (int j = 0; j <= n; j++)
        if (at[j].tag >= LS_HEAP) ls_clear(&at[j]);
        else at[j].tag = LS_UNSET;
}
/* The value of an operand that may be unset: a builtin's, or an error; borrowed. */
const ls_value *ls_operand_value(ls_vm *vm, int operand);
static inline const ls_value *ls_operand_of(ls_vm *vm, const ls_value *R, int operand) {
    return R[operand].tag != LS_UNSET ? &R[operand] : ls_operand_value(vm, operand);
}
bool ls_name_error(ls_vm *vm, int slot);
bool ls_unbound_error(ls_vm *vm, int reg);
bool ls_vm_binary(ls_vm *vm, ls_value *R, const ls_insn *i, int op, ls_value *out); /* operands read, temporaries dropped */
bool ls_vm_unary(ls_vm *vm, ls_value *R, const ls_insn *i, ls_value *out);
bool ls_vm_index(ls_vm *vm, ls_value *R, const ls_insn *i);
bool ls_vm_index1(ls_vm *vm, ls_value *R, const ls_insn *i);
bool ls_vm_set_index(ls_vm *vm, ls_value *R, const ls_insn *i);
bool ls_vm_set_index1(ls_vm *vm, ls_value *R, const ls_insn *i);
bool ls_vm_delete_index(ls_vm *vm, ls_value *R, const ls_insn *i);
bool ls_vm_attribute(ls_vm *vm, ls_cache *cache, ls_value object, ls_value *out);
/* What object.name means in a call. *builtin is set where it is a method of the object, else *out. */
bool ls_vm_method(ls_vm *vm, ls_cache *cache, ls_value object, const ls_builtin **builtin, ls_value *out);
bool ls_vm_for_prepare(ls_vm *vm, ls_value *R, const ls_insn *i);
bool ls_vm_range_prepare(ls_vm *vm, ls_value *R, const ls_insn *i);
int ls_vm_for_next(ls_vm *vm, ls_value *h, ls_value *out);                 /* 1, 0 at the end, -1 on errors */
bool ls_vm_unpack(ls_vm *vm, ls_value *R, const ls_insn *i);
bool ls_vm_display(ls_vm *vm, ls_value *R, const ls_insn *i);              /* TUPLE … JOIN */
bool ls_vm_import(ls_vm *vm, ls_value *R, const ls_insn *i);               /* import.c */
bool ls_vm_show(ls_vm *vm, ls_value *R, const ls_insn *i);                 /* interp.c */
const ls_places *ls_vm_places(const ls_code *code, const ls_insn *at);     /* NULL: none noted */

#endif
