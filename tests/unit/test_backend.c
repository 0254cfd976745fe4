/* The backend table: forcing, explaining, and the kernels' conventions. */
#include "backend/backend.h"
#include "check.h"

static bool nothing(lsv_op op, lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k) {
    (void)op, (void)t, (void)m, (void)n, (void)k;
    return false;
}

static bool everything(lsv_op op, lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k) {
    (void)op, (void)t, (void)m, (void)n, (void)k;
    return true;
}

static void choosing(void) {
    lsv_error err;
    lsv_backend fake = {
        .abi = LSV_BACKEND_ABI, .size = sizeof(lsv_backend), .name = "gpu", .supports = nothing};
    fake.gemm = lsv_backend_cpu.gemm;
    CHECK_TEXT(lsv_backend_get(), "auto");
    CHECK(lsv_backend_set("gpu", &err) == LSV_EVALUE && lsv_backend_set("tpu", &err) == LSV_EVALUE);
    CHECK(lsv_backend_for(LSV_BE_GEMM, LSV_FLOAT64, 3, 3, 3) == &lsv_backend_cpu);
    CHECK_TEXT(lsv_backend_last(), "gemm float64 3x3x3: cpu (the only backend)");
    CHECK(lsv_backend_register_gpu(&fake, &err) == LSV_OK && lsv_backend_set("gpu", &err) == LSV_OK);
    CHECK(lsv_backend_for(LSV_BE_GEMM, LSV_FLOAT64, 3, 3, 3) == &lsv_backend_cpu);
    CHECK_TEXT(lsv_backend_last(), "gemm float64 3x3x3: cpu (not offered by the gpu)");
    fake.supports = everything;
    CHECK(lsv_backend_for(LSV_BE_GEMM, LSV_FLOAT64, 3, 3, 3) == &fake);
    CHECK(lsv_backend_for(LSV_BE_GESDD, LSV_FLOAT64, 3, 3, 0) == &lsv_backend_cpu); /* a NULL entry */
    CHECK(lsv_backend_set("auto", &err) == LSV_OK);
    CHECK(lsv_backend_for(LSV_BE_GEMM, LSV_FLOAT64, 3, 3, 3) == &lsv_backend_cpu);
    CHECK(lsv_backend_for(LSV_BE_GEMM, LSV_FLOAT64, 4096, 4096, 4096) == &fake);
    CHECK(lsv_backend_set("cpu", &err) == LSV_OK);
    CHECK(lsv_backend_for(LSV_BE_GEMM, LSV_FLOAT64, 4096, 4096, 4096) == &lsv_backend_cpu);
    CHECK(lsv_backend_register_gpu(NULL, &err) == LSV_OK && lsv_backend_set("auto", &err) == LSV_OK);
    fake.abi++;
    CHECK(lsv_backend_register_gpu(&fake, &err) == LSV_EVALUE);
}

static void conventions(void) {
    const lsv_backend *cpu = &lsv_backend_cpu;
    lsv_error err;
    double a[6] = {1, 2, 3, 4, 5, 6}, c[4] = {0}, y[3], s[2], out;
    CHECK(cpu->gemm(LSV_FLOAT64, false, true, 2, 2, 3, 1, a, 3, a, 3, 0, c, 2, &err) ==
          LSV_OK); /* row-major A A^T */
    CHECK(c[0] == 14 && c[1] == 32 && c[3] == 77);
    CHECK(cpu->syrk(LSV_FLOAT64, false, 2, 3, a, 3, c, 2, &err) == LSV_OK && c[2] == 32);
    CHECK(cpu->gemv(LSV_FLOAT64, true, 2, 3, a, 3, a, -1, y, 1, &err) == LSV_OK);
    CHECK(cpu->dot(LSV_FLOAT64, 3, a, 1, a + 3, 1, &out, &err) == LSV_OK && out == 32);
    int info = -1;
    double diagonal[4] = {3, 0, 0, -4}; /* column-major */
    CHECK(cpu->gesdd(LSV_FLOAT64, 'N', 2, 2, diagonal, 2, s, NULL, 1, NULL, 1, &info, &err) == LSV_OK);
    CHECK(info == 0 && s[0] == 4 && s[1] == 3);
    CHECK(cpu->gemm(LSV_FLOAT64, false, false, (ptrdiff_t)1 << 40, 1, 1, 1, a, 1, a, 1, 0, c, 1, &err) ==
          LSV_EVALUE);
    CHECK(cpu->supports(LSV_BE_GEMM, LSV_FLOAT32, 1, 1, 1) &&
          !cpu->supports(LSV_BE_GEMM, LSV_INT64, 1, 1, 1));
}

int main(void) {
    choosing();
    conventions();
    return check_done();
}
