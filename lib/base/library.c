/* Opening a library by name and filling a table of its functions: see library.h. Pointers to functions and
   to data have one size wherever dlsym exists, which is what lets a table be filled slot by slot. */
#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

static void *open_first(const lsv_library *library) {
    for (const char *const *file = library->files; *file; file++) {
        void *handle = dlopen(*file, RTLD_LAZY | RTLD_LOCAL);
        if (handle) return handle;
    }
    return NULL;
}

lsv_status lsv_library_open(lsv_library *library, const char *what_for, lsv_error *err) {
    _Static_assert(sizeof(void (*)(void)) == sizeof(void *), "functions and data have pointers of one size");
    if (library->open) return LSV_OK;
    void *handle = open_first(library);
    if (!handle) {
        lsv_fail(err, LSV_ENOTIMPL, "%s needs %s, which is not on this machine (%s)", what_for, library->name,
                 library->files[0]);
        lsv_hint(err, "apt-get install %s", library->package);
        return LSV_ENOTIMPL;
    }
    char *slot = library->table;
    for (const char *const *symbol = library->symbols; *symbol; symbol++, slot += sizeof(void *)) {
        void *found = dlsym(handle, *symbol);
        if (!found) {
            dlclose(handle);
            lsv_fail(err, LSV_ENOTIMPL, "%s needs a newer %s: the one on this machine has no %s", what_for,
                     library->name, *symbol);
            lsv_hint(err, "apt-get install %s", library->package);
            return LSV_ENOTIMPL;
        }
        memcpy(slot, &found, sizeof found);
    }
    library->open = true;
    return LSV_OK;
}
