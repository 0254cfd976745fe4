/* The virtual machine's loop.

   Every instruction tries what is common with the values where they stand (numbers in registers),
   and leaves everything else to a function of its own: a scalar loop runs in this file, array work in the
   library. Errors go to `fail`, which unwinds to the frame that this run started with; there is no other
   way out. */
#include "lang/machine/vm.h"
#include "base/alloc.h"
#include "base/interrupt.h"
#include "lang/eval/operators.h"
#include "lang/eval/suggest.h"
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#pragma GCC diagnostic ignored "-Wpedantic" /* computed goto */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-gcse", "no-crossjumping") /* every instruction keeps its own jump to the next */
#endif

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* ---- calls ---- */

/* The frame for a call of at[0] with arguments behind it; all of them are moved or dropped. */
static bool enter_function(ls_vm *vm, ls_value *at, int nargs, const char *const *names, int nkw, int dest) {
    ls_function *f = at[0].function;
    const ls_code *code = f->code;
    if (UNLIKELY(!ls_vm_push(vm, f->code, at[0], dest, false))) return false;
    ls_value *R = vm->frame->R;
    at[0].tag = LS_UNSET; /* the frame has it */
    if (nkw == 0 && nargs == code->npositional && code->nkwonly == 0 && code->star < 0 && code->doublestar < 0) {
        for (int j = 0; j < nargs; j++) {
            R[j] = at[1 + j];
            at[1 + j].tag = LS_UNSET;
        }
    } else if (!ls_bind_function(vm->in, f, at + 1, nargs, names, nkw, R)) {
        ls_vm_pop(vm);
        return false;
    } else ls_drop_arguments(at, nargs + nkw);
    for (int j = 0; j < code->nwrapped; j++) {
        ls_value cell = ls_cell_new(R[code->wrapped[j]]);
        if (cell.tag == LS_UNSET) {
            ls_vm_pop(vm);
            return ls_no_memory(vm->in);
        }
        ls_put(&R[code->wrapped[j]], cell);
    }
    return true;
}

bool ls_vm_run_code(ls_vm *vm, ls_code *code, ls_value *out) {
    return ls_vm_push(vm, code, (ls_value){.tag = LS_UNSET}, 0, true) && ls_vm_run(vm, out);
}

/* ---- scalar arithmetic ---- */

/* Python's // and % of floats, b != 0. */
static double float_mod(double a, double b, double *quotient) {
    double mod = fmod(a, b), div = (a - mod) / b;
    if (mod != 0) {
        if ((b < 0) != (mod < 0)) {
            mod += b;
            div -= 1;
        }
    } else mod = copysign(0, b);
    if (div != 0) {
        *quotient = floor(div);
        if (div - *quotient > 0.5) *quotient += 1;
    } else *quotient = copysign(0, a / b);
    return mod;
}

static inline bool small_int(int64_t i) { return i >= -(INT64_C(1) << 53) && i <= INT64_C(1) << 53; }

/* Both as doubles, where that loses nothing. */
static inline bool two_floats(const ls_value *x, const ls_value *y, double *a, double *b) {
    if (x->tag == LS_FLOAT) *a = x->f;
    else if (x->tag == LS_INT && small_int(x->i)) *a = (double)x->i;
    else return false;
    if (y->tag == LS_FLOAT) *b = y->f;
    else if (y->tag == LS_INT && small_int(y->i)) *b = (double)y->i;
    else return false;
    return true;
}

static bool overflow(ls_vm *vm) {
    ls_raise(vm->in, "OverflowError", "integer result leaves 64 bits");
    ls_hint(vm->in, "use floats: write one of the numbers with a point, as in 2.0");
    return false;
}

static bool interrupted(ls_vm *vm) {
    lsv_interrupt_take();
    return ls_raise(vm->in, "KeyboardInterrupt", "%s", "");
}

/* ---- the loop ---- */

#define NEXT                                                                                       \
    do {                                                                                           \
        i = pc++;                                                                                  \
        goto *labels[i->op];                                                                       \
    } while (0)
#define CASE(name) L_##name
#define RA (R[i->a])
#define RB (R[i->b])
#define RC (R[i->c])
#define RESULT(v)                                                                                  \
    do {                                                                                           \
        ls_value *result_ = &R[i->a];                                                              \
        if (UNLIKELY(result_->tag >= LS_HEAP)) ls_put(result_, (v));                               \
        else *result_ = (v);                                                                       \
        NEXT;                                                                                      \
    } while (0)
