/* Compiled only where a CUDA toolkit is: the declarations of lib/backend/cuda must be those of the real headers.
   Every constant, the size of every enumeration, and the whole type of every function. */
#define LSV_CU_REAL
#include "backend/cuda/cu_min.h"

#define X(own, value, real) _Static_assert((int)(own) == (int)(real), #own " is not " #real);
LSV_CU_CONSTANTS(X)
#undef X

#define SAME_SIZE(type) _Static_assert(sizeof(type) == sizeof(int), #type " is not as large as an int");
SAME_SIZE(cu_error) SAME_SIZE(cu_copy_kind) SAME_SIZE(cu_attribute) SAME_SIZE(cu_pool_attribute) SAME_SIZE(cu_blas_status)
SAME_SIZE(cu_op) SAME_SIZE(cu_side) SAME_SIZE(cu_fill) SAME_SIZE(cu_diag) SAME_SIZE(cu_compute) SAME_SIZE(cu_algo)
SAME_SIZE(cu_type) SAME_SIZE(cu_solver_status) SAME_SIZE(cu_eig_mode)
_Static_assert(sizeof(cu_dim3) == 3 * sizeof(unsigned), "dim3");

#define F(library, needed, result, symbol, parameters) \
    _Static_assert(__builtin_types_compatible_p(__typeof__(&symbol), result(*) parameters), #symbol " has another type");
#include "backend/cuda/api.def"

int main(void) { return 0; }
