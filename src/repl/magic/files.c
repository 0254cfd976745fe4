/* Files and folders: %run, %load, %cd, %pwd, %ls, %env. What --safe forbids is asked for in one place
 * (safe.c). */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "repl/magic/magic.h"

extern char **environ;

static bool os_error(session *s, const char *what, const char *path) {
    const char *type = errno == ENOENT                     ? "FileNotFoundError"
                       : errno == EACCES || errno == EPERM ? "PermissionError"
                       : errno == ENOTDIR                  ? "NotADirectoryError"
                                                           : "OSError";
    int number = errno;
    return ls_raise(s->in, type, "%s: [Errno %d] %s: '%s'", what, number, strerror(number), path);
}

/* ~ and ~/folder are the home folder's. */
static bool expand_home(session *s, char *path, size_t n) {
    const char *home = getenv("HOME");
    if (path[0] != '~' || (path[1] && path[1] != '/')) return true;
    if (!home || !*home) return ls_raise(s->in, "OSError", "there is no home folder: HOME is not set");
    char *rest = lsv_strdup(path + 1);
    if (!rest) return ls_no_memory(s->in);
    int used = snprintf(path, n, "%s%s", home, rest);
    lsv_free(rest);
    return (used > 0 && (size_t)used < n) || ls_raise(s->in, "OSError", "the name of the folder is too long");
}

/* ---- %run, %load ---- */

static char *read_file(session *s, const char *what, char *path, size_t n, size_t *length) {
    if (!expand_home(s, path, n) || !safe_path(s, path)) return NULL;
    errno = 0;
    char *text = read_whole_file(path, length);
    if (!text && errno == ENOMEM) ls_no_memory(s->in);
    else if (!text) os_error(s, what, path);
    return text;
}

/* argv for a file that %run runs: its name's arguments; the one before comes back afterwards. */
static bool set_arguments(session *s, const char *arg) {
    char word[PATH_MAX];
    ls_value list = ls_list_new(4);
    bool ok = list.tag == LS_LIST || ls_no_memory(s->in);
    while (ok && *arg) {
        arg = magic_word(s, arg, word, sizeof word);
        ls_value v = arg ? ls_str_from(word) : (ls_value){.tag = LS_UNSET};
        ok = arg && ((v.tag != LS_UNSET && ls_list_append(list.list, v)) || ls_no_memory(s->in));
        ls_drop(v);
    }
    ok = ok && ls_global_set(s->in, "argv", list);
    ls_drop(list);
    return ok;
}

static bool run_text(session *s, const char *path, const char *text, size_t length) {
    if (notebook_form(path) == NB_FORM_PROGRAM) {
        session_run_program(s, path, text, length);
        return !s->in->error.set;
    }
    notebook b = {0};
    lsv_error err = {0};
    lsv_status status = notebook_form(path) == NB_FORM_JUPYTER
                            ? notebook_read_jupyter(path, text, length, &b, &err)
                            : notebook_read_markdown(path, text, length, &b, &err);
    if (status != LSV_OK) return ls_raise_lsv(s->in, &err);
    session_run_notebook(s, &b, path);
    notebook_free(&b);
    return !s->in->error.set;
}

static bool run_run(session *s, const char *arg, const char *body) {
    char path[PATH_MAX];
    size_t length;
    magic_option o[] = {{.letter = 'i'}};
    (void)body;
    if (!magic_options(s, "run", &arg, o, 1)) return false;
    const char *rest = magic_word(s, arg, path, sizeof path);
    if (!rest) return false;
    if (!*path) return ls_raise(s->in, "UsageError", "%%run wants a file");
    if (s->nested >= 20)
        return ls_raise(s->in, "RecursionError", "%%run: files that run each other, 20 deep");
    char *text = read_file(s, "%run", path, sizeof path, &length);
    if (!text) return false;
    ls_value before = ls_ref(ls_global_get(s->in, "argv"));
    bool labels = s->labels, ok = set_arguments(s, rest);
    s->labels = false;
    s->nested++;
    ok = ok && run_text(s, path, text, length);
    s->nested--;
    s->labels = labels;
    if (before.tag != LS_UNSET) ls_global_set(s->in, "argv", before);
    else ls_global_delete(s->in, "argv");
    ls_drop(before);
    lsv_free(text);
    return ok;
}

/* Into the next cell, to be looked at and changed, where lines can be edited; elsewhere the text is shown and
 * run. */
