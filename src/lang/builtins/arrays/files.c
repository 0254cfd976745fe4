/* Files in the language: NumPy's np.save, np.load, np.savez, np.savetxt, np.loadtxt, np.genfromtxt, the
   functions of safetensors, and plain load and save, which go by the name's ending. An archive of arrays is a
   dictionary. What PyTorch stores as a pickle is refused with the way to convert it. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "file/file.h"
#include "lang/builtins/support.h"

/* ---- errors, paths ---- */

/* A failure of lib/file under the class that Python would raise. */
bool ls_file_ok(ls_work *w, lsv_status status) {
    static const struct { int number; const char *name; } classes[] = {
        {ENOENT, "FileNotFoundError"}, {EACCES, "PermissionError"}, {EPERM, "PermissionError"}, {EISDIR, "IsADirectoryError"}, {ENOTDIR, "NotADirectoryError"}};
    int number = 0;
    if (status != LSV_EOS || sscanf(w->err.message, "[Errno %d]", &number) != 1) return ls_ok(w, status);
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (classes[i].number == number) {
            ls_raise(w->in, classes[i].name, "%s", w->err.message);
            if (w->err.hint[0]) ls_hint(w->in, "%s", w->err.hint);
            return false;
        }
    return ls_ok(w, status);
}

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static bool path_arg(ls_work *w, ls_value v, const char *what, const char **path) {
    if (v.tag != LS_STR) return ls_raise(w->in, "TypeError", "%s: the name of a file is needed (a str), not %s", what, ls_type_name(v));
    if (strlen(v.str->data) != v.str->length) return ls_raise(w->in, "ValueError", "embedded null byte");
    *path = v.str->data;
    return true;
}

/* The path with an ending that it lacks; *owned goes back to lsv_free. */
static bool with_ending(ls_work *w, const char *path, const char *ending, char **owned) {
    size_t n = strlen(path), m = ends_with(path, ending) ? 0 : strlen(ending);
    *owned = lsv_malloc(n + m + 1);
    if (!*owned) return ls_no_memory(w->in);
    memcpy(*owned, path, n);
    memcpy(*owned + n, ending, m);
    (*owned)[n + m] = '\0';
    return true;
}

/* ---- dictionaries of arrays ---- */

static bool give_dict(ls_work *w, ls_value *out, const lsv_arrays *arrays) {
    ls_value d = ls_dict_new();
    bool ok = d.tag != LS_UNSET;
    for (ptrdiff_t i = 0; ok && i < arrays->n; i++)
        ok = ls_dict_set_text(d.dict, arrays->items[i].name, (ls_value){.tag = LS_ARRAY, .array = arrays->items[i].array});
    if (ok) *out = d;
    else if (d.tag != LS_UNSET) ls_drop(d);
    return ok || ls_no_memory(w->in);
}

static bool add(ls_work *w, lsv_arrays *s, const char *name, ls_value v, bool tensors_only) {
    lsv_array *a;
    if (tensors_only && !ls_is_tensor(v)) return ls_raise(w->in, "ValueError", "Key `%s` is invalid, expected torch.Tensor but received %s", name, ls_type_name(v));
    if (v.tag == LS_ARRAY) a = v.array;
    else if (!ls_array_like(w, v, LSV_NUMPY, -1, &a)) return false;
    return ls_ok(w, lsv_arrays_add(s, name, lsv_ref(a), &w->err));
}

static bool collect(ls_work *w, lsv_arrays *s, ls_value dict, const char *what, bool tensors_only) {
    if (dict.tag != LS_DICT) return ls_raise(w->in, "TypeError", "%s: a dictionary of arrays is needed, not %s", what, ls_type_name(dict));
    for (ptrdiff_t i = 0; i < dict.dict->used; i++) {
        const ls_dict_entry *e = &dict.dict->entries[i];
        if (e->key.tag == LS_UNSET) continue;
        if (e->key.tag != LS_STR) return ls_raise(w->in, "TypeError", "%s: the names of arrays are strings, not %s", what, ls_type_name(e->key));
        if (strlen(e->key.str->data) != e->key.str->length) return ls_raise(w->in, "ValueError", "%s: a name with a NUL in it", what);
        if (!add(w, s, e->key.str->data, e->value, tensors_only)) return false;
    }
    return true;
}

