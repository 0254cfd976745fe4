/* Inside the compiler: the unit of code being made, and what its files share.

   Temporaries are a stack: u->top is the next free register. An expression is asked for either as
   an operand, wherever its value stands already (value), or in a given register (into). A variable
   may be used where it stands only while nothing evaluated afterwards can assign it (stable).

   Nothing here returns failure: the first error is kept, and what is emitted afterwards is thrown
   away with the unit. */
#ifndef LANG_EVAL_COMPILER_H
#define LANG_EVAL_COMPILER_H

#include "lang/compile/compile.h"
#include "lang/eval/globals.h"
#include "lang/compile/scope.h"

typedef struct ls_compiler {
    ls_interp *in;
    ls_arena arena;
    ls_source *source;
    bool failed;
} ls_compiler;

typedef struct ls_loop {
    struct ls_loop *outer;
    int breaks, continues; /* lists of jumps to be patched, -1: none */
    int iterator;          /* register to drop on break, -1: a while loop */
} ls_loop;

typedef struct ls_unit {
    ls_compiler *c;
    struct ls_unit *outer;
    ls_scope *scope;       /* the innermost, a comprehension's too */
    ls_code *code;
    ls_loop *loop;
    int room_insns, room_consts, room_pool, room_patterns, room_caches, room_lists, room_places, room_children;
    int top, first_temp;
    bool direct;           /* global variables are operands */
    bool cell;             /* a cell's own level, direct or nested */
} ls_unit;

typedef struct ls_operand { int16_t at; bool temp; } ls_operand;

/* ---- emitting (compile_unit.c) ---- */
void ls_compile_fail(ls_unit *u, ls_span span, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool ls_unit_open(ls_unit *u, ls_compiler *c, ls_unit *outer, ls_scope *scope, const char *name);
ls_code *ls_unit_close(ls_unit *u); /* the code, trimmed; NULL after a failure */
int ls_emit(ls_unit *u, ls_span span, int op, int x, int a, int b, int c);
int ls_emit_k(ls_unit *u, ls_span span, int op, int x, int a, int k);
int ls_emit_words(ls_unit *u, ls_span span, int op, int x, int a, int b, int c, int k1, int k2);
void ls_name_span(ls_unit *u, int at, ls_span span); /* the attribute's name, kept with the second word */
static inline int ls_here(const ls_unit *u) { return u->code->ninsns; }
/* Jumps: a list of words whose k is to be set; each holds the next until then. */
void ls_jump_to(ls_unit *u, ls_span span, int *list);
void ls_jump_add(ls_unit *u, int *list, int word);
void ls_patch(ls_unit *u, int list, int target);
int ls_temp(ls_unit *u);                       /* the next free register */
int ls_constant(ls_unit *u, ls_value v);       /* index into the pool; takes the value over */
ls_operand ls_resident(ls_unit *u, ls_span span, ls_value v); /* a constant as an operand; takes it over */
int ls_name_list(ls_unit *u, int n, const char *const *names);
int ls_cache_of(ls_unit *u, const char *name);
void ls_note_places(ls_unit *u, int at, int n, const ls_span *spans, const char *const *keywords);
ls_pattern *ls_pattern_new(ls_unit *u, int n, int *number);
static inline int ls_flags(ls_operand b, ls_operand c) {
    return (b.temp ? LS_X_TEMP_B : 0) | (c.temp ? LS_X_TEMP_C : 0);
}

/* ---- names ---- */
typedef struct ls_place { enum { LS_AT_REGISTER, LS_AT_CELL, LS_AT_GLOBAL } type; int at; } ls_place;
ls_place ls_place_of(ls_unit *u, ls_span span, const char *name);
void ls_store_name(ls_unit *u, ls_span span, const char *name, ls_operand v);
bool ls_may_assign(const ls_node *n);          /* evaluating it may assign a variable */

/* ---- expressions (compile_expr.c, compile_call.c) ---- */
ls_operand ls_value_of(ls_unit *u, const ls_node *n);
ls_operand ls_stable(ls_unit *u, const ls_node *n, bool risky);
void ls_into(ls_unit *u, const ls_node *n, int dest);
int ls_into_temp(ls_unit *u, const ls_node *n);
bool ls_literal(const ls_node *n, ls_value *out);  /* a constant expression; out owned; LS_UNSET with true: no memory */
void ls_branch(ls_unit *u, const ls_node *n, bool sense, int *list); /* jump when truth(n) == sense */
void ls_call_into(ls_unit *u, const ls_node *n, int dest);
void ls_function_into(ls_unit *u, const ls_node *n, int dest);      /* LS_N_DEF, LS_N_LAMBDA */
void ls_comprehension_into(ls_unit *u, const ls_node *n, int dest);
void ls_display_into(ls_unit *u, const ls_node *n, int dest);       /* tuple, list, dict, matrix */
void ls_fstring_into(ls_unit *u, const ls_node *n, int dest);

/* ---- targets (compile_assign.c) ---- */
void ls_store(ls_unit *u, const ls_node *target, ls_operand v);
void ls_assign(ls_unit *u, const ls_node *n);
void ls_augassign(ls_unit *u, const ls_node *n);
void ls_delete(ls_unit *u, const ls_node *target);
typedef struct ls_subscript_code { ls_operand object; ls_operand index; int pattern; } ls_subscript_code; /* pattern -1: index */
void ls_subscript_of(ls_unit *u, const ls_node *n, bool risky, ls_subscript_code *s);
void ls_subscript_read(ls_unit *u, const ls_node *n, const ls_subscript_code *s, int dest, bool keep);

int ls_loop_item(ls_unit *u, const ls_node *target); /* the register that is this variable itself, or -1 */

/* ---- statements (compile.c) ---- */
void ls_loop_prepare(ls_unit *u, const ls_node *source, int h); /* iteration over source in R[h …] */
void ls_compile_statements(ls_unit *u, const ls_nodes *list);
ls_code *ls_compile_function(ls_unit *u, const ls_function_node *f);

#endif
