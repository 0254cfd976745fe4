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

#endif