/* int op int may overflow; float op float, and both mixtures. */
#define ARITHMETIC(op, checked)                                                                    \
    {                                                                                              \
        const ls_value *x = &RB, *y = &RC;                                                         \
        if (x->tag == LS_FLOAT) {                                                                  \
            if (LIKELY(y->tag == LS_FLOAT)) RESULT(ls_float(x->f op y->f));                        \
            if (y->tag == LS_INT) RESULT(ls_float(x->f op(double) y->i));                          \
        } else if (x->tag == LS_INT) {                                                             \
            if (y->tag == LS_INT) {                                                                \
                int64_t r;                                                                         \
                if (LIKELY(!checked(x->i, y->i, &r))) RESULT(ls_int(r));                           \
                overflow(vm);                                                                      \
                goto fail;                                                                         \
            }                                                                                      \
            if (y->tag == LS_FLOAT) RESULT(ls_float((double)x->i op y->f));                        \
        }                                                                                          \
        goto binary;                                                                               \
    }
#define COMPARE(op)                                                                                \
    {                                                                                              \
        const ls_value *x = &RB, *y = &RC;                                                         \
        double a, b;                                                                               \
        if (x->tag == LS_INT && y->tag == LS_INT) RESULT(ls_bool(x->i op y->i));                   \
        if (two_floats(x, y, &a, &b)) RESULT(ls_bool(a op b));                                     \
        goto binary;                                                                               \
    }
#define BRANCH(yes)                                                                                \
    do {                                                                                           \
        if ((yes) == ((i->x & LS_X_SENSE) != 0)) {                                                 \
            int k = pc->k;                                                                         \
            pc += 1 + k;                                                                           \
            if (k < 0 && UNLIKELY(lsv_interrupt_flag)) goto stop;                                  \
        } else pc++;                                                                               \
        NEXT;                                                                                      \
    } while (0)
#define COMPARE_BRANCH(op)                                                                         \
    {                                                                                              \
        const ls_value *x = &RB, *y = &RC;                                                         \
        double a, b;                                                                               \
        if (x->tag == LS_INT && y->tag == LS_INT) BRANCH(x->i op y->i);                            \
        if (two_floats(x, y, &a, &b)) BRANCH(a op b);                                              \
        goto compare_branch;                                                                       \
    }
#define SLOW(call)                                                                                 \
    do {                                                                                           \
        fr->at = i;                                                                                \
        if (UNLIKELY(!(call))) goto fail;                                                          \
    } while (0)
/* The frame on top has changed. */
#define RELOAD()                                                                                   \
    do {                                                                                           \
        fr = vm->frame;                                                                            \
        R = fr->R;                                                                                 \
    } while (0)

static const uint8_t words_of[] = {
#define WORDS_(name, words, text) words,
    LS_INSTRUCTIONS(WORDS_)
#undef WORDS_
};

