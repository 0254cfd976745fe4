/* The boundary between tensors on a GPU and builtins that read the host's memory: see device.h.

   How a builtin is treated follows from its name, in this order: a row of the table below; NumPy's
   own functions refuse such tensors, as they do in Python; torch's functions and lsv's own work on the
   host and their results go back; the rest (Python's) only reads. */
#include "lang/eval/device.h"

#include "base/alloc.h"
#include "lang/autograd/autograd.h"
#include "lang/eval/operators.h"
#include "lang/machine/vm.h"
#include "lang/syntax/tree.h"

#include <stdio.h>
#include <string.h>

typedef enum manner {
    UNKNOWN,
    READS,   /* elements are read on the host, and nothing comes back to a device */
    HIDES,   /* the same, by functions of the library that could take a device route */
    HOSTED,  /* the same, and the results go where the operands are               */
    ROUTED,  /* the library has a way on the device, or falls back to the host    */
    VIEWS,   /* no element is read: shapes, flags, views                          */
    PLACES,  /* reads, and decides itself where the result lies                   */
    COPIES,  /* HOSTED, between any two places                                    */
    REFUSES, /* NumPy                                                             */
} manner;

/* Rows of record names, one name of each record is enough. A name that ends with "." means all that start so. */
static const struct { manner how; const char *names; } table[] = {
    {PLACES, "torch.tensor torch.as_tensor torch.from_numpy torch.zeros torch.ones torch.empty torch.full torch.arange "
             "torch.range torch.linspace torch.logspace torch.eye torch.zeros_like torch.ones_like torch.empty_like "
             "torch.full_like torch.rand torch.randn torch.rand_like torch.randn_like torch.randint torch.randint_like "
             "torch.randperm torch.normal tensor.new_zeros tensor.new_ones tensor.new_empty tensor.new_full "
             "tensor.new_tensor torch.tril_indices torch.triu_indices torch.Generator torch.nn.Tensor torch.DoubleTensor "
             "torch.LongTensor torch.BoolTensor torch.load torch.save tensor.backward torch.autograd.backward "
             "torch.autograd.grad tensor.tolist tensor.item tensor.numpy torch.set_default_device tensor.uniform_ tensor.normal_"},
    {VIEWS, "tensor.pin_memory tensor.to tensor.cpu tensor.cuda tensor.device tensor.is_cuda tensor.is_cpu tensor.get_device tensor.is_mps "
            "tensor.is_meta tensor.is_sparse tensor.is_quantized tensor.layout tensor.names "
            "tensor.dtype tensor.itemsize tensor.nbytes tensor.ndim tensor.shape tensor.size tensor.dim tensor.element_size "
            "tensor.stride tensor.storage_offset tensor.is_contiguous torch.numel torch.is_floating_point torch.is_complex torch.is_tensor torch.typename "
            "tensor.requires_grad tensor.requires_grad_ tensor.grad tensor.grad_fn tensor.is_leaf tensor.retain_grad "
            "tensor.detach tensor.data torch.Parameter torch.cuda. torch.nn.device torch.get_default_device torch.set_grad_enabled torch.no_grad "
            "torch.set_printoptions torch.set_default_dtype torch.result_type torch.promote_types torch.broadcast_shapes "
            "tensor.T tensor.mT torch.t torch.transpose tensor.permute torch.permute torch.movedim torch.adjoint tensor.view tensor.view_as "
            "torch.squeeze torch.unsqueeze tensor.t_ tensor.transpose_ tensor.squeeze_ tensor.unsqueeze_ tensor.expand "
            "tensor.expand_as torch.broadcast_to torch.narrow torch.select torch.unbind torch.diagonal torch.linalg.diagonal torch.split "
            "torch.chunk torch.tensor_split torch.jit. torch.compile len type isinstance id callable hasattr"},
    {ROUTED, "torch.matmul torch.mm torch.bmm torch.mv torch.add torch.sub torch.mul torch.div torch.neg torch.abs torch.sqrt "
             "torch.rsqrt torch.square torch.reciprocal torch.exp torch.log torch.sin torch.cos torch.tanh torch.sigmoid torch.relu "
             "torch.floor torch.ceil torch.sign torch.isnan torch.isinf torch.isfinite torch.lt torch.le torch.gt torch.ge torch.eq torch.ne "
             "torch.sum torch.mean torch.amax torch.amin torch.clone torch.linalg.svd torch.linalg.svdvals svd torch.svd_lowrank lora "
             "tensor.type tensor.float tensor.double tensor.half tensor.bfloat16 tensor.long tensor.int tensor.bool tensor.type_as"},
    {COPIES, "tensor.copy_"},
    {HIDES, "save safetensors."},
    {READS, "print sum any all min max sorted reversed enumerate zip map filter iter next range list tuple dict str int float bool "
            "issubclass repr ascii format hash hex oct bin chr ord getattr setattr dir globals slice eval set tqdm"},
};