/* ---- .npy, .npz ---- */

static bool load_npz(ls_work *w, const char *path, lsv_kind kind, ls_value *out) {
    lsv_arrays arrays = {0};
    bool ok = ls_file_ok(w, lsv_npz_load(path, kind, &arrays, &w->err)) && give_dict(w, out, &arrays);
    lsv_arrays_free(&arrays);
    return ok;
}

static bool load_npy(ls_work *w, const char *path, lsv_kind kind, lsv_npy_mode mode, ls_value *out) {
    lsv_array *a;
    if (!ls_file_ok(w, lsv_npy_load(path, kind, mode, &a, &w->err))) return false;
    *out = ls_array(a);
    return true;
}

/* The first bytes tell which of the two it is. */
static bool is_zip(const char *path) {
    char magic[2] = "";
    FILE *f = lsv_file_allowed(path, false, NULL) == LSV_OK ? fopen(path, "rb") : NULL; /* the reader says why */
    if (!f) return false;
    size_t n = fread(magic, 1, sizeof magic, f);
    fclose(f);
    return n == 2 && magic[0] == 'P' && magic[1] == 'K';
}

/* np.load(file, mmap_mode=None, allow_pickle=False, fix_imports=True, encoding='ASCII', *, max_header_size=10000) */
BUILTIN(np_load) {
    const char *path;
    lsv_npy_mode mode = LSV_NPY_COPY;
    if (!path_arg(w, args[0], "load", &path)) return false;
    if (ls_text_is(args[1], "r")) mode = LSV_NPY_MAP_READONLY;
    else if (ls_text_is(args[1], "c")) mode = LSV_NPY_MAP;
    else if (!ls_is_none(args[1])) return ls_raise(w->in, "ValueError", "load: mmap_mode is None, 'r' or 'c' here: files are never changed in place");
    return is_zip(path) ? load_npz(w, path, LSV_NUMPY, out) : load_npy(w, path, LSV_NUMPY, mode, out);
}

/* np.save(file, arr, allow_pickle=True, fix_imports=…) */
BUILTIN(np_save) {
    const char *path;
    char *full;
    lsv_array *a;
    if (!path_arg(w, args[0], "save", &path)) return false;
    if (args[1].tag == LS_ARRAY) a = args[1].array;
    else if (!ls_array_like(w, args[1], LSV_NUMPY, -1, &a)) return false;
    if (!with_ending(w, path, ".npy", &full)) return false;
    bool ok = ls_file_ok(w, lsv_npy_save(full, a, &w->err));
    lsv_free(full);
    return ok;
}

/* Named and unnamed arrays to one archive; self->op: compressed. */
static bool save_npz(ls_work *w, const char *path, lsv_arrays *arrays, bool compress) {
    char *full;
    if (!with_ending(w, path, ".npz", &full)) return false;
    bool ok = ls_file_ok(w, lsv_npz_save(full, arrays, compress, &w->err));
    lsv_free(full);
    return ok;
}

/* np.savez(file, *args, allow_pickle=True, **kwds) */
BUILTIN(np_savez) {
    const char *path;
    lsv_arrays arrays = {0};
    const ls_tuple *unnamed = args[1].tuple;
    if (!path_arg(w, args[0], "savez", &path)) return false;
    bool ok = collect(w, &arrays, args[3], "savez", false);
    for (ptrdiff_t i = 0; ok && i < unnamed->n; i++) {
        char name[32];
        snprintf(name, sizeof name, "arr_%td", i);
        if (lsv_arrays_get(&arrays, name)) ok = ls_raise(w->in, "ValueError", "Cannot use un-named variables and keyword %s", name);
        else ok = add(w, &arrays, name, unnamed->items[i], false);
    }
    ok = ok && save_npz(w, path, &arrays, w->self->op);
    lsv_arrays_free(&arrays);
    return ok;
}