static bool run_load(session *s, const char *arg, const char *body) {
    char path[PATH_MAX];
    size_t length;
    (void)body;
    const char *rest = magic_word(s, arg, path, sizeof path);
    if (!rest) return false;
    if (!*path) return ls_raise(s->in, "UsageError", "%%load wants a file");
    char *text = read_file(s, "%load", path, sizeof path, &length);
    if (!text) return false;
    while (length && isspace((unsigned char)text[length - 1])) text[--length] = 0;
    if (s->edits) {
        lsv_free(s->next_input);
        s->next_input = text;
        return true;
    }
    session_write(s, text, length);
    session_write(s, "\n", 1);
    s->nested++;
    bool ok = run_text(s, path, text, length);
    s->nested--;
    lsv_free(text);
    return ok;
}

/* ---- folders ---- */

static char *current_folder(void) {
    char *path = getcwd(NULL, 0), *copy = path ? lsv_strdup(path) : NULL;
    free(path);
    return copy;
}

static bool run_cd(session *s, const char *arg, const char *body) {
    char path[PATH_MAX];
    (void)body;
    bool back = strcmp(arg, "-") == 0, quiet = strncmp(arg, "-q", 2) == 0 && (arg[2] == 0 || arg[2] == ' ');
    if (quiet) arg += 2;
    const char *rest = magic_word(s, arg, path, sizeof path);
    if (!rest) return false;
    if (*rest) { /* a name with blanks in it needs no quotes */
        snprintf(path, sizeof path, "%s", arg + strspn(arg, " \t"));
    }
    if (!*path) snprintf(path, sizeof path, "~");
    if (back) {
        if (!s->folder_before)
            return ls_raise(s->in, "OSError", "%%cd -: there is no folder to go back to yet");
        snprintf(path, sizeof path, "%s", s->folder_before);
    } else if (!expand_home(s, path, sizeof path)) {
        return false;
    }
    if (!safe_path(s, path)) return false;
    char *here = current_folder();
    if (chdir(path) != 0) {
        lsv_free(here);
        return os_error(s, "%cd", path);
    }
    lsv_free(s->folder_before);
    s->folder_before = here;
    char *now = current_folder();
    if (now && !quiet) session_printf(s, "%s\n", now);
    lsv_free(now);
    return true;
}

static bool run_pwd(session *s, const char *arg, const char *body) {
    (void)arg;
    (void)body;
    char *path = current_folder();
    if (!path) return os_error(s, "%pwd", ".");
    ls_value v = ls_str_from(path);
    lsv_free(path);
    return magic_give(s, v);
}

typedef struct entry {
    char *name;
    struct stat st;
    bool known;
} entry;
typedef struct entries {
    entry *items;
    int n, room;
} entries;

static int by_entry(const void *a, const void *b) {
    return strcmp(((const entry *)a)->name, ((const entry *)b)->name);
}

static bool add_entry(entries *all, const char *folder, const char *name) {
    char path[PATH_MAX];
    if (all->n == all->room) {
        int room = all->room ? 2 * all->room : 64;
        entry *items = lsv_realloc(all->items, (size_t)room * sizeof *items);
        if (!items) return false;
        all->items = items;
        all->room = room;
    }
    entry *e = &all->items[all->n];
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    e->known = n > 0 && (size_t)n < sizeof path && lstat(path, &e->st) == 0;
    e->name = lsv_strdup(name);
    if (!e->name) return false;
    all->n++;
    return true;
}

static const char *mark_of(const entry *e) {
    if (!e->known) return "";
    return S_ISDIR(e->st.st_mode) ? "/" : S_ISLNK(e->st.st_mode) ? "@" : e->st.st_mode & 0111 ? "*" : "";
}

static void list_long(session *s, const entries *all) {
    for (int i = 0; i < all->n; i++) {
        const entry *e = &all->items[i];
        char when[40] = "";
        struct tm parts;
        time_t t = e->known ? e->st.st_mtime : 0;
        if (e->known && localtime_r(&t, &parts)) strftime(when, sizeof when, "%Y-%m-%d %H:%M", &parts);
        session_printf(s, "%12lld  %16s  %s%s\n", e->known ? (long long)e->st.st_size : 0LL, when, e->name,
                       mark_of(e));
    }
}

/* In columns, down and then across, as ls does. */
static void list_columns(session *s, const entries *all, size_t screen) {
    size_t widest = 1;
    for (int i = 0; i < all->n; i++) {
        size_t w = lsv_text_width(all->items[i].name, strlen(all->items[i].name)) + 1;
        if (w > widest) widest = w;
    }
    int columns = (int)(screen / (widest + 2));
    if (columns < 1) columns = 1;
    int lines = (all->n + columns - 1) / columns;
    for (int line = 0; line < lines; line++) {
        for (int i = line; i < all->n; i += lines) {
            const entry *e = &all->items[i];
            size_t w = lsv_text_width(e->name, strlen(e->name)) + strlen(mark_of(e));
            session_printf(s, "%s%s%*s", e->name, mark_of(e), i + lines < all->n ? (int)(widest + 2 - w) : 0,
                           "");
        }
        session_printf(s, "\n");
    }
}