bool ls_vm_run(ls_vm *vm, ls_value *out) {
    static const void *const labels[] = {
#define LABEL_(name, words, text) &&L_##name,
        LS_INSTRUCTIONS(LABEL_)
#undef LABEL_
    };
    ls_interp *const in = vm->in;
    ls_value *const G = in->slots->values;
    ls_vmframe *fr = vm->frame;
    ls_value *R = fr->R, v;
    const ls_insn *pc = fr->code->insns, *i;
    NEXT;

    CASE(ADD) : ARITHMETIC(+, __builtin_add_overflow)
    CASE(SUB) : ARITHMETIC(-, __builtin_sub_overflow)
    CASE(MUL) : ARITHMETIC(*, __builtin_mul_overflow)
    CASE(DIV) : {
        double a, b;
        if (two_floats(&RB, &RC, &a, &b) && b != 0) RESULT(ls_float(a / b));
        goto binary;
    }
    CASE(FLOORDIV) : {
        const ls_value *x = &RB, *y = &RC;
        double a, b, q;
        if (x->tag == LS_INT && y->tag == LS_INT) {
            if (y->i == 0 || y->i == -1) goto binary;
            RESULT(ls_int(x->i / y->i - ((x->i % y->i != 0) & ((x->i < 0) != (y->i < 0)))));
        }
        if (two_floats(x, y, &a, &b) && b != 0) {
            float_mod(a, b, &q);
            RESULT(ls_float(q));
        }
        goto binary;
    }
    CASE(MOD) : {
        const ls_value *x = &RB, *y = &RC;
        double a, b, q;
        if (x->tag == LS_INT && y->tag == LS_INT) {
            if (y->i == 0 || y->i == -1) goto binary;
            int64_t r = x->i % y->i;
            RESULT(ls_int(r != 0 && (r < 0) != (y->i < 0) ? r + y->i : r));
        }
        if (two_floats(x, y, &a, &b) && b != 0) RESULT(ls_float(float_mod(a, b, &q)));
        goto binary;
    }
    CASE(POW) : {
        const ls_value *x = &RB, *y = &RC;
        if (x->tag == LS_INT && y->tag == LS_INT) {
            int64_t r;
            if (y->i < 0) goto binary;
            if (ls_int_power(x->i, y->i, &r)) RESULT(ls_int(r));
            overflow(vm);
            goto fail;
        }
        double a, b;
        if (two_floats(x, y, &a, &b) && (a > 0 || (a < 0 && b == floor(b)))) {
            double r = pow(a, b);
            if (isfinite(r)) RESULT(ls_float(r));
        }
        goto binary;
    }
    CASE(MATMUL) : CASE(AND) : CASE(OR) : CASE(XOR) : CASE(LSHIFT) : CASE(RSHIFT) : CASE(IN) : CASE(NOT_IN) : goto binary;
    CASE(LT) : COMPARE(<)
    CASE(LE) : COMPARE(<=)
    CASE(GT) : COMPARE(>)
    CASE(GE) : COMPARE(>=)
    CASE(EQ) : COMPARE(==)
    CASE(NE) : COMPARE(!=)
    CASE(IS) : CASE(IS_NOT) : {
        if (RB.tag == LS_UNSET || RC.tag == LS_UNSET) goto binary;
        bool same = ls_same(RB, RC) == (i->op == OP_IS);
        if (i->x & LS_X_TEMP_B) ls_clear(&RB);
        if (i->x & LS_X_TEMP_C) ls_clear(&RC);
        RESULT(ls_bool(same));
    }
binary:
    SLOW(ls_vm_binary(vm, R, i, i->op - OP_ADD, &v));
    RESULT(v);

    CASE(NEG) : {
        if (RB.tag == LS_FLOAT) RESULT(ls_float(-RB.f));
        if (RB.tag == LS_INT && RB.i != INT64_MIN) RESULT(ls_int(-RB.i));
        SLOW(ls_vm_unary(vm, R, i, &v));
        RESULT(v);
    }
    CASE(POS) : CASE(INVERT) : SLOW(ls_vm_unary(vm, R, i, &v));
    RESULT(v);
    CASE(NOT) : {
        bool yes;
        if (RB.tag == LS_BOOL) RESULT(ls_bool(!RB.b));
        fr->at = i;
        const ls_value *x = ls_operand_of(vm, R, i->b);
        if (!x || !ls_truth(in, *x, &yes)) goto fail;
        if (i->x & LS_X_TEMP_B) ls_clear(&RB);
        RESULT(ls_bool(!yes));
    }

    CASE(JUMP) : pc += i->k;
    if (i->k < 0 && UNLIKELY(lsv_interrupt_flag)) goto stop;
    NEXT;
    CASE(JT) : CASE(JF) : {
        bool yes;
        switch (RA.tag) {
        case LS_NONE: yes = false; break;
        case LS_BOOL: yes = RA.b; break;
        case LS_INT: yes = RA.i != 0; break;
        case LS_FLOAT: yes = RA.f != 0; break;
        default: {
            fr->at = i;
            const ls_value *x = ls_operand_of(vm, R, i->a);
            if (!x || !ls_truth(in, *x, &yes)) goto fail;
            if (i->x & LS_X_TEMP_A) ls_clear(&RA);
        }
        }
        if (yes == (i->op == OP_JT)) {
            pc += i->k;
            if (i->k < 0 && UNLIKELY(lsv_interrupt_flag)) goto stop;
        }
        NEXT;
    }
    CASE(JLT) : COMPARE_BRANCH(<)
    CASE(JLE) : COMPARE_BRANCH(<=)
    CASE(JGT) : COMPARE_BRANCH(>)
    CASE(JGE) : COMPARE_BRANCH(>=)
    CASE(JEQ) : COMPARE_BRANCH(==)
    CASE(JNE) : COMPARE_BRANCH(!=)
compare_branch: {
    bool yes;
    SLOW(ls_vm_binary(vm, R, i, i->op - OP_JLT + LS_OP_LT, &v));
    bool ok = ls_truth(in, v, &yes);
    ls_drop(v);
    if (!ok) goto fail;
    BRANCH(yes);
}

    CASE(MOVE) : {
        if (UNLIKELY(RB.tag == LS_UNSET)) {
            fr->at = i;
            const ls_value *x = ls_operand_value(vm, i->b);
            if (!x) goto fail;
            RESULT(ls_ref(*x));
        }
        if (i->x & LS_X_TEMP_B) {
            v = RB;
            RB.tag = LS_UNSET;
            RESULT(v);
        }
        v = ls_ref(RB);
        RESULT(v);
    }
    CASE(LOADK) : v = ls_ref(fr->code->pool[i->k]);
    RESULT(v);
    CASE(GETG) : {
        const ls_value *x = &G[i->k];
        if (x->tag == LS_UNSET) {
            fr->at = i;
            x = ls_slot_builtin(in->slots, i->k);
            if (!x) {
                ls_name_error(vm, i->k);
                goto fail;
            }
        }
        v = ls_ref(*x);
        RESULT(v);
    }
    CASE(SETG) : {
        fr->at = i;
        const ls_value *x = ls_operand_of(vm, R, i->a);
        if (!x) goto fail;
        if (i->x & LS_X_TEMP_A) {
            v = RA;
            RA.tag = LS_UNSET;
        } else v = ls_ref(*x);
        ls_put(&G[i->k], v);
        NEXT;
    }
    CASE(DELG) : {
        fr->at = i;
        if (G[i->k].tag == LS_UNSET) {
            ls_name_error(vm, i->k);
            goto fail;
        }
        ls_clear(&G[i->k]);
        NEXT;
    }
    CASE(DELLOCAL) : {
        fr->at = i;
        if (RA.tag == LS_UNSET && !ls_unbound_error(vm, i->a)) goto fail;
        ls_clear(&RA);
        NEXT;
    }
    CASE(DROP) : ls_clear(&RA);
    NEXT;
    CASE(NEWCELL) : v = ls_cell_new((ls_value){.tag = LS_UNSET});
    goto store_new;
    CASE(GETCELL) : {
        v = ls_ref(RB.cell->value);
        fr->at = i;
        if (v.tag == LS_UNSET && !ls_unbound_error(vm, i->b)) goto fail;
        RESULT(v);
    }
    CASE(SETCELL) : {
        fr->at = i;
        const ls_value *x = ls_operand_of(vm, R, i->b);
        if (!x) goto fail;
        ls_put(&RA.cell->value, ls_ref(*x));
        if (i->x & LS_X_TEMP_B) ls_clear(&RB);
        NEXT;
    }
    CASE(DELCELL) : {
        fr->at = i;
        if (RA.cell->value.tag == LS_UNSET && !ls_unbound_error(vm, i->a)) goto fail;
        ls_clear(&RA.cell->value);
        NEXT;
    }

    CASE(CALL) : {
        ls_value *at = &RA;
        int nargs = i->b;
        fr->at = i;
        if (at->tag == LS_FUNCTION) {
            if (UNLIKELY(lsv_interrupt_flag)) goto stop;
            if (!enter_function(vm, at, nargs, NULL, 0, i->c)) goto fail;
            RELOAD();
            pc = fr->code->insns;
            NEXT;
        }
        bool ok;
        v = ls_none();
        if (at->tag == LS_BUILTIN) {
            ok = ls_call_builtin(in, at->builtin, at + 1, nargs, NULL, 0, &v);
            if (!ok) ls_vm_blame(vm, i, at->builtin, false);
        } else ok = ls_call_kw(in, *at, at + 1, nargs, NULL, 0, &v);
        ls_drop_arguments(at, nargs);
        if (!ok) goto fail;
        goto call_result;
    }
    CASE(CALLKW) : {
        ls_value *at = &RA;
        int nargs = i->b;
        const ls_names *names = &fr->code->name_lists[pc->word.k1];
        fr->at = i;
        pc++;
        if (at->tag == LS_FUNCTION) {
            if (UNLIKELY(lsv_interrupt_flag)) goto stop;
            if (!enter_function(vm, at, nargs, names->names, names->n, i->c)) goto fail;
            RELOAD();
            pc = fr->code->insns;
            NEXT;
        }
        v = ls_none();
        bool ok = ls_call_kw(in, *at, at + 1, nargs, names->names, names->n, &v);
        if (!ok && at->tag == LS_BUILTIN) ls_vm_blame(vm, i, at->builtin, false);
        ls_drop_arguments(at, nargs + names->n);
        if (!ok) goto fail;
        goto call_result;
    }
    CASE(CALLEX) : v = ls_none();
    SLOW(ls_call_spread(vm, &RA, &v));
    goto call_result;
    CASE(CALLM) : {
        ls_value *at = &RA;
        int nargs = i->b, nkw = 0;
        const char *const *keywords = NULL;
        const ls_builtin *builtin = NULL;
        fr->at = i;
        if (pc->word.k2 >= 0) {
            nkw = fr->code->name_lists[pc->word.k2].n;
            keywords = fr->code->name_lists[pc->word.k2].names;
        }
        if (!ls_vm_method(vm, &fr->code->caches[pc->word.k1], *at, &builtin, &v)) goto fail_name;
        pc++;
        if (builtin) {
            v = ls_none();
            bool ok = ls_call_builtin(in, builtin, at, nargs + 1, keywords, nkw, &v);
            if (!ok) ls_vm_blame(vm, i, builtin, true);
            ls_drop_arguments(at, nargs + nkw);
            if (!ok) goto fail;
            goto call_result;
        }
        ls_put(at, v);
        if (at->tag == LS_FUNCTION) {
            if (!enter_function(vm, at, nargs, keywords, nkw, i->c)) goto fail;
            RELOAD();
            pc = fr->code->insns;
            NEXT;
        }
        v = ls_none();
        bool ok = at->tag == LS_BUILTIN ? ls_call_builtin(in, at->builtin, at + 1, nargs, keywords, nkw, &v)
                                        : ls_call_kw(in, *at, at + 1, nargs, keywords, nkw, &v);
        if (!ok && at->tag == LS_BUILTIN) ls_vm_blame(vm, i, at->builtin, false);
        ls_drop_arguments(at, nargs + nkw);
        if (!ok) goto fail;
    }
call_result:
    ls_put(&RC, v);
    if (UNLIKELY(lsv_interrupt_flag)) goto stop;
    NEXT;
    CASE(RETURN) : {
        fr->at = i;
        if (i->a >= 0 && !fr->code->module && RA.tag != LS_UNSET) { /* the frame ends: move */
            v = RA;
            RA.tag = LS_UNSET;
        } else {
            const ls_value *x = ls_operand_of(vm, R, i->a);
            if (!x) goto fail;
            v = ls_ref(*x);
        }
        goto leave;
    }
    CASE(RETNONE) : v = ls_none();
leave: {
    bool entry = fr->entry;
    int dest = fr->dest;
    ls_vm_pop(vm);
    if (entry) {
        *out = v;
        return true;
    }
    RELOAD();
    pc = fr->at + words_of[fr->at->op];
    ls_put(&R[dest], v);
    NEXT;
}
    CASE(FUNCTION) : {
        const ls_code *parent = fr->code;
        ls_code *child = parent->children[pc->word.k1];
        v = ls_function_new(child);
        if (v.tag != LS_UNSET) {
            for (int j = 0; j < child->ndefaults; j++) {
                v.function->defaults[child->default_params[j]] = R[i->b + j];
                R[i->b + j].tag = LS_UNSET;
            }
            for (int j = 0; j < child->ncaptures; j++) v.function->cells[j] = ls_ref(R[child->captures[j]]);
        }
        pc++;
        goto store_new;
    }

    CASE(ATTR) : {
        fr->at = i;
        const ls_value *x = ls_operand_of(vm, R, i->b);
        if (!x) goto fail;
        if (!ls_vm_attribute(vm, &fr->code->caches[pc->word.k1], *x, &v)) goto fail_name;
        pc++;
        if (i->x & LS_X_TEMP_B) ls_clear(&RB);
        RESULT(v);
    }
    CASE(SETATTR) : {
        fr->at = i;
        const ls_value *object = ls_operand_of(vm, R, i->a), *x = object ? ls_operand_of(vm, R, i->b) : NULL;
        if (!x || !ls_attribute_set(in, *object, fr->code->caches[pc->word.k1].name, *x)) goto fail;
        pc++;
        if (i->x & LS_X_TEMP_A) ls_clear(&RA);
        if (i->x & LS_X_TEMP_B) ls_clear(&RB);
        NEXT;
    }
    CASE(INDEX1) : {
        if (RB.tag == LS_LIST && RC.tag == LS_INT && !(i->x & LS_X_TEMP_B)) {
            const ls_list *list = RB.list;
            int64_t k = RC.i < 0 ? RC.i + list->n : RC.i;
            if (k >= 0 && k < list->n) {
                v = ls_ref(list->items[k]);
                RESULT(v);
            }
        }
        SLOW(ls_vm_index1(vm, R, i));
        NEXT;
    }
    CASE(SETINDEX1) : SLOW(ls_vm_set_index1(vm, R, i));
    NEXT;
    CASE(INDEX) : SLOW(ls_vm_index(vm, R, i));
    pc++;
    NEXT;
    CASE(SETINDEX) : SLOW(ls_vm_set_index(vm, R, i));
    pc++;
    NEXT;
    CASE(DELINDEX) : SLOW(ls_vm_delete_index(vm, R, i));
    pc++;
    NEXT;

    CASE(APPEND) : {
        fr->at = i;
        const ls_value *x = ls_operand_of(vm, R, i->b);
        if (!x) goto fail;
        if (!ls_list_append(RA.list, *x)) {
            ls_no_memory(in);
            goto fail;
        }
        if (i->x & LS_X_TEMP_B) ls_clear(&RB);
        NEXT;
    }
    CASE(TUPLE) : CASE(LIST) : CASE(LISTK) : CASE(APPENDN) : CASE(EXTEND) : CASE(TOTUPLE) : CASE(TOITER) : CASE(DICT)
        : CASE(DICTSET) : CASE(DICTUPDATE) : CASE(MATRIX) : CASE(PRINTED) : CASE(FORMAT) : CASE(JOIN)
        : SLOW(ls_vm_display(vm, R, i));
    NEXT;
    CASE(UNPACK) : SLOW(ls_vm_unpack(vm, R, i));
    NEXT;
    CASE(UNPACKEX) : SLOW(ls_vm_unpack(vm, R, i));
    pc++;
    NEXT;

    CASE(FORPREP) : SLOW(ls_vm_for_prepare(vm, R, i));
    NEXT;
    CASE(RANGEPREP) : SLOW(ls_vm_range_prepare(vm, R, i));
    pc++;
    NEXT;
    CASE(FOR) : {
        ls_value *h = &RA;
        if (LIKELY(h->tag == LS_INT)) {
            if (h[1].i == 0) {
                h->tag = LS_UNSET;
                pc++;
                NEXT;
            }
            h[1].i--;
            int64_t k = h->i;
            h->i = (int64_t)((uint64_t)k + (uint64_t)h[2].i);
            if (UNLIKELY(RB.tag >= LS_HEAP)) ls_put(&RB, ls_int(k));
            else RB = ls_int(k);
        } else {
            fr->at = i;
            int got = ls_vm_for_next(vm, h, &v);
            if (got < 0) goto fail;
            if (!got) {
                ls_clear(h);
                pc++;
                NEXT;
            }
            ls_put(&RB, v);
        }
        pc += 1 + pc->k;
        if (UNLIKELY(lsv_interrupt_flag)) goto stop;
        NEXT;
    }

    CASE(SHOW) : SLOW(ls_vm_show(vm, R, i));
    NEXT;
    CASE(ASSERT) : {
        fr->at = i;
        const ls_value *x = i->b ? ls_operand_of(vm, R, i->a) : NULL;
        if (i->b && !x) goto fail;
        lsv_text t = {0};
        if (x && !ls_str_text(in, &t, *x)) lsv_text_free(&t);
        else {
            ls_raise(in, "AssertionError", "%s", t.data ? t.data : "");
            lsv_text_free(&t);
        }
        goto fail;
    }
    CASE(IMPORT) : CASE(IMPORTSTAR) : SLOW(ls_vm_import(vm, R, i));
    NEXT;
    CASE(IMPORTFROM) : SLOW(ls_vm_import(vm, R, i));
    pc++;
    NEXT;

store_new: /* a new object, or no memory */
    fr->at = i;
    if (v.tag == LS_UNSET) {
        ls_no_memory(in);
        goto fail;
    }
    RESULT(v);
fail_name: /* the second word's place is the name's */
    if (strcmp(in->error.type, "AttributeError") == 0) ls_vm_place(vm, fr->code->spans[i + 1 - fr->code->insns]);
    goto fail;
stop:
    interrupted(vm);
fail:
    fr->at = i;
    ls_vm_unwind(vm);
    return false;
}
