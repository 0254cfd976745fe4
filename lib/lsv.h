/* lsv: arrays and linear algebra as NumPy and PyTorch know them, in C.

   The whole library in one include; each room's header stands on its own too.

       #include <lsv.h>                        cc $(pkg-config --cflags lsv) …

   Functions that can fail return an lsv_status and write their results only on LSV_OK; the detail
   goes into an lsv_error of the caller's. Arguments are borrowed, results are new references. */
#ifndef LSV_H
#define LSV_H

#include "base/alloc.h"
#include "base/interrupt.h"
#include "base/status.h"

#include "array/array.h"
#include "array/elementwise.h"
#include "array/reduce.h"
#include "text/text.h"
#include "random/random.h"

#include "backend/backend.h"
#include "backend/ledger.h"
#include "linalg/linalg.h"
#include "lora/adapter.h"
#include "lora/lora.h"
#include "lora/pipeline.h"
#include "lora/adapter/pattern.h"
#include "file/file.h"
#include "plot/figure.h"
#include "grad/svd_derivative.h"
#include "grad/svdgrad.h"
#include "grad/tape.h"

#endif
