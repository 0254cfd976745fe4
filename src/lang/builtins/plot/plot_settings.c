/* matplotlib's settings, plt.rcParams: a dictionary of the session. A new figure heeds its size ('figure.figsize') and whether it has
   a grid ('axes.grid'); what else is set there is kept, and changes nothing. */
#include "lang/builtins/plot/plot.h"

#include <stdio.h>

static bool set_size(ls_dict *d) {
    static const double inches[2] = {6.4, 4}; /* lsv_figure_new */
    ls_value list = ls_list_new(2);
    bool ok = list.tag != LS_UNSET;
    for (int i = 0; ok && i < 2; i++) ok = ls_list_append(list.list, ls_float(inches[i]));
    ok = ok && ls_dict_set_text(d, "figure.figsize", list);
    if (list.tag != LS_UNSET) ls_drop(list);
    return ok;
}

/* What figures are without settings, and what else notebooks look at. */
static bool set_all(ls_interp *in, ls_dict *d) {
    ls_dict_clear(d);
    return (set_size(d) && ls_dict_set_text(d, "figure.dpi", ls_float(100)) && ls_dict_set_text(d, "font.size", ls_float(10)) &&
            ls_dict_set_text(d, "lines.linewidth", ls_float(1.5)) && ls_dict_set_text(d, "axes.grid", ls_bool(false))) ||
           ls_no_memory(in);
}

static bool settings(ls_interp *in, ls_dict **d) {
    if (in->plot_settings.tag == LS_UNSET) {
        ls_value v = ls_dict_new();
        if (v.tag == LS_UNSET) return ls_no_memory(in);
        if (!set_all(in, v.dict)) {
            ls_drop(v);
            return false;
        }
        in->plot_settings = v;
    }
    *d = in->plot_settings.dict;
    return true;
}

bool ls_plot_heed_settings(ls_work *w, lsv_figure *f) {
    if (w->in->plot_settings.tag == LS_UNSET) return true; /* nobody has looked at them */
    const ls_value *size = ls_dict_find_text(w->in->plot_settings.dict, "figure.figsize");
    const ls_value *grid = ls_dict_find_text(w->in->plot_settings.dict, "axes.grid");
    return (!size || ls_plot_size(w, *size, "figure.figsize", f)) && (!grid || ls_truth(w->in, *grid, &f->grid));
}

BUILTIN(rc_params) {
    ls_dict *d;
    if (!settings(w->in, &d)) return false;
    *out = ls_ref(w->in->plot_settings);
    return true;
}

BUILTIN(rc_defaults) {
    ls_dict *d;
    return settings(w->in, &d) && set_all(w->in, d);
}

/* (group, **kwargs): rcParams["group.key"] = value */
BUILTIN(rc) {
    ls_dict *d;
    const char *group;
    char name[128];
    const ls_dict *given = args[1].dict;
    if (!settings(w->in, &d) || !ls_as_text(w->in, args[0], "group", &group)) return false;
    for (ptrdiff_t i = 0; i < given->used; i++) {
        if (given->entries[i].key.tag != LS_STR) continue;
        int n = snprintf(name, sizeof name, "%s.%s", group, given->entries[i].key.str->data);
        if (n < 0 || (size_t)n >= sizeof name) return ls_raise(w->in, "KeyError", "Unrecognized key \"%.100s\" for group", group);
        if (!ls_dict_set_text(d, name, given->entries[i].value)) return ls_no_memory(w->in);
    }
    return true;
}

#define SETUP ">>> import matplotlib.pyplot as plt; plt.rcdefaults()\n"

const ls_builtin ls_family_plot_settings[] = {
    {"plt.rcParams matplotlib.rcParams", "()", "The settings of figures, a dictionary",
     "A new figure heeds \"figure.figsize\" (inches) and \"axes.grid\"; other settings are kept without effect.",
     SETUP ">>> plt.rcParams[\"figure.figsize\"]\n[6.4, 4.0]\n>>> plt.rcParams[\"font.size\"] = 12; plt.rcParams.update({\"axes.grid\": True}); plt.rcParams[\"axes.grid\"]\nTrue\n",
     rc_params, 0, LS_ATTRIBUTE, NULL},
    {"plt.rc matplotlib.rc", "(group, **kwargs)", "Sets some of rcParams: rc(\"font\", size=12) is rcParams[\"font.size\"] = 12", NULL,
     SETUP ">>> plt.rc(\"font\", size=12); plt.rcParams[\"font.size\"]\n12\n>>> plt.rc(\"figure\", figsize=(4, 3)); plt.rcParams[\"figure.figsize\"]\n(4, 3)\n", rc, 0, LS_CALLABLE, NULL},
    {"plt.rcdefaults matplotlib.rcdefaults", "()", "rcParams as they are to begin with", NULL,
     ">>> import matplotlib.pyplot as plt; plt.rcdefaults()\n>>> plt.rcParams[\"figure.dpi\"] = 50; plt.rcdefaults(); plt.rcParams[\"figure.dpi\"]\n100.0\n", rc_defaults, 0, LS_CALLABLE, NULL},
    {.names = NULL}};
