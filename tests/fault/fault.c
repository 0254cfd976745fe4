/* Fails every allocation of a representative program, one at a time.

   A session defines variables, then runs a program in which the k-th allocation fails, for k = 1, 2, … until
   one run gets through. After each run the variables must hold what they held, the session must still
   compute, and at the end nothing may be left allocated.

   --gpu: a program whose tensors lie on a GPU (the shim of the tests will do: LSV_CUDA_LIBDIR). --quick: every seventh. */
#include "base/alloc.h"
#include "lang/builtins/builtin.h"

#include "check.h"

#include <stdlib.h>

static const char setup[] =
    "import numpy as np\n"
    "import torch\n"
    "keep = np.array([[4, 0], [3, -5], [0, 2]])\n"
    "word, table = 'kept', {'a': [1, 2], 'b': (3, 4)}\n";

static const char program[] =
    "W = [4, 0; 3, -5; 0, 2]\n"
    "def low_rank(W, r=1, *rest, **options):\n"
    "    U, S, Vh = np.linalg.svd(W, full_matrices=False)\n"
    "    return U[:, :r] * np.sqrt(S[:r]), np.sqrt(S[:r])[:, None] * Vh[:r]\n"
    "B, A = low_rank(W, r=2)\n"
    "print(np.round(B @ A, 6) + 0.0, f\"{float(A[0, 0]):.3f} {W.shape} {word!r:>8}\")\n"
    "rows = [{'r': r, 'error': float(np.linalg.norm(W - B[:, :r] @ A[:r]))} for r in range(3)]\n"
    "print(sorted(rows, key=lambda row: row['error'])[0]['r'], ', '.join([str(row['r']) for row in rows]))\n"
    "t = torch.tensor([[1.0, 2.0], [3.0, 4.0]])\n"
    "t[0] += 1; print(t.sum(dim=0), torch.cat([t, t]).shape, t[t > 2])\n"
    "np.random.seed(1); x = np.random.randn(4, 3)\n"
    "Q, R = np.linalg.qr(x); print(np.allclose(Q @ R, x), rank(x))\n"
    "a, (b, *c) = 1, (2, 3, 4); word2 = '%s-%d' % ('x', a) + 'abc'.upper()\n"
    "def outer(n):\n"
    "    def inner(k): return n + k\n"
    "    return inner\n"
    "print(outer(2)(3), list(zip('ab', [1, 2])), {**table, 'c': c}, x[[0, 2], 1:].shape)\n"
    "B2, A2 = aggregate([(B, A), (B[:, :1], A[:1])])\n"
    "G = svdgrad(W, 1.0, np.ones(3), np.ones(2))\n"
    "print(np.mgrid[0:1:3j, 0:2].sum(), np.ogrid[0:2, 0:2][1], np.r_[1:3, 2.5, [4]], np.c_['0,2', [1, 2]], np.s_[::5j])\n"
    "p = np.zeros((2, 2), order='F'); np.add.at(p, [0, 0], 1); np.hypot.at(p, ([1], [0]), 2); print(p.flags, p.T[0].base is p)\n"
    "print(np.add.reduce(p, initial=1), np.hypot.reduce(p, axis=None, keepdims=True), np.add.outer([1, 2], p).shape, np.gcd.reduce)\n"
    "print(np.add.accumulate(p, axis=1), np.subtract.accumulate(p), np.add.reduceat(p, [0, 1]), np.copy(p).strides, p.ravel('K'))\n"
    "import matplotlib.pyplot as plt; plt.plot([1, 2], 'r--', label='a'); plt.legend(['b']); plt.hist([1, 2, 2], bins=2)\n"
    "fig, axs = plt.subplots(2, 2); axs[0, 1].plot([1, 2]); axs.T.tolist(); (p, q), _ = axs; str(axs[:, 0]); list(axs.flat); plt.close()\n"
    "plt.rcParams['figure.figsize'] = (4, 2); plt.rc('axes', grid=True); plt.bar(['a', 'b'], [1, 2]); plt.bar(['b', 'c'], [1, 2])\n"
    "plt.xticks([0, 1], ['x', 3]); plt.gca().set_xticklabels(['u', 'v']); plt.show(); plt.rcdefaults()\n"
    "f = plot([1, 2], [[1, 2], [2, 1]], labels=['a', 'b'], title='$\\\\sigma_1$'); s = spectrum(W); heatmap(W).show(); f.show()\n"
    "r = np.random.default_rng(0); r.multivariate_normal([0, 1], np.eye(2), 2); r.gamma([1, 2], [[1], [3]]); r.dirichlet([1, 2])\n"
    "L = torch.nn.functional.cross_entropy(torch.ones(2, 3, requires_grad=True), torch.tensor([0, 1]), label_smoothing=0.1); L.backward()\n"
    "torch.nn.functional.pad(torch.ones(2), (1, -1)); torch.nn.functional.elu(torch.ones(2).half(), inplace=True)\n"
    "v = torch.ones(2, 2, requires_grad=True); (v * 2).index_add_(0, torch.tensor([0, 0]), v, alpha=2).sum().backward(); torch.ones(2).cumsum_(0)\n"
    "torch.ones(2).scatter_reduce(0, torch.tensor([0, 0]), torch.ones(2), 'mean'); torch.ones(2).index_put_((torch.tensor([1]),), torch.ones(1))\n"
    "torch.unique_consecutive(torch.tensor([1, 1, 2]), True, True); torch.nanmedian(torch.ones(2, 2), 1); torch.combinations(torch.ones(3)); torch.lgamma(v)\n"
    "torch.ones(2, 2).masked_scatter_(torch.tensor([True, False]), torch.ones(2)); torch.hsplit(v, 2); torch.histc(torch.ones(2), 2)\n"
    "G\n";

