/* How an array lies in memory: a.flags with its keys and attributes, a.setflags, a.base, np.isfortran.

   The flags object holds the array and looks at it when asked; the one flag that can be set is WRITEABLE. Memory here is
   always aligned, and nothing is ever written back into another array. */
#include <string.h>

#include "lang/builtins/support.h"

static const ls_type flags_type = {"flagsobj", "numpy._core.multiarray.flagsobj"};

typedef enum flag { CONTIGUOUS, FORTRAN, OWNDATA, WRITEABLE, ALIGNED, WRITEBACK, EITHER, ONLY_FORTRAN, BEHAVED, CARRAY, FARRAY } flag;

static bool has(const lsv_array *a, flag f) {
    bool c = lsv_is_contiguous(a), fortran = lsv_is_fortran(a), writeable = !(a->flags & LSV_READONLY);
    switch (f) {
    case CONTIGUOUS: return c;
    case FORTRAN: return fortran;
    case OWNDATA: return lsv_owns(a);
    case ALIGNED: return true;
    case WRITEBACK: return false;
    case EITHER: return c || fortran;
    case ONLY_FORTRAN: return fortran && !c;
    case CARRAY: return writeable && c;
    case FARRAY: return writeable && fortran && !c;
    default: return writeable; /* WRITEABLE; BEHAVED: aligned too */
    }
}

static const struct { const char *key; flag f; } keys[] = {
    {"C_CONTIGUOUS", CONTIGUOUS}, {"F_CONTIGUOUS", FORTRAN}, {"OWNDATA", OWNDATA}, {"WRITEABLE", WRITEABLE}, {"ALIGNED", ALIGNED}, {"WRITEBACKIFCOPY", WRITEBACK},
    {"C", CONTIGUOUS}, {"CONTIGUOUS", CONTIGUOUS}, {"F", FORTRAN}, {"FORTRAN", FORTRAN}, {"O", OWNDATA}, {"W", WRITEABLE}, {"A", ALIGNED}, {"X", WRITEBACK},
    {"FORC", EITHER}, {"FNC", ONLY_FORTRAN}, {"B", BEHAVED}, {"BEHAVED", BEHAVED}, {"CA", CARRAY}, {"CARRAY", CARRAY}, {"FA", FARRAY}, {"FARRAY", FARRAY}};
enum { SHOWN = 6 }; /* of the keys, in its repr */

/* ---- the object ---- */

static lsv_array *array_of(ls_value flags) { return flags.opaque->state[0].array; }

static bool repr(ls_interp *in, lsv_text *t, ls_value v) {
    (void)in;
    for (int i = 0; i < SHOWN; i++) lsv_text_printf(t, "  %s : %s\n", keys[i].key, has(array_of(v), keys[i].f) ? "True" : "False");
    return true;
}

static bool key_of(ls_interp *in, ls_value key, flag *f) {
    for (size_t i = 0; key.tag == LS_STR && i < sizeof keys / sizeof *keys; i++)
        if (strcmp(keys[i].key, key.str->data) == 0) {
            *f = keys[i].f;
            return true;
        }
    return ls_raise(in, "KeyError", "'Unknown flag'");
}

static bool get(ls_interp *in, ls_value v, ls_value key, ls_value *out) {
    flag f;
    if (!key_of(in, key, &f)) return false;
    *out = ls_bool(has(array_of(v), f));
    return true;
}

/* Writing may be forbidden at any time, and allowed again where the memory's owner may be written to. */
static bool make_writeable(ls_interp *in, lsv_array *a, bool yes) {
    lsv_array *base = lsv_base(a);
    bool may = lsv_owns(a) || (base && !(base->flags & LSV_READONLY));
    lsv_release(base);
    if (yes && !may && a->flags & LSV_READONLY) return ls_raise(in, "ValueError", "cannot set WRITEABLE flag to True of this array");
    if (yes) a->flags &= (uint8_t)~LSV_READONLY;
    else a->flags |= LSV_READONLY;
    return true;
}

static bool set_writeable(ls_interp *in, ls_value self, ls_value v) {
    bool yes;
    return ls_truth(in, v, &yes) && make_writeable(in, array_of(self), yes);
}

static bool set_item(ls_interp *in, ls_value self, ls_value key, ls_value v) {
    flag f;
    if (!key_of(in, key, &f)) return false;
    return f == WRITEABLE ? set_writeable(in, self, v) : ls_raise(in, "KeyError", "'Unknown flag'");
}