static bool word_in(const char *words, const char *word, size_t n) {
    for (const char *p = words; *p;) {
        size_t len = strcspn(p, " ");
        if (len == n && memcmp(p, word, n) == 0) return true;
        if (len && p[len - 1] == '.' && n > len && memcmp(p, word, len) == 0) return true;
        p += len + (p[len] == ' ');
    }
    return false;
}

static bool row_has(const char *words, const char *names) {
    for (const char *p = names; *p;) {
        size_t n = strcspn(p, " ");
        if (n && word_in(words, p, n)) return true;
        p += n;
        while (*p == ' ') p++;
    }
    return false;
}

static bool starts(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

static manner find_manner(const ls_builtin *b) {
    for (size_t k = 0; k < sizeof table / sizeof *table; k++)
        if (row_has(table[k].names, b->names)) return table[k].how;
    if (starts(b->names, "np.") || starts(b->names, "jnp.") || starts(b->names, "jax.") || starts(b->names, "ndarray.")) return REFUSES;
    bool method = strchr(b->names, '.') && !starts(b->names, "torch.") && !starts(b->names, "tensor.");
    return method ? READS : HOSTED; /* "math.sqrt", "list.append"; torch's, and lsv's own without a prefix */
}

static manner manner_of(const ls_builtin *b) {
    enum { SLOTS = 1024 };
    static struct { const ls_builtin *b; manner how; } known[SLOTS]; /* what was looked up last in each slot */
    size_t at = ((uintptr_t)b / sizeof *b * 2654435761u) % SLOTS;
    if (known[at].b != b) {
        known[at].how = find_manner(b);
        known[at].b = b;
    }
    return known[at].how;
}

/* ---- looking at arguments ---- */

typedef struct seen {
    int device;                 /* of the first tensor on a GPU; 0: there is none                     */
    int arg;                    /* the argument it is                                                 */
    const lsv_array *apart;     /* the first tensor that lies elsewhere (numbers lie anywhere)        */
    int apart_arg;
    int first;                  /* place of the first tensor of all, as PyTorch compares with it; -1  */
} seen;

enum { DEEP = 4 };

typedef bool visit_fn(void *ctx, lsv_array *a, int arg);

static bool each_array(ls_value v, int depth, int arg, visit_fn *visit, void *ctx) {
    if (v.tag == LS_ARRAY) return visit(ctx, v.array, arg);
    if (v.tag < LS_HEAP || depth > DEEP) return true;
    if (v.tag == LS_TUPLE || v.tag == LS_LIST) {
        const ls_value *items = v.tag == LS_TUPLE ? v.tuple->items : v.list->items;
        ptrdiff_t n = v.tag == LS_TUPLE ? v.tuple->n : v.list->n;
        for (ptrdiff_t k = 0; k < n; k++)
            if (items[k].tag >= LS_HEAP && !each_array(items[k], depth + 1, arg, visit, ctx)) return false;
    } else if (v.tag == LS_DICT) {
        for (ptrdiff_t k = 0; k < v.dict->used; k++)
            if (v.dict->entries[k].key.tag != LS_UNSET && !each_array(v.dict->entries[k].value, depth + 1, arg, visit, ctx)) return false;
    }
    return true;
}

static bool look(void *ctx, lsv_array *a, int arg) {
    seen *s = ctx;
    if (a->kind != LSV_TORCH) return true;
    if (s->first < 0 && (a->device || a->ndim)) s->first = a->device;
    if (a->device && !s->device) {
        s->device = a->device;
        s->arg = arg;
    }
    if ((a->device || a->ndim) && a->device != s->first && !s->apart) {
        s->apart = a;
        s->apart_arg = arg;
    }
    return true;
}

static bool fetch(void *ctx, lsv_array *a, int arg) {
    (void)arg;
    return ls_readable(ctx, a);
}

bool ls_device_fetch(ls_interp *in, const ls_value *args, int n) {
    for (int k = 0; k < n; k++)
        if (args[k].tag >= LS_HEAP && !each_array(args[k], 0, k, fetch, in)) return false;
    return true;
}

static bool on_host(void *ctx, lsv_array *a, int arg) {
    (void)ctx, (void)arg;
    return a->device == 0;
}

bool ls_device_any(const ls_value *args, int n) {
    for (int k = 0; k < n; k++)
        if (args[k].tag >= LS_HEAP && !each_array(args[k], 0, k, on_host, NULL)) return true;
    return false;
}

/* ---- passing for arrays of the host ---- */

typedef struct hiding { ls_interp *in; ls_hidden *h; } hiding;

static bool more_room(ls_interp *in, ls_hidden *h) {
    int room = 2 * h->room;
    struct ls_hidden_array *all = lsv_malloc((size_t)room * sizeof *all);
    if (!all) return ls_no_memory(in);
    memcpy(all, h->all, (size_t)h->n * sizeof *all);
    if (h->all != h->few) lsv_free(h->all);
    h->all = all;
    h->room = room;
    return true;
}

static bool hide(void *ctx, lsv_array *a, int arg) {
    hiding *k = ctx;
    (void)arg;
    if (!a->device) return true;
    if (k->h->n == k->h->room && !more_room(k->in, k->h)) return false;
    if (!ls_readable(k->in, a)) return false;
    k->h->all[k->h->n++] = (struct ls_hidden_array){lsv_ref(a), a->device};
    a->device = 0;
    return true;
}

bool ls_device_hide(ls_interp *in, ls_hidden *h, const ls_value *args, int n) {
    h->n = 0;
    h->all = h->few;
    h->room = (int)(sizeof h->few / sizeof *h->few);
    hiding ctx = {in, h};
    for (int k = 0; k < n; k++)
        if (args[k].tag >= LS_HEAP && !each_array(args[k], 0, k, hide, &ctx)) {
            ls_device_show(h);
            return false;
        }
    return true;
}

void ls_device_show(ls_hidden *h) {
    for (int k = 0; k < h->n; k++) {
        lsv_array *a = h->all[k].array;
        a->device = h->all[k].device;
        if (a->tape) ((lsv_tape *)a->tape)->device = a->device;
        lsv_release(a);
    }
    if (h->all != h->few) lsv_free(h->all);
    h->n = 0;
    h->all = h->few;
}

/* ---- results ---- */

/* A view of an argument stays where the argument is; whatever else comes back is new. */
typedef struct owner { const lsv_storage *storage; const lsv_array *array; } owner;
typedef struct adoption { ls_interp *in; const ls_value *args; int nargs, device; } adoption;

static bool owns(void *ctx, lsv_array *a, int arg) {
    owner *o = ctx;
    (void)arg;
    if (a->storage == o->storage) o->array = a;
    return !o->array;
}

static bool adopt(void *ctx, lsv_array *a, int arg) {
    const adoption *x = ctx;
    (void)arg;
    if (a->kind != LSV_TORCH) return true;
    owner o = {a->storage, NULL};
    for (int k = 0; k < x->nargs && !o.array; k++)
        if (x->args[k].tag >= LS_HEAP) each_array(x->args[k], 0, k, owns, &o);
    return ls_device_label(x->in, a, o.array ? o.array->device : x->device);
}

static bool adopt_all(ls_interp *in, int device, const ls_value *args, int n, ls_value *out) {
    adoption x = {in, args, n, device};
    return out->tag < LS_HEAP || each_array(*out, 0, 0, adopt, &x);
}

bool ls_device_all(ls_interp *in, int device, ls_value *v) { return adopt_all(in, device, NULL, 0, v); }

bool ls_device_adopt(ls_interp *in, int device, ls_value *out) {
    if (out->tag != LS_ARRAY || out->array->kind != LSV_TORCH || ls_device_label(in, out->array, device)) return true;
    ls_drop(*out);
    *out = ls_none();
    return false;
}

/* ---- operands that lie apart ---- */

/* PyTorch has two wordings: element-wise operations compare all operands, others each argument with the first. */
static bool elementwise(const ls_builtin *b) {
    const ls_grad_row *row = ls_grad_row_of(b);
    return row && (row->record == ls_grad_op_binary || row->record == ls_grad_op_unary);
}

static bool found_two(ls_interp *in, int device) {
    char place[16];
    ls_raise(in, "RuntimeError", "Expected all tensors to be on the same device, but found at least two devices, %s and cpu!",
             ls_device_text(device, place));
    return false;
}

static bool lies_apart(ls_interp *in, const char *argument, int device, int others, const char *method) {
    char a[16], b[16];
    ls_raise(in, "RuntimeError",
             "Expected all tensors to be on the same device, but got %s is on %s, different from other tensors on %s (when checking "
             "argument in method wrapper_CUDA_%s)",
             argument, ls_device_text(device, a), ls_device_text(others, b), method);
    return false;
}

static bool apart(ls_interp *in, const ls_builtin *b, const seen *s) {
    char name[64];
    const ls_signature *sig = ls_vm_signature(in, b);
    if (!sig) return false;
    in->blame = s->apart_arg;
    if (elementwise(b)) found_two(in, s->device);
    else {
        const char *argument = s->apart_arg < sig->nparams ? sig->params[s->apart_arg].name : "other";
        size_t n = strcspn(b->names, " "), start = n;
        while (start && b->names[start - 1] != '.') start--;
        /* how PyTorch's generator names the two kinds of kernels */
        bool structured = word_in("cat gather scatter addmm addmv baddbmm mm bmm tril triu cumsum cumprod sort topk", b->names + start, n - start);
        snprintf(name, sizeof name, "%s%.*s", structured ? "" : "_", (int)(n - start), b->names + start);
        lies_apart(in, argument, s->apart->device, s->first, name);
    }
    ls_hint(in, "x.to(y.device) moves a tensor to where another one lies");
    return false;
}

static bool is_number(const lsv_array *a) { return a->ndim == 0 && a->device == 0; }

bool ls_device_meet(ls_interp *in, int op, const lsv_array *a, const lsv_array *b, int *device) {
    *device = a->device ? a->device : b->device;
    if (a->device == b->device || a->kind != LSV_TORCH || b->kind != LSV_TORCH) return true;
    if (op != LS_OP_MATMUL && (is_number(a) || is_number(b))) return true;
    if (op != LS_OP_MATMUL) found_two(in, *device);
    else if (a->ndim == 1 && b->ndim == 1) lies_apart(in, "tensor", b->device, a->device, "_dot");
    else if (b->ndim == 1) lies_apart(in, "vec", b->device, a->device, "addmv_");
    else lies_apart(in, "mat2", b->device, a->device, a->ndim > 2 || b->ndim > 2 ? "bmm" : "mm");
    ls_hint(in, "x.to(y.device) moves a tensor to where another one lies");
    return false;
}

/* ---- a call ---- */

/* Which of the arguments are written: the receiver of a method in place, and out=. */
static void note_changes(ls_interp *in, const ls_builtin *b, const ls_value *args, int n) {
    size_t len = strcspn(b->names, " ");
    bool inplace = len > 2 && b->names[len - 1] == '_' && b->names[len - 2] != '_';
    if (inplace && n && args[0].tag == LS_ARRAY) lsv_host_changed(args[0].array);
    const ls_signature *s = ls_vm_signature(in, b);
    for (int k = 0; s && k < s->nparams && k < n; k++) {
        if (strcmp(s->params[k].name, "out") != 0) continue;
        if (args[k].tag == LS_ARRAY) lsv_host_changed(args[k].array);
        for (ptrdiff_t i = 0; args[k].tag == LS_TUPLE && i < args[k].tuple->n; i++)
            if (args[k].tuple->items[i].tag == LS_ARRAY) lsv_host_changed(args[k].tuple->items[i].array);
    }
}

static bool refuse(ls_interp *in, const seen *s) {
    char place[16];
    in->blame = s->arg;
    return ls_raise(in, "TypeError",
                    "can't convert %s device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first.",
                    ls_device_text(s->device, place));
}

/* Results with out= are written by the host. */
static bool has_out(ls_interp *in, const ls_builtin *b, const ls_value *args, int n) {
    const ls_signature *s = ls_vm_signature(in, b);
    for (int k = 0; s && k < s->nparams && k < n; k++)
        if (strcmp(s->params[k].name, "out") == 0 && args[k].tag != LS_NONE) return true;
    return false;
}

/* The function on the host's copies of its arguments. */
static bool on_the_host(ls_interp *in, const ls_builtin *b, const ls_value *args, int n, ls_value *out) {
    ls_hidden hidden;
    if (!ls_device_hide(in, &hidden, args, n)) return false;
    bool ok = b->function(in, b, args, out);
    note_changes(in, b, args, n);
    ls_device_show(&hidden);
    return ok;
}

bool ls_device_call(ls_interp *in, const ls_builtin *b, const ls_value *args, int n, ls_value *out) {
    seen s = {.first = -1};
    for (int k = 0; k < n; k++)
        if (args[k].tag >= LS_HEAP) each_array(args[k], 0, k, look, &s);
    manner how = s.device ? manner_of(b) : VIEWS;
    if (how == ROUTED && has_out(in, b, args, n)) how = HOSTED;
    bool ok;
    switch (how) {
    case REFUSES: return refuse(in, &s);
    case READS:
    case PLACES: return ls_device_fetch(in, args, n) && b->function(in, b, args, out);
    case ROUTED:
        if (s.apart) return apart(in, b, &s);
        ok = b->function(in, b, args, out);
        break;
    case HOSTED:
        if (s.apart) return apart(in, b, &s);
        ok = on_the_host(in, b, args, n, out);
        break;
    case COPIES: ok = on_the_host(in, b, args, n, out); break;
    case HIDES: return on_the_host(in, b, args, n, out);
    default: return b->function(in, b, args, out);
    }
    if (!ok) return false;
    if (adopt_all(in, s.device, args, n, out)) return true;
    ls_drop(*out);
    *out = ls_none();
    return false;
}

bool ls_device_assign(ls_interp *in, lsv_array *to, lsv_array *from) {
    ls_value pair[2] = {{.tag = LS_ARRAY, .array = to}, {.tag = LS_ARRAY, .array = from}};
    ls_hidden hidden;
    lsv_error err;
    if (!ls_device_hide(in, &hidden, pair, 2)) return false;
    bool ok = lsv_assign(to, from, &err) == LSV_OK || ls_raise_lsv(in, &err);
    lsv_host_changed(to);
    ls_device_show(&hidden);
    return ok;
}
