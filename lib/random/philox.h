/* PyTorch's random numbers on a GPU, drawn on the host: Philox4x32-10, laid out as PyTorch's kernels do.

   There every thread has a subsequence of its own, and takes four words at a time for elements that lie one
   launch apart. So a seed's numbers depend on the number of threads of a launch, which is the device's
   for large arrays; small ones are the same on every device. Uniform numbers and integers are PyTorch's to the
   bit; normals to the last bits of a float32, where the hardware's sine is less exact than the host's. */
#ifndef LSV_RANDOM_PHILOX_H
#define LSV_RANDOM_PHILOX_H

#include "random/random.h"

typedef struct lsv_philox {
    uint64_t seed, offset;
    ptrdiff_t blocks; /* of 256 threads that the device runs at a time; 0: no bound */
} lsv_philox;

/* Each fills a new C-contiguous tensor and moves the stream on. Errors as random.h's functions of these names. */
lsv_status lsv_philox_uniform(lsv_philox *p, lsv_dtype dtype, const lsv_shape *shape, double low, double high, lsv_array **out, lsv_error *err);
lsv_status lsv_philox_normal(lsv_philox *p, lsv_dtype dtype, const lsv_shape *shape, double mean, double std, lsv_array **out, lsv_error *err);
lsv_status lsv_philox_integers(lsv_philox *p, lsv_dtype dtype, const lsv_shape *shape, int64_t low, int64_t high, lsv_array **out, lsv_error *err);

#endif
