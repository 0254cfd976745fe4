/* Adapters as values of the language, for the builtins that take or give them. */
#ifndef LANG_BUILTINS_ADAPTERS_H
#define LANG_BUILTINS_ADAPTERS_H

#include "lang/builtins/support.h"
#include "lora/adapter.h"

/* NULL: the value is no adapter. Borrowed. */
lsv_adapter *ls_adapter_of(ls_value v);
/* *out = the adapter as a value; takes the reference in any case. kind: of the arrays that come out of it. */
bool ls_give_adapter(ls_work *w, ls_value *out, lsv_adapter *a, lsv_kind kind);
lsv_kind ls_adapter_kind(ls_value v);
/* Notes from `from` on go to the client as warnings. */
void ls_adapter_warn(ls_work *w, const lsv_adapter *a, ptrdiff_t from);
/* The place of a module by its name; false: a KeyError that says which names are like it. */
bool ls_adapter_module_arg(ls_work *w, lsv_adapter *a, ls_value name, ptrdiff_t *i);

/* tol=, energy=, ratio=, max_rank= into rule (its r is left alone). */
bool ls_rule_args(ls_work *w, ls_value tol, ls_value energy, ls_value ratio, ls_value max_rank, const char *who, lsv_rank_rule *rule);
bool ls_split_arg(ls_work *w, ls_value v, lsv_split *split);

/* aggregate of adapters: `list` holds nothing else. dtype of results as lora.h says. */
bool ls_aggregate_adapters(ls_work *w, ls_value list, const double *weights, lsv_aggregate_method method, const lsv_rank_rule *rules, int count, bool several,
                           lsv_split split, bool informed, ls_value *out);
/* {"method": …, "rank": …, …} of one aggregate; owned. */
bool ls_aggregate_note(ls_work *w, const lsv_aggregate_info *info, ls_value *dict);

#endif