static bool run_ls(session *s, const char *arg, const char *body) {
    char path[PATH_MAX];
    magic_option o[] = {{.letter = 'l'}, {.letter = 'a'}};
    entries all = {0};
    (void)body;
    if (!magic_options(s, "ls", &arg, o, 2) || !magic_word(s, arg, path, sizeof path)) return false;
    if (!*path) snprintf(path, sizeof path, ".");
    if (!expand_home(s, path, sizeof path) || !safe_path(s, path)) return false;
    DIR *folder = opendir(path);
    bool ok = true;
    if (!folder && errno == ENOTDIR) {
        ok = add_entry(&all, ".", path) || ls_no_memory(s->in);
    } else if (!folder) {
        return os_error(s, "%ls", path);
    }
    for (struct dirent *d; ok && folder && (d = readdir(folder));)
        if (o[1].given || d->d_name[0] != '.') ok = add_entry(&all, path, d->d_name) || ls_no_memory(s->in);
    if (folder) closedir(folder);
    if (all.n) qsort(all.items, (size_t)all.n, sizeof *all.items, by_entry);
    if (ok && o[0].given) list_long(s, &all);
    else if (ok) list_columns(s, &all, magic_columns());
    for (int i = 0; i < all.n; i++) lsv_free(all.items[i].name);
    lsv_free(all.items);
    return ok;
}

/* ---- the environment ---- */

static bool all_variables(session *s) {
    ls_value dict = ls_dict_new();
    bool ok = dict.tag == LS_DICT;
    for (char **e = environ; ok && *e; e++) {
        const char *equals = strchr(*e, '=');
        ls_value v = equals ? ls_str_from(equals + 1) : ls_none();
        char *name = equals ? lsv_malloc((size_t)(equals - *e) + 1) : NULL;
        ok = !equals || (name && v.tag != LS_UNSET);
        if (ok && equals) {
            memcpy(name, *e, (size_t)(equals - *e));
            name[equals - *e] = 0;
            ok = ls_dict_set_text(dict.dict, name, v);
        }
        lsv_free(name);
        ls_drop(v);
    }
    if (ok) return magic_give(s, dict);
    ls_drop(dict);
    return ls_no_memory(s->in);
}

static bool run_env(session *s, const char *arg, const char *body) {
    char name[256];
    (void)body;
    if (!safe_allows(s, "%env")) return false;
    if (!*arg) return all_variables(s);
    size_t n = strcspn(arg, "= \t");
    if (n == 0 || n >= sizeof name)
        return ls_raise(s->in, "UsageError", "%%env NAME shows a variable, %%env NAME=VALUE sets it");
    memcpy(name, arg, n);
    name[n] = 0;
    const char *p = arg + n + strspn(arg + n, " \t");
    if (!*p) {
        const char *value = getenv(name);
        if (!value) return ls_raise(s->in, "UsageError", "Environment does not have key: %s", name);
        return magic_give(s, ls_str_from(value));
    }
    if (*p == '=') p++;
    p += strspn(p, " \t");
    if (setenv(name, p, 1) != 0) return os_error(s, "%env", name);
    session_printf(s, "env: %s=%s\n", name, p);
    return true;
}

const magic magic_files[] = {
    {"cd", "%cd [-q] [FOLDER]", "goes to another folder",
     "%cd alone goes home, %cd - back to where it was before, ~ is the home folder. -q does not print where "
     "it is now.",
     "-q", MAGIC_FOLDER, MAGIC_LINE, run_cd},
    {"env set_env", "%env [NAME[=VALUE]]", "shows or sets a variable of the environment",
     "%env alone gives all of them, as a dictionary.", NULL, MAGIC_TEXT, MAGIC_LINE, run_env},
    {"load", "%load FILE", "puts a file's text into the next cell, to be looked at and changed",
     "Enter runs it. Where lines cannot be edited the text is shown and run at once. Arrays are read by "
     "load(\"file\").",
     NULL, MAGIC_FILE, MAGIC_LINE, run_load},
    {"ls", "%ls [-l] [-a] [FOLDER]", "the files of a folder",
     "-l  with size and date\n-a  also those whose names begin with a point\n\n/ marks a folder, * a "
     "program, @ a link.",
     "-l -a", MAGIC_FOLDER, MAGIC_LINE, run_ls},
    {"pwd", "%pwd", "the folder this is, as a text", NULL, NULL, MAGIC_NOTHING, MAGIC_LINE, run_pwd},
    {"run", "%run FILE [ARGUMENTS]", "runs a file here: its variables are the session's",
     "Programs, notebooks (.ipynb) and Markdown (.md). The arguments are in `argv`. An error ends the cell.",
     "-i", MAGIC_FILE, MAGIC_LINE, run_run},
    {0}};
