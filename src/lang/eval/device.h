/* Devices in the language: which tensor lies where, and what operations make of it.

   A tensor's place is array->device: 0 the host, 1 + n the n-th GPU. Where its bytes are is lib's
   affair (array/mirror.h): the host's copy may be out of date until lsv_host has been asked for it.
   Most of the library and all builtins read the host's copy, so there is one boundary, here: before a
   builtin is called, the arrays among its arguments are made readable, and what comes back from
   it gets the place of its operands. A short list of builtins (device.c) is handled otherwise: they
   read nothing (x.shape), have a device route of their own (torch.exp) or decide the place (x.to).
   Operators and subscripts do the same in a few lines each.

   Until a tensor has been put on a GPU in a session, in->devices is false and nothing of this costs
   more than one test of a flag per call. */
#ifndef LANG_EVAL_DEVICE_H
#define LANG_EVAL_DEVICE_H

#include "array/mirror.h"
#include "lang/builtins/builtin.h"

/* ---- places ---- */

enum { LS_ANYWHERE = -1 }; /* no device was named */

/* "cuda", "cuda:1", 1, torch.device(…) as a place; None: LS_ANYWHERE. `who` is named in a TypeError. false: error
   set: unknown, not offered, no GPU here. With --device cpu, cuda is the host, which is said once. */
bool ls_device_of(ls_interp *in, const char *who, ls_value v, int *device);
/* A torch.device value: of a text as PyTorch takes it ("cuda:0"), and of a place. */
bool ls_device_parse(ls_interp *in, const char *text, ls_value *out);
bool ls_device_make(ls_interp *in, const char *type, int64_t index, ls_value *out); /* index < 0: none */
bool ls_device_value(ls_interp *in, int device, ls_value *out);
const char *ls_device_text(int device, char buf[16]); /* "cpu", "cuda:0" */
/* Is there a GPU that programs may use? false: *why (may be NULL) says what is missing. */
bool ls_gpu_usable(ls_interp *in, const char **why);
bool ls_no_gpu(ls_interp *in); /* raises what PyTorch raises then */

/* a at that place: itself (a reference) where it lies there already, else a copy. */
bool ls_device_move(ls_interp *in, lsv_array *a, int device, lsv_array **out);
/* Where new tensors lie when nothing is said (torch.set_default_device). */
bool ls_device_default(ls_interp *in, int *device);
/* *a, whose reference the caller has, at that place: labelled where nobody else sees it, else moved. On failure *a is as
   it was. */
bool ls_device_place(ls_interp *in, lsv_array **a, int device);
/* A new array of the host gets its place; nothing is copied until something reads it there. */
bool ls_device_label(ls_interp *in, lsv_array *a, int device);

/* ---- the boundary ---- */

/* b->function with its arguments bound, when a tensor may lie on a GPU. */
bool ls_device_call(ls_interp *in, const ls_builtin *b, const ls_value *args, int n, ls_value *out);

/* For the time of an operation that knows nothing of devices, the arrays among the arguments are made
   readable on the host and pass for arrays of the host: the library computes with them there. false:
   error set, nothing is hidden. */
typedef struct ls_hidden {
    struct ls_hidden_array { lsv_array *array; uint8_t device; } few[16], *all;
    int n, room;
} ls_hidden;
bool ls_device_hide(ls_interp *in, ls_hidden *h, const ls_value *args, int n);
void ls_device_show(ls_hidden *h); /* the end of it */

/* Makes the arrays among the arguments readable. */
bool ls_device_fetch(ls_interp *in, const ls_value *args, int n);
/* Does an array among the arguments lie on a GPU? */
bool ls_device_any(const ls_value *args, int n);

/* The place of an operation on two arrays; false: error set, they lie apart. Numbers go anywhere. */
bool ls_device_meet(ls_interp *in, int op, const lsv_array *a, const lsv_array *b, int *device);
/* *out, of an operation on operands at that place, gets it; on failure *out is dropped. */
bool ls_device_adopt(ls_interp *in, int device, ls_value *out);
/* Every new tensor in *v (a dictionary of what a file holds) gets that place. */
bool ls_device_all(ls_interp *in, int device, ls_value *v);
/* to[...] = from, between any two places. */
bool ls_device_assign(ls_interp *in, lsv_array *to, lsv_array *from);

static inline bool ls_readable(ls_interp *in, const lsv_array *a) {
    lsv_error err;
    return __builtin_expect(lsv_host(a, &err) == LSV_OK, 1) || ls_raise_lsv(in, &err);
}

/* ---- a GPU that failed ---- */

/* Names the variables whose only copy was lost, through client.warn. */
void ls_device_lost(ls_interp *in);

#endif
