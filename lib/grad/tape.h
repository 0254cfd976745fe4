/* The reverse tape: what was computed from arrays that require gradients, and how to go back.

   The graph alternates between values and steps. An lsv_tape is one value of it: it hangs on its
   array (lsv_array.tape) and knows the step that made it, or that it is a leaf, which collects
   .grad. An lsv_node is one step: a rule, the values it read, what its derivative needs to
   remember. References go from results to what they were made of, so the graph is free of cycles:
   what a node saves are handles of their own without a tape. Leaves are not known to anybody but
   their readers.

   Recording changes nothing about the result's elements. A rule's derivative may give gradients in
   the broadcast shape and in another dtype; the engine sums and converts them to the input's.
   Nothing here recurses: graphs may be as deep as memory allows. */
#ifndef LSV_GRAD_TAPE_H
#define LSV_GRAD_TAPE_H

#include "array/array.h"

typedef struct lsv_tape lsv_tape;
typedef struct lsv_node lsv_node;

enum { LSV_NODE_OUTPUTS = 3 };

/* What a rule has to know beside arrays; each rule says which of them it reads. */
typedef struct lsv_grad_attrs {
    int op;    /* an lsv_unary_op, lsv_binary_op, … */
    int naxes; /* < 0: all */
    int axes[LSV_MAXDIM];
    bool keepdims, flag;
    double p; /* order of a norm, alpha, ddof, … */
    ptrdiff_t k;
    int ndim; /* a shape, or a view: */
    ptrdiff_t shape[LSV_MAXDIM], strides[LSV_MAXDIM], offset;
    const char *text;       /* copied by lsv_record */
    const lsv_index *items; /* copied by lsv_record, with references to their arrays */
    int nitems;
} lsv_grad_attrs;

/* gout[i]: the cotangent of output i, NULL where nothing came. gin[k] is set, to a new reference,
   for the inputs that are on the tape (node->in[k]); NULL leaves it zero. */
typedef lsv_status lsv_vjp_fn(const lsv_node *node, lsv_array *const *gout, lsv_array **gin, lsv_error *err);

enum { /* what a rule saves */
       LSV_SAVE_NONE = 0,
       LSV_SAVE_INPUTS = 1,
       LSV_SAVE_OUTPUTS = 2,
       LSV_SAVE_OTHERS = 4 /* input k where another input is on the tape (products) */
};

typedef struct lsv_grad_rule {
    const char *name; /* as PyTorch prints it without 0: "MulBackward" */
    lsv_vjp_fn *vjp;
    int saves;
} lsv_grad_rule;

typedef struct lsv_saved {
    lsv_array *array;
    unsigned version;
} lsv_saved;

struct lsv_node {
    int refs;
    int nin, nout;
    bool spent;      /* its saved arrays were given back after a backward pass */
    unsigned mark;   /* of the engine */
    uint64_t serial; /* order of recording: readers come later */
    const lsv_grad_rule *rule;
    const char *name; /* what is printed, "MulBackward0" */
    lsv_grad_attrs attrs;
    lsv_tape **in;       /* references; NULL: a constant */
    lsv_saved *saved_in; /* array NULL: not saved */
    lsv_saved saved_out[LSV_NODE_OUTPUTS];
    lsv_tape *out[LSV_NODE_OUTPUTS]; /* not counted; NULL once the value is gone */
    void *context;                   /* of a rule made elsewhere */
    void (*drop)(void *context);
};

struct lsv_tape {
    int refs;
    int output;      /* which one of node's */
    lsv_node *node;  /* NULL: a leaf */
    lsv_array *grad; /* of a leaf, or a value that retains it */
    bool retain;
    unsigned version; /* of the storage when it was recorded */
    uint8_t dtype, kind, ndim;
    uint8_t device; /* where its array lies, and its gradient will */
    ptrdiff_t shape[LSV_MAXDIM];
    lsv_array *sum;        /* the engine's: cotangent so far */
    struct lsv_tape *next; /* the engine's and the releaser's lists */
};

/* Does a gradient flow into a? */
static inline bool lsv_tracked(const lsv_array *a) { return (a->flags & LSV_REQUIRES_GRAD) != 0; }
static inline bool lsv_is_leaf(const lsv_array *a) { return !a->tape || !((lsv_tape *)a->tape)->node; }
/* An array's elements were changed in place. */
static inline void lsv_changed(lsv_array *a) {
    if (a->storage) a->storage->version++;
    a->origin = 0; /* no longer what a call gave */
}

/* Records outputs = rule(inputs): from now on the outputs require grad. Inputs may be scalars on the
   C stack; constants among them (not tracked) are saved as the rule asks. name: NULL for rule->name and
   a 0. On an error the outputs are as before. */
lsv_status lsv_record(const lsv_grad_rule *rule, const char *name, const lsv_grad_attrs *attrs,
                      lsv_array *const *inputs, int nin, lsv_array *const *outputs, int nout, void *context,
                      void (*drop)(void *), lsv_error *err);
/* The same node for an array that was changed in place: what hung on it before is `before` (from
   lsv_tape_take), to be read as input 0. */
lsv_tape *lsv_tape_take(lsv_array *a); /* detaches a's value from it and gives its reference; NULL: none */
void lsv_tape_give(lsv_array *a, lsv_tape *t); /* takes the reference; a requires grad if t is not NULL */
lsv_status lsv_tape_of(lsv_array *a, lsv_tape **t,
                       lsv_error *err); /* borrowed; a leaf's is made when first asked for */

/* Arrays of a device (array/mirror.h) are read on the host in the backward pass, and gradients get the place of what
   they belong to. */
/* The backward pass from roots with cotangents seeds (NULL: ones for a root of one element). wanted NULL:
   leaves collect .grad. Else grads[i] is what reached wanted[i], a new reference or NULL. retain keeps what
   was saved. */
lsv_status lsv_backward(lsv_array *const *roots, lsv_array *const *seeds, int nroots, bool retain,
                        lsv_array *const *wanted, int nwanted, lsv_array **grads, lsv_error *err);

/* g summed to the shape and converted to the dtype and kind given; a new reference. */
lsv_status lsv_sum_to(lsv_array *g, lsv_kind kind, lsv_dtype dtype, int ndim, const ptrdiff_t *shape,
                      lsv_array **out, lsv_error *err);

/* A saved array of the node, checked: LSV_ERUNTIME where it was changed in place since. Borrowed. */
lsv_status lsv_saved_input(const lsv_node *node, int k, lsv_array **a, lsv_error *err);
lsv_status lsv_saved_output(const lsv_node *node, int k, lsv_array **a, lsv_error *err);

/* "MulBackward0" of a result on the tape, or NULL. */
const char *lsv_grad_name(const lsv_array *a);

#endif
