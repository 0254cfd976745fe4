/* What the parts of `lsv lora` share: options, the job that runs while its progress is drawn, and reports. */
#ifndef REPL_LORA_INSIDE_H
#define REPL_LORA_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lora/pipeline.h"

enum { LORA_OK = 0, LORA_ERROR = 1, LORA_USAGE = 2, LORA_WORSE = 3, LORA_INTERRUPTED = 130 };

/* ---- options (options.c) ---- one table for parsing, --help and the manual pages */

typedef enum lora_subcommand { LORA_EXTRACT, LORA_RESIZE, LORA_MERGE, LORA_APPLY, LORA_INFO, LORA_VERIFY, LORA_DIFF, LORA_CONVERT, LORA_SUBCOMMANDS } lora_subcommand;

typedef struct lora_list { const char **items; int n; } lora_list;

typedef struct lora_options {
    lora_subcommand command;
    lora_list operands;
    const char *output, *base, *prefix, *ranks, *weights, *tensors;
    int64_t rank, max_rank, threads, seed;
    int64_t budget;
    double tol, energy, ratio, accuracy, weight, max_error;
    lora_list target, exclude;
    int dtype, split, format, device, method; /* places in their choices; -1: not given */
    bool noise_floor, embeddings, conv, fan_in_fan_out, save_rest, force, restart, json, quiet, dry_run, exact, all, help, man;
} lora_options;

typedef enum lora_kind { LORA_FLAG, LORA_TEXT, LORA_LIST, LORA_COUNT, LORA_REAL, LORA_BYTES, LORA_CHOICE } lora_kind;

typedef struct lora_option {
    const char *name;      /* without its dashes                                     */
    char letter;           /* 0: none                                                */
    const char *argument;  /* as help shows it; NULL of a flag                        */
    lora_kind kind;
    size_t offset;
    unsigned commands;     /* bits of those that have it                             */
    const char *choices;   /* LORA_CHOICE: "sqrt left right"                          */
    const char *help;
} lora_option;

typedef struct lora_page { /* a subcommand */
    const char *name, *operands;
    int least, most;       /* operands; most < 0: any number                         */
    const char *summary;   /* one line, no full stop                                 */
    const char *text;      /* paragraphs, separated by empty lines                    */
    const char *examples;  /* commands, one per line, each after a line that says what it does */
} lora_page;

extern const lora_option lora_option_table[]; /* ends with name == NULL */
extern const lora_page lora_pages[LORA_SUBCOMMANDS];

/* LORA_OK: go on; else the exit status, with everything said. argv[0] is the subcommand. */
int lora_parse(int argc, char **argv, lora_options *o, bool *leave);
void lora_options_free(lora_options *o);
int lora_usage_error(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- help and manual pages (help.c) ---- */
void lora_help(const lora_page *page);
void lora_overview(void);
void lora_man(const lora_page *page); /* NULL: lsv-lora(1) */

/* ---- a job and its progress (progress.c) ---- */

typedef lsv_status lora_job(void *ctx, const lsv_pipeline_client *client, lsv_error *err);
/* Runs it on a thread of its own while this one draws and looks out for Ctrl-C; does not return where that comes and the
   job is inside something that cannot be stopped (what is finished is on the disk). */
lsv_status lora_run(const lora_options *o, lora_job *job, void *ctx, lsv_error *err);

/* ---- reports (report.c) ---- */
void lora_print_report(const lora_options *o, const lsv_report *r, lsv_adapter *adapter);
void lora_print_estimate(const lora_options *o, const lsv_estimate *e);
int lora_print_error(const lora_options *o, lsv_status status, const lsv_error *err); /* the exit status */
void lora_layer_line(const lora_options *o, const lsv_layer *l, char *text, size_t n);
const char *lora_bytes(double bytes, char buffer[32]);
const char *lora_time(double seconds, char buffer[32]);

#endif
