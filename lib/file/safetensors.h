/* The inside of an open .safetensors file, for its reader and for the shards. */
#ifndef LSV_FILE_SAFETENSORS_H
#define LSV_FILE_SAFETENSORS_H

#include "file/inside.h"

typedef struct lsv_pair { char *key, *value; } lsv_pair;
typedef struct lsv_named_place { const char *name; ptrdiff_t i; } lsv_named_place;

struct lsv_safetensors {
    ptrdiff_t n, npairs;
    lsv_tensor_info *tensors; /* names owned          */
    lsv_named_place *names;   /* sorted by name       */
    lsv_pair *pairs;          /* __metadata__         */
    int nfiles;
    lsv_storage **files;
};

lsv_status lsv_safetensors_new(lsv_safetensors **out, lsv_error *err);
/* One more file's tensors; takes a reference to the bytes. lsv_safetensors_index once all are there. */
lsv_status lsv_safetensors_add(lsv_safetensors *s, const char *name, lsv_storage *bytes, lsv_error *err);
lsv_status lsv_safetensors_index(lsv_safetensors *s, const char *name, lsv_error *err);
lsv_status lsv_shards_open(const char *path, lsv_safetensors **out, lsv_error *err);

#endif
