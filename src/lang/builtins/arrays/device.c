/* Devices: torch.device, where a tensor lies, and moving it: .to, .cpu, .cuda. What the GPU itself can be
   asked is in cuda.c. */
#include "lang/builtins/support.h"

#include <stdio.h>
#include <string.h>

/* ---- torch.device ---- */

/* torch.device("cuda:0"), torch.device("cuda", 0), torch.device(0), torch.device(device) */
BUILTIN(torch_device) {
    const char *text;
    int64_t index;
    ls_value v = args[0];
    if (v.tag == LS_OPAQUE && v.opaque->type == &ls_type_device && ls_is_none(args[1])) {
        *out = ls_ref(v);
        return true;
    }
    if (v.tag == LS_INT && ls_is_none(args[1])) {
        if (v.i < 0) return ls_raise(w->in, "RuntimeError", "Device index must not be negative");
        return ls_device_make(w->in, "cuda", v.i, out);
    }
    if (v.tag != LS_STR)
        return ls_raise(w->in, "TypeError", "device() takes a device, or a type as in 'cuda' and an index, not %s", ls_type_of(v)->shown);
    if (!ls_as_text(w->in, v, "type", &text)) return false;
    if (ls_is_none(args[1])) return ls_device_parse(w->in, text, out);
    if (!ls_as_int(w->in, args[1], "index", &index)) return false;
    if (index < 0) return ls_raise(w->in, "RuntimeError", "Device index must not be negative");
    if (strchr(text, ':'))
        return ls_raise(w->in, "RuntimeError", "type (string) must not include an index because index was passed explicitly: %s", text);
    ls_value plain;
    if (!ls_device_parse(w->in, text, &plain)) return false;
    bool ok = ls_device_make(w->in, plain.opaque->state[1].str->data, index, out);
    ls_drop(plain);
    return ok;
}

BUILTIN(device_type) {
    *out = ls_ref(args[0].opaque->state[1]);
    return true;
}

BUILTIN(device_index) {
    *out = args[0].opaque->number < 0 ? ls_none() : ls_int(args[0].opaque->number);
    return true;
}

/* ---- the default ---- */

/* torch.set_default_device(device): whether there is a GPU is seen when it is used, as in PyTorch. */
BUILTIN(torch_set_default_device) {
    ls_value v;
    int device;
    if (ls_is_none(args[0])) {
        w->in->torch_device = -1;
        return true;
    }
    if (args[0].tag == LS_STR && !ls_device_parse(w->in, args[0].str->data, &v)) return false;
    if (args[0].tag != LS_STR) v = ls_ref(args[0]);
    bool cuda = v.tag == LS_INT || (v.tag == LS_OPAQUE && v.opaque->type == &ls_type_device && strcmp(v.opaque->state[1].str->data, "cuda") == 0);
    int64_t index = v.tag == LS_INT ? v.i : cuda ? v.opaque->number : 0;
    bool ok = cuda || ls_device_of(w->in, "set_default_device", v, &device);
    ls_drop(v);
    if (ok) w->in->torch_device = cuda ? 1 + (int)(index < 0 ? 0 : index > 126 ? 126 : index) : 0;
    return ok;
}

BUILTIN(torch_get_default_device) {
    int device;
    return ls_device_default(w->in, &device) && ls_device_value(w->in, device, out);
}

/* ---- where a tensor lies ---- */

BUILTIN(tensor_device) { return ls_device_value(w->in, args[0].array->device, out); }

/* op 1: is_cuda, 0: is_cpu */
BUILTIN(tensor_is_on) {
    *out = ls_bool((args[0].array->device != 0) == (w->self->op != 0));
    return true;
}

/* One stream fills tensors of all devices. */
BUILTIN(generator_device) { return ls_device_value(w->in, 0, out); }

BUILTIN(tensor_get_device) {
    *out = ls_int(args[0].array->device - 1);
    return true;
}

/* x.pin_memory(): copies go through pinned memory anyway. An error without a GPU, as in PyTorch. */
BUILTIN(tensor_pin_memory) {
    int device;
    if (args[0].array->device) {
        ls_value name = ls_tensor_typename(args[0].array);
        if (name.tag == LS_UNSET) return ls_no_memory(w->in);
        ls_raise(w->in, "RuntimeError", "cannot pin '%s' only dense CPU tensors can be pinned", name.str->data);
        ls_drop(name);
        return false;
    }
    if (!ls_device_of(w->in, "pin_memory", ls_int(0), &device)) return false;
    *out = ls_ref(args[0]);
    return true;
}

/* ---- moving ---- */