static const ls_hooks hooks = {.repr = repr, .get = get, .set = set_item};

BUILTIN(flags) {
    lsv_array *a;
    if (!ls_arg(w, args, 0, &a)) return false;
    ls_value v = ls_opaque_new(&flags_type, "");
    if (v.tag == LS_UNSET) return ls_no_memory(w->in);
    v.opaque->state[0] = ls_array(lsv_ref(a));
    if (args[0].tag == LS_NPSCALAR) a->flags |= LSV_READONLY; /* an array made for the asking: scalars do not change */
    v.opaque->hooks = &hooks;
    *out = v;
    return true;
}

BUILTIN(flags_field) {
    *out = ls_bool(has(array_of(args[0]), (flag)w->self->op));
    return true;
}

/* a.setflags(write=None, align=None, uic=None) */
BUILTIN(setflags) {
    bool yes;
    if (args[0].tag != LS_ARRAY || ls_is_none(args[1])) return true;
    return ls_truth(w->in, args[1], &yes) && make_writeable(w->in, args[0].array, yes);
}

/* ---- base, order ---- */

/* The array that made the memory; a view of a view has the same. */
BUILTIN(base) {
    lsv_array *owner = args[0].tag == LS_ARRAY ? lsv_base(args[0].array) : NULL;
    if (owner && owner->kind == LSV_NUMPY) *out = ls_array(owner);
    else lsv_release(owner);
    return true;
}

BUILTIN(np_isfortran) {
    if (args[0].tag != LS_ARRAY || args[0].array->kind != LSV_NUMPY)
        return ls_raise(w->in, "AttributeError", "'%s' object has no attribute 'flags'", ls_type_name(args[0]));
    *out = ls_bool(has(args[0].array, ONLY_FORTRAN));
    return true;
}

#define FIELD(names, text, op_) {names, "(self)", text, NULL, NULL, flags_field, op_, LS_ATTRIBUTE, NULL}

const ls_builtin ls_family_flags[] = {
    {"ndarray.flags", "(self)", "How the array lies in memory, by names: C_CONTIGUOUS, F_CONTIGUOUS, OWNDATA, WRITEABLE, …",
     "a.flags.writeable = False forbids changes in place; the other flags are only read.", NULL, flags, 0, LS_ATTRIBUTE, NULL},
    FIELD("flagsobj.c_contiguous flagsobj.contiguous", "Whether the last axis lies closest together, without gaps", CONTIGUOUS),
    FIELD("flagsobj.f_contiguous flagsobj.fortran", "Whether the first axis lies closest together, without gaps", FORTRAN),
    FIELD("flagsobj.owndata", "Whether the memory is the array's own, not another's", OWNDATA),
    {"flagsobj.writeable", "(self)", "Whether elements may be changed; can be set", NULL, NULL, flags_field, WRITEABLE, LS_ATTRIBUTE, set_writeable},
    FIELD("flagsobj.aligned", "Whether elements lie at addresses that suit their type: always", ALIGNED),
    FIELD("flagsobj.writebackifcopy", "Whether the array is a copy that will be written back: never", WRITEBACK),
    FIELD("flagsobj.forc", "Whether it is contiguous in C or in Fortran order", EITHER), FIELD("flagsobj.fnc", "Whether it is contiguous in Fortran order and not in C order", ONLY_FORTRAN),
    FIELD("flagsobj.behaved", "Whether it is aligned and writeable", BEHAVED), FIELD("flagsobj.carray", "Whether it is behaved and contiguous in C order", CARRAY),
    FIELD("flagsobj.farray", "Whether it is behaved and contiguous in Fortran order only", FARRAY),
    {"ndarray.setflags", "(self, write=None, align=None, uic=None)", "Forbids or allows changes in place", NULL, NULL, setflags, 0, LS_CALLABLE, NULL},
    {"ndarray.base", "(self)", "The array whose memory a view shows, or None", "Arrays over a file's memory have no base here.", NULL, base, 0, LS_ATTRIBUTE, NULL},
    {"np.isfortran", "(a)", "Whether the elements lie in Fortran order and not in C order", NULL, NULL, np_isfortran, 0, LS_CALLABLE, NULL},
    {.names = NULL}};
