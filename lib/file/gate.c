/* The one gate that every opening of a file goes through. A program that serves strangers puts a
   rule there; without one all is allowed. The gate is set before anything runs and then only read. */
#include "file/file.h"

static lsv_file_gate *gate;
static void *gate_context;

void lsv_file_gate_set(lsv_file_gate *function, void *ctx) {
    gate = function;
    gate_context = ctx;
}

lsv_status lsv_file_allowed(const char *path, bool writes, lsv_error *err) {
    return gate ? gate(gate_context, path, writes, err) : LSV_OK;
}
