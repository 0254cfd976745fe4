/* Shared by random.c and random_torch.c: streams and shapes of draws. */
#ifndef LANG_BUILTINS_DRAWS_H
#define LANG_BUILTINS_DRAWS_H

#include "lang/builtins/support.h"

/* The session's own streams; seeded from the system's entropy at first use. */
lsv_rng *ls_numpy_stream(ls_interp *in);
lsv_rng *ls_torch_stream(ls_interp *in);
/* The stream of tensors on a GPU; NULL: error set. */
lsv_philox *ls_cuda_stream(ls_work *w);
void ls_cuda_seed(ls_interp *in, uint64_t seed);
/* A seed in 64 bits: any int. */
bool ls_seed(ls_work *w, ls_value v, uint64_t *seed);

/* ---- numpy.random's functions and methods ---- */

/* The stream of this call: of a method its self, which *args then moves past. */
lsv_rng *ls_draw_stream(ls_work *w, bool method, const ls_value **args);
bool ls_draw_size(ls_work *w, ls_value size, lsv_shape *s, bool *scalar); /* scalar: size is None */
/* A draw without size as a Python number; new Generators give np.int64 where `numpy`. */
bool ls_give_draw(ls_work *w, ls_value *out, lsv_status status, lsv_array **r, bool scalar, bool numpy);

#endif