/* ---- safetensors ---- */

static bool load_safetensors(ls_work *w, const char *path, lsv_kind kind, ls_value *out) {
    lsv_arrays arrays = {0};
    bool ok = ls_file_ok(w, lsv_safetensors_load(path, kind, &arrays, &w->err)) && give_dict(w, out, &arrays);
    lsv_arrays_free(&arrays);
    return ok;
}

enum { PAIRS = 256 };

/* metadata= as pairs of texts; borrowed from the dictionary. */
static bool metadata_arg(ls_work *w, ls_value v, const char *pairs[2 * PAIRS], ptrdiff_t *n) {
    *n = 0;
    if (ls_is_none(v)) return true;
    if (v.tag != LS_DICT) return ls_raise(w->in, "TypeError", "metadata is a dictionary of strings, not %s", ls_type_name(v));
    if (v.dict->n > PAIRS) return ls_raise(w->in, "ValueError", "metadata has more than %d entries", PAIRS);
    for (ptrdiff_t i = 0; i < v.dict->used; i++) {
        const ls_dict_entry *e = &v.dict->entries[i];
        if (e->key.tag == LS_UNSET) continue;
        if (e->key.tag != LS_STR || e->value.tag != LS_STR) return ls_raise(w->in, "TypeError", "metadata maps strings to strings");
        pairs[2 * *n] = e->key.str->data;
        pairs[2 * (*n)++ + 1] = e->value.str->data;
    }
    return true;
}

static bool save_safetensors(ls_work *w, const char *path, ls_value dict, ls_value metadata, bool tensors_only) {
    const char *pairs[2 * PAIRS];
    ptrdiff_t npairs;
    lsv_arrays arrays = {0};
    bool ok = metadata_arg(w, metadata, pairs, &npairs) && collect(w, &arrays, dict, "save_file", tensors_only) &&
              ls_file_ok(w, lsv_safetensors_save(path, &arrays, npairs, pairs, &w->err));
    lsv_arrays_free(&arrays);
    return ok;
}

/* safetensors.torch.load_file(filename, device='cpu'), safetensors.numpy.load_file(filename); op: the kind */
BUILTIN(load_file) {
    const char *path;
    int device = 0;
    if (!path_arg(w, args[0], "load_file", &path)) return false;
    if (w->self->op == LSV_TORCH && !ls_device_of(w->in, "load_file", args[1], &device)) return false;
    if (!load_safetensors(w, path, (lsv_kind)w->self->op, out)) return false;
    if (device <= 0 || ls_device_all(w->in, device, out)) return true;
    ls_drop(*out);
    *out = ls_none();
    return false;
}

/* save_file(tensors, filename, metadata=None); op: the kind */
BUILTIN(save_file) {
    const char *path;
    return path_arg(w, args[1], "save_file", &path) && save_safetensors(w, path, args[0], args[2], w->self->op == LSV_TORCH);
}

/* ---- text ---- */

