/* The table of CUDA's functions, filled by dlsym.

   CUDA is never linked: one binary runs where there is none, and with CUDA 12 and 13. All libraries come from
   one major version. They are looked for in LSV_CUDA_LIBDIR alone when that is set; else by name wherever the
   dynamic linker looks, then in /usr/local/cuda and $CUDA_HOME. Never in the current folder, and never
   libcuda.so without its
   ".1", which in a toolkit is a stub that answers to every call with an error. Nothing is ever closed again:
   CUDA's threads may still be running. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "backend/cuda/inside.h"

lsv_cu_api lsv_cu;

typedef struct {
    int major;
    const char *file[LSV_CU_LIBRARIES];
} release;

static const release releases[] = {
    {13, {"libcudart.so.13", "libcublas.so.13", "libcusolver.so.12"}},
    {12, {"libcudart.so.12", "libcublas.so.12", "libcusolver.so.11"}},
};
enum { RELEASES = sizeof releases / sizeof *releases };

enum { LIBRARY_rt = LSV_CU_RT, LIBRARY_bl = LSV_CU_BL, LIBRARY_so = LSV_CU_SO };

typedef struct {
    const char *name;
    size_t slot; /* in lsv_cu_api */
    int library;
    bool needed;
} entry;

static const entry entries[] = {
#define F(library, needed, result, symbol, parameters) \
    {#symbol, offsetof(lsv_cu_api, symbol), LIBRARY_##library, needed},
#include "backend/cuda/api.def"
};
enum { ENTRIES = sizeof entries / sizeof *entries };

static const release *chosen;
static bool loaded[LSV_CU_LIBRARIES];

int lsv_cu_major(void) { return chosen ? chosen->major : 0; }

/* ---- finding a library ---- */

/* "" alone: LSV_CUDA_LIBDIR is exclusive and unusable. */
static int folders(const char *out[4], char rooms[2][480]) {
    const char *only = getenv("LSV_CUDA_LIBDIR");
    if (only && *only) {
        out[0] = *only == '/' ? only : "";
        return 1;
    }
    int n = 0;
    out[n++] = NULL; /* wherever the dynamic linker looks */
    static const char *const homes[] = {"CUDA_HOME", "CUDA_PATH"};
    for (int i = 0; i < 2; i++) {
        const char *home = getenv(homes[i]);
        if (!home || *home != '/') continue;
        int length = snprintf(rooms[i], sizeof rooms[i], "%s/lib64", home);
        if (length > 0 && (size_t)length < sizeof rooms[i]) out[n++] = rooms[i];
    }
    out[n++] = "/usr/local/cuda/lib64";
    return n;
}

/* A file that is there but cannot be loaded says more than one that is not: its complaint is kept. */
static void *open_file(const char *file, char *why, size_t size) {
    const char *places[4];
    char rooms[2][480], path[600];
    int n = folders(places, rooms);
    bool broken = false;
    for (int i = 0; i < n; i++) {
        if (places[i] && !*places[i]) {
            snprintf(why, size, "LSV_CUDA_LIBDIR must be an absolute path");
            return NULL;
        }
        if (places[i]) snprintf(path, sizeof path, "%s/%s", places[i], file);
        else snprintf(path, sizeof path, "%s", file);
        void *handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
        if (handle) return handle;
        const char *complaint = dlerror();
        if (broken || !complaint) continue;
        broken = !strstr(complaint, "No such file");
        if (broken) snprintf(why, size, "%.200s", complaint);
    }
    if (!broken)
        snprintf(why, size, "%s is not %s%.200s", file, places[0] ? "in " : "on this machine",
                 places[0] ? places[0] : "");
    return NULL;
}

/* ---- filling the table ---- */

static bool fill(void *handle, int library, const char *file, char *why, size_t size) {
    for (int i = 0; i < ENTRIES; i++) {
        if (entries[i].library != library) continue;
        void *function = dlsym(handle, entries[i].name);
        if (!function && entries[i].needed) {
            snprintf(why, size, "%s has no %s", file, entries[i].name);
            return false;
        }
        memcpy((char *)&lsv_cu + entries[i].slot, &function, sizeof function);
    }
    return true;
}

static bool load(const release *r, int library, char *why, size_t size) {
    void *handle = open_file(r->file[library], why, size);
    return handle && fill(handle, library, r->file[library], why, size);
}

bool lsv_cu_load_runtime(bool (*accept)(char *why, size_t n), char *why, size_t n) {
    bool found = false;
    for (int i = 0; i < RELEASES; i++) {
        char complaint[320] = "";
        bool good = load(&releases[i], LSV_CU_RT, complaint, sizeof complaint);
        if (good) found = true, good = accept(complaint, sizeof complaint);
        if (good) {
            chosen = &releases[i];
            loaded[LSV_CU_RT] = true;
            return true;
        }
        /* what a runtime that is there says counts for more than that another is not */
        bool absent = strstr(complaint, " is not in ") || strstr(complaint, " is not on this machine");
        if (!absent || i == 0) snprintf(why, n, "%s", complaint);
    }
    if (!found && strstr(why, " is not on this machine"))
        snprintf(why, n, "no CUDA runtime on this machine (libcudart.so.13 or libcudart.so.12)");
    return false;
}

bool lsv_cu_load(int library, char *why, size_t n) {
    if (loaded[library]) return true;
    char complaint[320];
    if (!chosen || !load(chosen, library, complaint, sizeof complaint)) {
        snprintf(why, n, "found %s but %s", chosen ? chosen->file[LSV_CU_RT] : "no CUDA",
                 chosen ? complaint : "");
        return false;
    }
    loaded[library] = true;
    return true;
}

/* ---- the device's name ---- */

/* The runtime only offers it in a structure whose layout changed between versions. */
void lsv_cu_device_name(char *name, size_t n, int cc_major, int cc_minor) {
    int (*get)(int *, int), (*name_of)(char *, int, int), device;
    snprintf(name, n, "GPU of compute capability %d.%d", cc_major, cc_minor);
    char why[320], text[128] = "";
    void *driver = open_file("libcuda.so.1", why, sizeof why);
    if (!driver) driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
    void *f = driver ? dlsym(driver, "cuDeviceGet") : NULL,
         *g = driver ? dlsym(driver, "cuDeviceGetName") : NULL;
    if (!f || !g) return;
    memcpy(&get, &f, sizeof get);
    memcpy(&name_of, &g, sizeof name_of);
    if (get(&device, 0) == 0 && name_of(text, (int)sizeof text - 1, device) == 0 && *text)
        snprintf(name, n, "%s", text);
}