/* The tensor with that dtype at that place; a copy in any case if `copy`. */
static bool moved(ls_work *w, lsv_array *a, lsv_dtype d, int device, bool copy, ls_value *out) {
    lsv_array *r = a;
    if (device == LS_ANYWHERE) device = a->device;
    if (a->dtype != d || (copy && a->device == device)) { /* converted where it is, and then moved */
        if (!ls_ok(w, lsv_astype(a, d, &r, &w->err))) return false;
        if (r->device != a->device && !ls_device_place(w->in, &r, a->device)) {
            lsv_release(r);
            return false;
        }
        if (!ls_keep(w, r)) return false;
    }
    if (!ls_device_move(w->in, r, device, &r)) return false;
    *out = ls_array(r);
    return true;
}

static bool wrong_arguments(ls_work *w, const ls_tuple *star) {
    char got[200] = "";
    for (ptrdiff_t i = 0; i < star->n && strlen(got) < 150; i++) {
        size_t used = strlen(got);
        snprintf(got + used, sizeof got - used, "%s%s", i ? ", " : "", ls_type_of(star->items[i])->shown);
    }
    return ls_raise(w->in, "TypeError",
                    "to() received an invalid combination of arguments - got (%s), but expected one of:\n"
                    " * (torch.device device = None, torch.dtype dtype = None, bool non_blocking = False, bool copy = False, *, torch.memory_format memory_format = None)\n"
                    " * (torch.dtype dtype, bool non_blocking = False, bool copy = False, *, torch.memory_format memory_format = None)\n"
                    " * (Tensor tensor, bool non_blocking = False, bool copy = False, *, torch.memory_format memory_format = None)\n",
                    got);
}

/* x.to(device, dtype), x.to(dtype), x.to(other), each followed by non_blocking, copy */
BUILTIN(tensor_to) {
    lsv_array *a;
    lsv_dtype d;
    bool copy = false;
    int device;
    if (!ls_arg(w, args, 0, &a) || !ls_dtype_or(w, args[2], (lsv_dtype)a->dtype, &d) || !ls_device_of(w->in, "to", args[3], &device) ||
        !ls_truth(w->in, args[5], &copy))
        return false;
    const ls_tuple *star = args[1].tuple;
    ptrdiff_t i = 0;
    if (i < star->n) {
        ls_value v = star->items[i++];
        if (v.tag == LS_ARRAY && v.array->kind == LSV_TORCH) {
            d = (lsv_dtype)v.array->dtype;
            device = v.array->device;
        } else if (v.tag == LS_DTYPE || v.tag == LS_TYPE) {
            if (!ls_dtype_or(w, v, d, &d)) return false;
        } else {
            if (v.tag != LS_NONE && v.tag != LS_STR && v.tag != LS_INT && v.tag != LS_OPAQUE) return wrong_arguments(w, star);
            if (!ls_device_of(w->in, "to", v, &device)) return false;
            if (i < star->n && star->items[i].tag != LS_BOOL) {
                v = star->items[i++];
                if (v.tag != LS_DTYPE && v.tag != LS_TYPE && v.tag != LS_NONE) return wrong_arguments(w, star);
                if (!ls_dtype_or(w, v, d, &d)) return false;
            }
        }
    }
    for (ptrdiff_t flag = 0; i < star->n; i++, flag++) { /* non_blocking, copy */
        if (flag > 1 || star->items[i].tag != LS_BOOL) return wrong_arguments(w, star);
        if (flag == 1) copy = star->items[i].i != 0;
    }
    return moved(w, a, d, device, copy, out);
}

BUILTIN(tensor_cpu) {
    lsv_array *a;
    return ls_arg(w, args, 0, &a) && moved(w, a, (lsv_dtype)a->dtype, 0, false, out);
}

BUILTIN(tensor_cuda) {
    lsv_array *a;
    int device;
    ls_value where = ls_is_none(args[1]) ? ls_int(0) : args[1];
    if (!ls_arg(w, args, 0, &a)) return false;
    bool cpu = (where.tag == LS_STR && strncmp(where.str->data, "cpu", 3) == 0) ||
               (where.tag == LS_OPAQUE && where.opaque->type == &ls_type_device && strcmp(where.opaque->state[1].str->data, "cpu") == 0);
    if (cpu) return ls_raise(w->in, "RuntimeError", "Invalid device, must be cuda device");
    return ls_device_of(w->in, "cuda", where, &device) && moved(w, a, (lsv_dtype)a->dtype, device, false, out);
}

#define ATTRIBUTE(name, text, examples_, f, op_) {.names = "tensor." name, .signature = "(self)", .summary = text, .examples = examples_, .function = f, .op = op_, .kind = LS_ATTRIBUTE}
#define CALL(names_, signature_, text, doc_, examples_, f) \
    {.names = names_, .signature = signature_, .summary = text, .doc = doc_, .examples = examples_, .function = f}