/* The text of a file or of a list of lines. */
static bool load_table(ls_work *w, ls_value source, const lsv_table_format *f, const char *what, lsv_array **a) {
    if (source.tag == LS_LIST || source.tag == LS_TUPLE) {
        ls_value lines;
        lsv_text t = {0};
        bool ok = ls_to_list(w->in, source, &lines);
        if (!ok) return false;
        for (ptrdiff_t i = 0; ok && i < lines.list->n; i++) {
            ls_value line = lines.list->items[i];
            if (line.tag != LS_STR) ok = ls_raise(w->in, "TypeError", "%s: a list of lines holds strings, not %s", what, ls_type_name(line));
            else lsv_text_add(&t, line.str->data, line.str->length), lsv_text_putc(&t, '\n');
        }
        ls_drop(lines);
        ok = ok && (!t.failed || ls_no_memory(w->in)) && ls_ok(w, lsv_table_parse("lines", t.data ? t.data : "", t.length, f, a, &w->err));
        lsv_text_free(&t);
        return ok;
    }
    const char *path;
    if (!path_arg(w, source, what, &path)) return false;
    lsv_status status = lsv_table_load(path, f, a, &w->err);
    if (status == LSV_EOS && strncmp(w->err.message, "[Errno 2]", 9) == 0) return ls_raise(w->in, "FileNotFoundError", "%s not found.", path);
    return ls_file_ok(w, status);
}

enum { COLUMNS = 1024 };

static bool columns_arg(ls_work *w, ls_value v, ptrdiff_t columns[COLUMNS], lsv_table_format *f) {
    if (ls_is_none(v)) return true;
    f->columns = columns;
    if (ls_is_int(v)) {
        columns[0] = (ptrdiff_t)v.i;
        f->ncolumns = 1;
        return true;
    }
    ls_value list;
    if (!ls_to_list(w->in, v, &list)) return false;
    bool ok = list.list->n <= COLUMNS || ls_raise(w->in, "ValueError", "usecols: more than %d columns", COLUMNS);
    for (ptrdiff_t i = 0; ok && i < list.list->n; i++) {
        int64_t x = 0;
        ok = ls_as_int(w->in, list.list->items[i], "usecols", &x);
        columns[i] = (ptrdiff_t)x;
    }
    f->ncolumns = list.list->n;
    ls_drop(list);
    return ok;
}

/* A str, or None for `none`; a list of one str. */
static bool text_arg(ls_work *w, ls_value v, const char *what, const char **text) {
    *text = NULL;
    if ((v.tag == LS_LIST && v.list->n == 1)) v = v.list->items[0];
    if ((v.tag == LS_TUPLE && v.tuple->n == 1)) v = v.tuple->items[0];
    if (ls_is_none(v)) return true;
    if (!ls_as_text(w->in, v, what, text)) return false;
    if (!**text) *text = NULL;
    return true;
}

static bool given_none(ls_work *w, ls_value v, const char *what) {
    return ls_is_none(v) || ls_raise(w->in, "NotImplementedError", "%s is not offered", what);
}

static bool finish_table(ls_work *w, ls_value source, lsv_table_format *f, ls_value unpack, const char *what, ls_value *out) {
    lsv_array *a, *r;
    bool turn;
    if (!ls_truth(w->in, unpack, &turn) || !load_table(w, source, f, what, &a)) return false;
    if (a->size == 0 && w->in->client.warn) {
        char line[80];
        snprintf(line, sizeof line, "%s: input contained no data", what);
        w->in->client.warn(w->in->client.ctx, line);
    }
    if (!turn) {
        *out = ls_array(a);
        return true;
    }
    lsv_status status = lsv_transpose(a, NULL, &r, &w->err);
    lsv_release(a);
    return ls_give_array(w, out, status, &r);
}

/* np.loadtxt(fname, dtype=float, comments='#', delimiter=None, converters=None, skiprows=0, usecols=None, unpack=False, ndmin=0, encoding=None, max_rows=None, *, quotechar=None, like=None) */
BUILTIN(np_loadtxt) {
    lsv_table_format f = LSV_TABLE_FORMAT;
    ptrdiff_t columns[COLUMNS], ndmin = 0;
    if (!ls_dtype_or(w, args[1], LSV_FLOAT64, &f.dtype) || !text_arg(w, args[2], "comments", &f.comments) || !text_arg(w, args[3], "delimiter", &f.delimiter) ||
        !given_none(w, args[4], "loadtxt(converters=)") || !ls_count(w, args[5], "skiprows", &f.skip_header) || !columns_arg(w, args[6], columns, &f) ||
        !ls_count(w, args[8], "ndmin", &ndmin) || (!ls_is_none(args[10]) && !ls_count(w, args[10], "max_rows", &f.max_rows)) || !given_none(w, args[11], "loadtxt(quotechar=)"))
        return false;
    if (ndmin < 0 || ndmin > 2) return ls_raise(w->in, "ValueError", "Illegal value of ndmin keyword: %td", ndmin);
    f.ndmin = (int)ndmin;
    return finish_table(w, args[0], &f, args[7], "loadtxt", out);
}