static const char gpu_program[] =
    "x = torch.ones(4, 3).cuda()\n"
    "y = (x @ x.T + 1).exp()\n"
    "print(y.sum(), x[[0, 1]], x[0])\n"
    "x[1:3] = 2; x[torch.tensor([0])] = 5; x.add_(1); x *= 2\n"
    "w = torch.nn.Parameter(torch.ones(3, 3, device='cuda'))\n"
    "(w @ w).sum().backward(); print(w.grad)\n"
    "v = torch.ones(3, requires_grad=True)\n"
    "(v.cuda()[torch.tensor([0, 1])] * 2).sum().backward(); print(v.grad)\n"
    "print(torch.cat([x, x]), torch.linalg.svd(x).S, {'a': x, 'b': [x, y]})\n"
    "big = torch.ones(90, 80).cuda() + 1; z = (big @ big.T).sqrt().sum(0); print(z[:3], big.double().mean())\n"
    "torch.manual_seed(0); print(torch.randn(3, device='cuda'), x.to(torch.float64).cpu(), torch.device('cuda:0'), x.device)\n"
    "for r in x: print(r, f'{r[0]:.2f}')\n"
    "B, A = lora(torch.ones(4, 3, device='cuda'), 1); print(B @ A, rank(x))\n"
    "print(torch.cuda.get_device_properties(0).name, x.tolist(), torch.zeros(2).to(x), torch.where(x > 1, x, 0 * x))\n"
    "torch.set_default_device('cuda'); print(torch.eye(2) + torch.arange(2.)); torch.set_default_device(None)\n";

static void discard(void *ctx, const char *bytes, size_t n) {
    (void)ctx;
    (void)bytes;
    (void)n;
}

static bool run(ls_interp *in, const char *text) {
    ls_source *source = ls_source_new("fault", text, strlen(text), 1);
    bool ok = source ? ls_run_cell(in, source) : ls_no_memory(in);
    ls_source_release(source);
    return ok;
}

/* The variables of the setup, and a computation that needs most of the machinery. */
static bool session_is_whole(ls_interp *in) {
    ls_value v;
    static const char expression[] =
        "keep.tolist() == [[4, 0], [3, -5], [0, 2]] and word == 'kept' and table == {'a': [1, 2], 'b': (3, 4)}"
        " and int((keep.T @ keep)[0, 0]) == 25";
    ls_error_clear(&in->error);
    if (!ls_eval_text(in, expression, &v)) {
        printf("after a failed allocation: %s: %s\n", in->error.type, in->error.message);
        return false;
    }
    bool ok = v.tag == LS_BOOL && v.i;
    ls_drop(v);
    return ok;
}

/* Each allocation of the program in turn. */
static long fail_each(const char *text, long step) {
    long k = 1, failures = 0;
    ls_client client = {.write = discard};
    for (bool through = false; !through; k += step) {
        long before = lsv_alloc_live();
        ls_interp *in = ls_interp_new(&client);
        if (!in || !run(in, setup)) {
            printf("the setup does not run: %s: %s\n", in ? in->error.type : "", in ? in->error.message : "no interpreter");
            CHECK(false);
            return failures;
        }
        lsv_alloc_fail_at(k);
        bool ok = run(in, text); /* also where the one that failed could be done without */
        bool was_memory = ok || strcmp(in->error.type, "MemoryError") == 0;
        through = ok && lsv_alloc_armed; /* there was no k-th allocation */
        lsv_alloc_fail_at(0);
        failures += !through;
        CHECK(was_memory);
        if (!was_memory) printf("  allocation %ld: %s: %s\n", k, in->error.type, in->error.message);
        CHECK(session_is_whole(in));
        CHECK(run(in, text)); /* and everything works again */
        if (in->error.set) printf("  after allocation %ld: %s: %s\n", k, in->error.type, in->error.message);
        ls_interp_free(in);
        ls_registry_free();
        lsv_alloc_trim();
        CHECK(lsv_alloc_live() == before);
        if (lsv_alloc_live() != before) printf("  allocation %ld: %ld blocks left\n", k, lsv_alloc_live() - before);
        if (check_failed > 40) break;
    }
    printf("%ld allocations failed in turn\n", failures);
    CHECK(failures > 100 / step);
    return failures;
}

/* What the backend keeps from its first use on is not a leak. */
static void warm_up(const char *text) {
    ls_client client = {.write = discard};
    ls_interp *in = ls_interp_new(&client);
    CHECK(in && run(in, setup) && run(in, text));
    if (in && in->error.set) printf("%s: %s\n", in->error.type, in->error.message);
    ls_interp_free(in);
    ls_registry_free();
    lsv_alloc_trim();
}

int main(int argc, char **argv) {
    bool gpu = false;
    long step = 1;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0) step = 7;
        if (strcmp(argv[i], "--gpu") == 0) gpu = true;
    }
    if (gpu) warm_up(gpu_program);
    fail_each(gpu ? gpu_program : program, step);
    return check_done();
}