const ls_builtin ls_family_device[] = {
    CALL("torch.nn.device", "(type, index=None)", "A device: \"cpu\", \"cuda\", \"cuda:1\"",
         "A device can be named anywhere; using cuda needs an NVIDIA GPU. With `--device cpu` cuda is the CPU.",
         ">>> torch.device(\"cuda\", 1)\ndevice(type='cuda', index=1)\n>>> torch.device(\"cuda\" if torch.cuda.is_available() else \"cpu\").type in (\"cpu\", \"cuda\")\nTrue\n", torch_device),
    {.names = "device.type", .signature = "(self)", .summary = "The device's kind, a text", .examples = ">>> torch.device(\"cuda:1\").type\n'cuda'\n>>> torch.zeros(2).device.type\n'cpu'\n", .function = device_type, .kind = LS_ATTRIBUTE},
    {.names = "device.index", .signature = "(self)", .summary = "The device's number, or None", .examples = ">>> torch.device(\"cuda:1\").index\n1\n>>> print(torch.device(\"cuda\").index)\nNone\n", .function = device_index, .kind = LS_ATTRIBUTE},
    CALL("torch.set_default_device", "(device)", "Where new tensors lie when device= is not given", "None goes back to the CPU.",
         ">>> torch.set_default_device(\"cpu\")\n>>> torch.get_default_device()\ndevice(type='cpu')\n>>> torch.set_default_device(None)\n", torch_set_default_device),
    CALL("torch.get_default_device", "()", "Where new tensors lie when device= is not given", NULL,
         ">>> torch.get_default_device()\ndevice(type='cpu')\n>>> str(torch.get_default_device())\n'cpu'\n", torch_get_default_device),
    {.names = "torchgenerator.device", .signature = "(self)", .summary = "The device that the stream is for: the CPU", .examples = ">>> torch.Generator().device\ndevice(type='cpu')\n>>> torch.Generator().device.type\n'cpu'\n", .function = generator_device, .kind = LS_ATTRIBUTE},
    ATTRIBUTE("device", "Where the elements lie, a torch.device", ">>> torch.zeros(2).device\ndevice(type='cpu')\n>>> str(torch.zeros(2).device)\n'cpu'\n", tensor_device, 0),
    ATTRIBUTE("is_cuda", "Whether the elements lie on a GPU", ">>> torch.zeros(2).is_cuda\nFalse\n>>> torch.zeros(2).cpu().is_cuda\nFalse\n", tensor_is_on, 1),
    ATTRIBUTE("is_cpu", "Whether the elements lie on the CPU", ">>> torch.zeros(2).is_cpu\nTrue\n>>> torch.ones(2, device=\"cpu\").is_cpu\nTrue\n", tensor_is_on, 0),
    CALL("tensor.get_device", "(self)", "The number of the tensor's GPU; -1: it lies on the CPU", NULL,
         ">>> torch.zeros(2).get_device()\n-1\n>>> torch.ones(2, 2).to(\"cpu\").get_device()\n-1\n", tensor_get_device),
    CALL("tensor.to", "(self, *args, dtype=None, device=None, non_blocking=False, copy=False, memory_format=None)", "The tensor with another dtype, or on another device",
         "to(dtype), to(device), to(device, dtype) or to(other), which takes both from another tensor. The tensor itself where nothing changes.",
         ">>> torch.ones(2).to(torch.float64)\ntensor([1., 1.], dtype=torch.float64)\n>>> torch.ones(2).to(\"cpu\", torch.int64)\ntensor([1, 1])\n", tensor_to),
    CALL("tensor.cpu", "(self, memory_format=None)", "The tensor in host memory", NULL, ">>> torch.ones(2).cpu()\ntensor([1., 1.])\n>>> torch.ones(2).cpu().device\ndevice(type='cpu')\n", tensor_cpu),
    CALL("tensor.cuda", "(self, device=None, non_blocking=False, memory_format=None)", "The tensor on a GPU", "Without a GPU this is an error, as in PyTorch; `--device cpu` makes it the tensor itself.",
         ">>> x = torch.ones(2)\n>>> y = x.cuda() if torch.cuda.is_available() else x\n>>> y.cpu()\ntensor([1., 1.])\n>>> y.is_cuda == torch.cuda.is_available()\nTrue\n", tensor_cuda),
    CALL("tensor.pin_memory", "(self, device=None)", "The tensor itself: copies to a GPU go through pinned memory anyway", "An error without a GPU, as in PyTorch.",
         ">>> x = torch.ones(2)\n>>> y = x.pin_memory() if torch.cuda.is_available() else x\n>>> y\ntensor([1., 1.])\n", tensor_pin_memory),
    {.names = NULL}};