/* np.genfromtxt(fname, dtype=float, comments='#', delimiter=None, skip_header=0, skip_footer=0, converters=None, missing_values=None, filling_values=None, usecols=None, names=None, …, unpack, max_rows, ndmin) */
BUILTIN(np_genfromtxt) {
    lsv_table_format f = LSV_TABLE_FORMAT;
    ptrdiff_t columns[COLUMNS], ndmin = 0;
    f.lenient = true;
    if (!ls_dtype_or(w, args[1], LSV_FLOAT64, &f.dtype) || !text_arg(w, args[2], "comments", &f.comments) || !text_arg(w, args[3], "delimiter", &f.delimiter) ||
        !ls_count(w, args[4], "skip_header", &f.skip_header) || !ls_count(w, args[5], "skip_footer", &f.skip_footer) || !given_none(w, args[6], "genfromtxt(converters=)") ||
        (!ls_is_none(args[8]) && !ls_as_double(w->in, args[8], "filling_values", &f.filling)) || !columns_arg(w, args[9], columns, &f) ||
        (!ls_is_none(args[12]) && !ls_count(w, args[12], "max_rows", &f.max_rows)) || !ls_count(w, args[14], "ndmin", &ndmin))
        return false;
    bool names;
    if (!ls_truth(w->in, args[10], &names)) return false;
    if (names) return ls_raise(w->in, "NotImplementedError", "genfromtxt(names=) gives records, which are not offered; skip_header=1 leaves the names out");
    if (ndmin < 0 || ndmin > 2) return ls_raise(w->in, "ValueError", "Illegal value of ndmin keyword: %td", ndmin);
    f.ndmin = (int)ndmin;
    return finish_table(w, args[0], &f, args[11], "genfromtxt", out);
}

enum { FORMATS = 256 };

/* np.savetxt(fname, X, fmt='%.18e', delimiter=' ', newline='\n', header='', footer='', comments='# ', encoding=None) */
BUILTIN(np_savetxt) {
    const char *path, *formats[FORMATS];
    lsv_array *a;
    lsv_table_style s = {.formats = formats, .nformats = 1};
    ls_value fmt = args[2];
    if (!path_arg(w, args[0], "savetxt", &path)) return false;
    if (args[1].tag == LS_ARRAY) a = args[1].array;
    else if (!ls_array_like(w, args[1], LSV_NUMPY, -1, &a)) return false;
    const ls_value *items = fmt.tag == LS_LIST ? fmt.list->items : fmt.tag == LS_TUPLE ? fmt.tuple->items : &fmt;
    ptrdiff_t n = fmt.tag == LS_LIST ? fmt.list->n : fmt.tag == LS_TUPLE ? fmt.tuple->n : 1;
    if (n > FORMATS) return ls_raise(w->in, "ValueError", "savetxt: more than %d formats", FORMATS);
    for (ptrdiff_t i = 0; i < n; i++)
        if (!ls_as_text(w->in, items[i], "fmt", &formats[i])) return false;
    s.nformats = (int)n;
    ptrdiff_t columns = a->ndim == 2 ? a->shape[1] : 1;
    if (n != 1 && n != columns) return ls_raise(w->in, "AttributeError", "fmt has wrong shape: %td formats for %td columns", n, columns);
    if (fmt.tag != LS_STR && n == 1 && columns != 1) return ls_raise(w->in, "AttributeError", "fmt has wrong shape: 1 format for %td columns", columns);
    return ls_as_text(w->in, args[3], "delimiter", &s.delimiter) && ls_as_text(w->in, args[4], "newline", &s.newline) && ls_as_text(w->in, args[5], "header", &s.header) &&
           ls_as_text(w->in, args[6], "footer", &s.footer) && ls_as_text(w->in, args[7], "comments", &s.comments) && ls_file_ok(w, lsv_table_save(path, a, &s, &w->err));
}

