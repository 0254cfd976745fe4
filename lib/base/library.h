/* Shared libraries that are opened when something first needs them, never at the program's start.

   Linking a library costs every start the time to map and relocate it and all that it needs; what only
   some runs use (archives, drawing, terminal graphics) is therefore found by dlopen. The calls stay
   typed: the library's own header is included, and one list names the functions that are used.

       #define ZIP_CALLS(X) X(zip_open) X(zip_close)
       LSV_LIBRARY(zip_table, ZIP_CALLS, "libzip", "libzip4", "libzip.so.5", "libzip.so.4")

   declares `static zip_table`, whose members have the functions' own names and types, and
   `zip_table_open(what_for, err)`, which fills it at the first call and costs a test at every later one:

       LSV_TRY(zip_table_open("reading .npz archives", err));
       zip_table.zip_open(path, 0, &code);

   A library that is not there, or lacks a function, is LSV_ENOTIMPL with a hint that names the Debian
   package. An opened library stays until the process ends. All opening happens on the session's thread. */
#ifndef LSV_BASE_LIBRARY_H
#define LSV_BASE_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>
#include "base/status.h"

typedef struct lsv_library {
    const char *name;           /* "Cairo", for messages                                   */
    const char *package;        /* Debian's name of it, for the hint                       */
    const char *const *files;   /* sonames, the preferred one first; ends with NULL        */
    const char *const *symbols; /* what the table holds, in its order; ends with NULL      */
    void *table;                /* of function pointers                                    */
    bool open;                  /* the table is filled                                     */
} lsv_library;

/* Fill the table; what_for ends the sentence "… needs libzip". LSV_OK at once where it is open. */
lsv_status lsv_library_open(lsv_library *library, const char *what_for, lsv_error *err);

#define LSV_LIBRARY_MEMBER(function) __typeof__(function) *function;
#define LSV_LIBRARY_NAME(function) #function,
#define LSV_LIBRARY(table, CALLS, name, package, ...)                                              \
    static struct { CALLS(LSV_LIBRARY_MEMBER) } table;                                             \
    static lsv_status table##_open(const char *what_for, lsv_error *err) {                         \
        static const char *const files[] = {__VA_ARGS__, NULL};                                    \
        static const char *const symbols[] = {CALLS(LSV_LIBRARY_NAME) NULL};                       \
        static lsv_library library = {name, package, files, symbols, &table, false};               \
        return library.open ? LSV_OK : lsv_library_open(&library, what_for, err);                  \
    }

#endif
