/* Own declarations of the part of CUDA that is used: with them the program is built where there is no toolkit.

   Handles are opaque pointers, enumerations are ints (so they are in CUDA's own headers), constants have the values that
   every version since 12.0 gives them. With LSV_CU_REAL defined the same names stand for the types of the
   real headers: cu_min_check.c compiles api.def so, and every difference is a compile error. */
#ifndef LSV_BACKEND_CUDA_CU_MIN_H
#define LSV_BACKEND_CUDA_CU_MIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef LSV_CU_REAL
#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <cusolverDn.h>
typedef cudaStream_t cu_stream;
typedef cudaEvent_t cu_event;
typedef cudaMemPool_t cu_pool;
typedef cudaLibrary_t cu_library;
typedef cudaKernel_t cu_kernel;
typedef cublasHandle_t cu_blas;
typedef cusolverDnHandle_t cu_solver;
typedef cusolverDnParams_t cu_params;
typedef dim3 cu_dim3;
typedef cudaError_t cu_error;
typedef enum cudaMemcpyKind cu_copy_kind;
typedef enum cudaDeviceAttr cu_attribute;
typedef enum cudaMemPoolAttr cu_pool_attribute;
typedef enum cudaJitOption cu_jit_option;
typedef enum cudaLibraryOption cu_library_option;
typedef cublasStatus_t cu_blas_status;
typedef cublasOperation_t cu_op;
typedef cublasSideMode_t cu_side;
typedef cublasFillMode_t cu_fill;
typedef cublasDiagType_t cu_diag;
typedef cublasComputeType_t cu_compute;
typedef cublasGemmAlgo_t cu_algo;
typedef cudaDataType cu_type;
typedef cusolverStatus_t cu_solver_status;
typedef cusolverEigMode_t cu_eig_mode;
#else
typedef struct CUstream_st *cu_stream;
typedef struct CUevent_st *cu_event;
typedef struct CUmemPoolHandle_st *cu_pool;
typedef struct CUlib_st *cu_library;
typedef struct CUkern_st *cu_kernel;
typedef struct cublasContext *cu_blas;
typedef struct cusolverDnContext *cu_solver;
typedef struct cusolverDnParams *cu_params;
typedef struct cu_dim3 {
    unsigned x, y, z;
} cu_dim3;
typedef int cu_error, cu_copy_kind, cu_attribute, cu_pool_attribute, cu_jit_option, cu_library_option;
typedef int cu_blas_status, cu_op, cu_side, cu_fill, cu_diag, cu_compute, cu_algo, cu_type;
typedef int cu_solver_status, cu_eig_mode;
#endif

/* X(own name, value, the real headers' name) */
#define LSV_CU_CONSTANTS(X)                                                                                  \
    X(CU_INVALID_VALUE, 1, cudaErrorInvalidValue)                                                            \
    X(CU_OUT_OF_MEMORY, 2, cudaErrorMemoryAllocation)                                                        \
    X(CU_OLD_DRIVER, 35, cudaErrorInsufficientDriver)                                                        \
    X(CU_NO_DEVICE, 100, cudaErrorNoDevice)                                                                  \
    X(CU_ECC, 214, cudaErrorECCUncorrectable)                                                                \
    X(CU_NOT_READY, 600, cudaErrorNotReady)                                                                  \
    X(CU_ILLEGAL_ADDRESS, 700, cudaErrorIllegalAddress)                                                      \
    X(CU_ASSERT, 710, cudaErrorAssert)                                                                       \
    X(CU_LAUNCH_FAILURE, 719, cudaErrorLaunchFailure)                                                        \
    X(CU_TO_DEVICE, 1, cudaMemcpyHostToDevice)                                                               \
    X(CU_TO_HOST, 2, cudaMemcpyDeviceToHost)                                                                 \
    X(CU_ON_DEVICE, 3, cudaMemcpyDeviceToDevice)                                                             \
    X(CU_NON_BLOCKING, 1, cudaStreamNonBlocking)                                                             \
    X(CU_NO_TIMING, 2, cudaEventDisableTiming)                                                               \
    X(CU_MULTIPROCESSORS, 16, cudaDevAttrMultiProcessorCount)                                                \
    X(CU_CC_MAJOR, 75, cudaDevAttrComputeCapabilityMajor)                                                    \
    X(CU_CC_MINOR, 76, cudaDevAttrComputeCapabilityMinor)                                                    \
    X(CU_POOLS, 115, cudaDevAttrMemoryPoolsSupported)                                                        \
    X(CU_RELEASE_THRESHOLD, 4, cudaMemPoolAttrReleaseThreshold)                                              \
    X(CU_R_32F, 0, CUDA_R_32F)                                                                               \
    X(CU_R_64F, 1, CUDA_R_64F)                                                                               \
    X(CU_R_16F, 2, CUDA_R_16F)                                                                               \
    X(CU_R_16BF, 14, CUDA_R_16BF)                                                                            \
    X(CU_COMPUTE_32F, 68, CUBLAS_COMPUTE_32F)                                                                \
    X(CU_COMPUTE_64F, 70, CUBLAS_COMPUTE_64F)                                                                \
    X(CU_COMPUTE_TF32, 77, CUBLAS_COMPUTE_32F_FAST_TF32)                                                     \
    X(CU_ALGO_DEFAULT, -1, CUBLAS_GEMM_DEFAULT)                                                              \
    X(CU_N, 0, CUBLAS_OP_N)                                                                                  \
    X(CU_T, 1, CUBLAS_OP_T)                                                                                  \
    X(CU_LEFT, 0, CUBLAS_SIDE_LEFT)                                                                          \
    X(CU_RIGHT, 1, CUBLAS_SIDE_RIGHT)                                                                        \
    X(CU_LOWER, 0, CUBLAS_FILL_MODE_LOWER)                                                                   \
    X(CU_UPPER, 1, CUBLAS_FILL_MODE_UPPER)                                                                   \
    X(CU_NON_UNIT, 0, CUBLAS_DIAG_NON_UNIT)                                                                  \
    X(CU_UNIT, 1, CUBLAS_DIAG_UNIT)                                                                          \
    X(CU_BLAS_ALLOC_FAILED, 3, CUBLAS_STATUS_ALLOC_FAILED)                                                   \
    X(CU_BLAS_INVALID_VALUE, 7, CUBLAS_STATUS_INVALID_VALUE)                                                 \
    X(CU_BLAS_EXECUTION_FAILED, 13, CUBLAS_STATUS_EXECUTION_FAILED)                                          \
    X(CU_BLAS_NOT_SUPPORTED, 15, CUBLAS_STATUS_NOT_SUPPORTED)                                                \
    X(CU_SOLVER_ALLOC_FAILED, 2, CUSOLVER_STATUS_ALLOC_FAILED)                                               \
    X(CU_SOLVER_INVALID_VALUE, 3, CUSOLVER_STATUS_INVALID_VALUE)                                             \
    X(CU_SOLVER_EXECUTION_FAILED, 6, CUSOLVER_STATUS_EXECUTION_FAILED)                                       \
    X(CU_NO_VECTORS, 0, CUSOLVER_EIG_MODE_NOVECTOR)                                                          \
    X(CU_VECTORS, 1, CUSOLVER_EIG_MODE_VECTOR)

#define X(own, value, real) own = value,
enum { LSV_CU_CONSTANTS(X) CU_CONSTANTS_END };
#undef X

#endif