/* ---- by the name's ending ---- */

/* kind="numpy" | "torch"; None: the fallback. */
static bool kind_arg(ls_work *w, ls_value v, lsv_kind fallback, lsv_kind *kind) {
    *kind = fallback;
    if (ls_text_is(v, "numpy")) *kind = LSV_NUMPY;
    else if (ls_text_is(v, "torch")) *kind = LSV_TORCH;
    else if (!ls_is_none(v)) return ls_raise(w->in, "ValueError", "load: kind is \"numpy\" or \"torch\"");
    return true;
}

static bool refuse_pickle(ls_work *w, const char *path) {
    ls_raise(w->in, "NotImplementedError", "%s: a pickle, which can run any program when it is read", path);
    ls_hint(w->in, "in Python, once: from safetensors.torch import save_file; save_file(torch.load(\"%s\", weights_only=True), \"name.safetensors\")", path);
    return false;
}

static bool is_pickle(const char *path) {
    static const char *const endings[] = {".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_with(path, endings[i])) return true;
    return false;
}

/* load(path, kind=None) */
BUILTIN(load_any) {
    const char *path;
    lsv_kind kind;
    if (!path_arg(w, args[0], "load", &path)) return false;
    bool tensors = ends_with(path, ".safetensors") || ends_with(path, ".index.json");
    if (!kind_arg(w, args[1], tensors ? LSV_TORCH : LSV_NUMPY, &kind)) return false;
    if (tensors) return load_safetensors(w, path, kind, out);
    if (ends_with(path, ".npz")) return load_npz(w, path, kind, out);
    if (ends_with(path, ".npy")) return load_npy(w, path, kind, LSV_NPY_COPY, out);
    if (is_pickle(path)) return refuse_pickle(w, path);
    lsv_array *a, *r;
    lsv_table_format f = LSV_TABLE_FORMAT;
    f.lenient = f.header = true;
    if (ends_with(path, ".csv")) f.delimiter = ",";
    else if (ends_with(path, ".tsv")) f.delimiter = "\t";
    else if (!ends_with(path, ".txt") && !ends_with(path, ".dat"))
        return ls_raise(w->in, "ValueError", "load: the ending of '%s' is not known: .npy, .npz, .safetensors, .index.json, .csv, .tsv, .txt, .dat", path);
    if (!ls_file_ok(w, lsv_table_load(path, &f, &a, &w->err))) return false;
    if (kind == LSV_NUMPY) {
        *out = ls_array(a);
        return true;
    }
    lsv_status status = lsv_as_kind(a, kind, &r, &w->err);
    lsv_release(a);
    return ls_give_array(w, out, status, &r);
}

static bool save_text(ls_work *w, const char *path, ls_value v, const char *delimiter) {
    lsv_array *a;
    if (v.tag == LS_ARRAY) a = v.array;
    else if (!ls_array_like(w, v, LSV_NUMPY, -1, &a)) return false;
    return ls_file_ok(w, lsv_table_save(path, a, &(lsv_table_style){.delimiter = delimiter}, &w->err));
}

/* save(path, value) */
BUILTIN(save_any) {
    const char *path;
    lsv_arrays arrays = {0};
    bool dict = args[1].tag == LS_DICT, ok;
    if (!path_arg(w, args[0], "save", &path)) return false;
    if (ends_with(path, ".safetensors")) return save_safetensors(w, path, args[1], args[2], false);
    if (!ls_is_none(args[2])) return ls_raise(w->in, "ValueError", "save: metadata goes into .safetensors files only");
    if (ends_with(path, ".npz")) {
        ok = (dict ? collect(w, &arrays, args[1], "save", false) : add(w, &arrays, "arr_0", args[1], false)) && save_npz(w, path, &arrays, false);
        lsv_arrays_free(&arrays);
        return ok;
    }
    if (is_pickle(path)) {
        ls_raise(w->in, "NotImplementedError", "save: '%s': pickles are not written", path);
        ls_hint(w->in, "save(\"name.safetensors\", …), which PyTorch reads through safetensors.torch.load_file");
        return false;
    }
    if (dict) return ls_raise(w->in, "TypeError", "save: a dictionary of arrays goes into a .npz or .safetensors file, not into '%s'", path);
    if (ends_with(path, ".csv")) return save_text(w, path, args[1], ",");
    if (ends_with(path, ".tsv")) return save_text(w, path, args[1], "\t");
    if (ends_with(path, ".txt") || ends_with(path, ".dat")) return save_text(w, path, args[1], " ");
    const char *base = strrchr(path, '/');
    if (!ends_with(path, ".npy") && strchr(base ? base : path, '.'))
        return ls_raise(w->in, "ValueError", "save: the ending of '%s' is not known: .npy, .npz, .safetensors, .csv, .tsv, .txt, .dat", path);
    return np_save(w->in, w->self, args, out);
}

/* torch.load(f, …), torch.save(obj, f, …); op: which argument is the path */
BUILTIN(torch_pickle) {
    const char *path = "a .pt file";
    if (args[w->self->op].tag == LS_STR) path = args[w->self->op].str->data;
    if (w->self->op == 0) return refuse_pickle(w, path);
    ls_raise(w->in, "NotImplementedError", "torch.save: '%s': pickles are not written", path);
    ls_hint(w->in, "from safetensors.torch import save_file; save_file(tensors, \"name.safetensors\"), which PyTorch reads through load_file");
    return false;
}

/* data.files, data.close() of what np.load gave for an archive */
BUILTIN(dict_files) {
    ls_value list;
    if (!ls_to_list(w->in, args[0], &list)) return false;
    *out = list;
    return true;
}

BUILTIN(dict_close) { return true; }

#define LOAD_TYPES                                                                                                     \
    "Element types: bool, int32, int64, float16, bfloat16 (as '<V2'), float32 and float64 as they are; int8, int16, "  \
    "uint8, uint16, uint32 and uint64 are widened to int64. Objects (pickles), records, complex numbers, strings and " \
    "dates are refused with what to do in Python."

const ls_builtin ls_family_files[] = {
    {"load", "(path, kind=None)", "An array or a dictionary of arrays from a file, by the name's ending",
     ".npy: an array. .npz: a dictionary of arrays. .safetensors, and .index.json for a checkpoint in shards: a dictionary of tensors, whose data "
     "stays in the file until it is used. .csv, .tsv, .txt, .dat: an array of float64, where a first row of names is left out and what is missing or no number is nan.\n\n"
     "kind=\"numpy\" or \"torch\" chooses arrays or tensors. " LOAD_TYPES, NULL, load_any, 0, LS_CALLABLE, NULL},
    {"save", "(path, value, metadata=None, **_)", "An array or a dictionary of arrays to a file, by the name's ending",
     ".npy (also without an ending), .csv, .tsv, .txt, .dat: an array. .npz, .safetensors: a dictionary of arrays; metadata is a dictionary of strings for the latter. "
     "The file is written whole or not at all: a new one is synced and renamed over the old.", NULL, save_any, 0, LS_CALLABLE, NULL},
    {"np.load", "(file, mmap_mode=None, allow_pickle=False, fix_imports=True, encoding='ASCII', *, max_header_size=10000)", "An array from a .npy file, a dictionary of arrays from a .npz file",
     "mmap_mode 'r' gives a read-only array over the file, 'c' one whose changes stay in memory. A .npz file is read at once. " LOAD_TYPES, NULL, np_load, 0, LS_CALLABLE, NULL},
    {"np.save", "(file, arr, allow_pickle=True, fix_imports=True)", "An array to a .npy file", "The ending .npy is added where it is missing. bfloat16 is written as '<V2'.", NULL, np_save, 0, LS_CALLABLE, NULL},
    {"np.savez", "(file, *args, allow_pickle=True, **kwds)", "Several arrays to one .npz file", "Arrays without a name become arr_0, arr_1, …", NULL, np_savez, 0, LS_CALLABLE, NULL},
    {"np.savez_compressed", "(file, *args, allow_pickle=True, **kwds)", "Several arrays to one compressed .npz file", NULL, NULL, np_savez, 1, LS_CALLABLE, NULL},
    {"np.loadtxt", "(fname, dtype=None, comments='#', delimiter=None, converters=None, skiprows=0, usecols=None, unpack=False, ndmin=0, encoding=None, max_rows=None, *, quotechar=None, like=None)",
     "A table of numbers from a text file, or from a list of lines", "Every row has the same number of columns; what is no number is an error.", NULL, np_loadtxt, 0, LS_CALLABLE, NULL},
    {"np.genfromtxt",
     "(fname, dtype=None, comments='#', delimiter=None, skip_header=0, skip_footer=0, converters=None, missing_values=None, filling_values=None, usecols=None, names=None, unpack=False, max_rows=None, encoding=None, ndmin=0, autostrip=False, invalid_raise=True)",
     "A table of numbers from a text file, where what is missing or no number is nan", "filling_values is put in instead of nan (-1 for an integer dtype).", NULL, np_genfromtxt, 0, LS_CALLABLE, NULL},
    {"np.savetxt", "(fname, X, fmt='%.18e', delimiter=' ', newline='\\n', header='', footer='', comments='# ', encoding=None)", "A table of numbers to a text file",
     "fmt: one conversion for every number, a list of one for each column, or one text for a whole row.", NULL, np_savetxt, 0, LS_CALLABLE, NULL},
    {"dict.files", "(self)", "The names of the arrays that np.load read from a .npz file", "A list of the dictionary's keys.", NULL, dict_files, 0, LS_ATTRIBUTE, NULL},
    {"dict.close", "(self)", "Nothing: np.load has read the archive and closed it", NULL, NULL, dict_close, 0, LS_CALLABLE, NULL},
    {"torch.load", "(f, map_location=None, pickle_module=None, *, weights_only=None, mmap=None, **_)", "Refused: .pt files are pickles; how to convert one", NULL, NULL, torch_pickle, 0, LS_CALLABLE, NULL},
    {"torch.save", "(obj, f, pickle_module=None, pickle_protocol=2, **_)", "Refused: .pt files are pickles; what to write instead", NULL, NULL, torch_pickle, 1, LS_CALLABLE, NULL},
    {"safetensors.torch.load_file", "(filename, device='cpu')", "A dictionary of tensors from a .safetensors file", "The tensors lie over the mapped file; writing to one leaves the file alone.", NULL, load_file, LSV_TORCH, LS_CALLABLE, NULL},
    {"safetensors.numpy.load_file", "(filename, device='cpu')", "A dictionary of arrays from a .safetensors file", NULL, NULL, load_file, LSV_NUMPY, LS_CALLABLE, NULL},
    {"safetensors.torch.save_file", "(tensors, filename, metadata=None)", "A dictionary of tensors to a .safetensors file", NULL, NULL, save_file, LSV_TORCH, LS_CALLABLE, NULL},
    {"safetensors.numpy.save_file", "(tensor_dict, filename, metadata=None)", "A dictionary of arrays to a .safetensors file", NULL, NULL, save_file, LSV_NUMPY, LS_CALLABLE, NULL},
    {0},
};
