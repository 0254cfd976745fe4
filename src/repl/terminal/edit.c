/* What keys do in a cell of several lines. readline's own commands work on one line, its buffer; these
   replace the few that must know about line ends: Enter, the arrows, Home and End, the two kills,
   Backspace in the indentation, pasting; and Tab, which completes.

   A cell that came whole, pasted or out of the history, runs at Enter; one being written waits for
   the blank line that ends its block. */
#include "repl/terminal/edit.h"

#ifdef LSV_READLINE

#include "base/alloc.h"
#include "lang/syntax/transcript.h"
#include "repl/terminal/complete.h"
#include "repl/terminal/pager.h"
#include "repl/terminal/paint.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

static session *current;
static bool accepted, said_now;
static char *result;         /* the accepted text */
static lsv_text message;
static char *whole;          /* a text that was pasted or recalled, as long as it is unchanged */
static char *draft, *prefix; /* what was typed before the history was opened; what entries must begin with */

enum { INDENT = 4 };

/* ---- messages ---- */

void edit_say(const char *text) {
    lsv_text_free(&message);
    if (text) lsv_text_puts(&message, text);
    said_now = text != NULL;
}

const char *edit_message(void) { return message.failed ? NULL : message.data; }
void edit_before_key(void) { said_now = false; }

void edit_after_key(void) {
    if (!said_now && message.data) {
        edit_say(NULL);
        (*rl_redisplay_function)();
    }
}

/* ---- the cell ---- */

static void forget(char **text) {
    lsv_free(*text);
    *text = NULL;
}

void edit_begin(session *s) {
    current = s;
    accepted = false;
    using_history(); /* back to its end */
    edit_end();
}

void edit_end(void) {
    edit_say(NULL);
    forget(&result);
    forget(&whole);
    forget(&draft);
    forget(&prefix);
}

void edit_accept(const char *text) {
    accepted = true;
    forget(&result);
    result = lsv_strdup(text);
}

bool edit_accepted(void) { return accepted; }

read_result edit_take(char **cell) {
    *cell = result;
    result = NULL;
    return *cell ? READ_LINE : READ_NO_MEMORY;
}

void edit_remember(const char *cell) {
    using_history();
    const HIST_ENTRY *last = history_length ? history_get(history_base + history_length - 1) : NULL;
    if (!last || strcmp(last->line, cell) != 0) add_history(cell);
    using_history();
}

/* ---- places in the buffer ---- */

static int line_start(int at) {
    while (at > 0 && rl_line_buffer[at - 1] != '\n') at--;
    return at;
}

static int line_end(int at) {
    while (at < rl_end && rl_line_buffer[at] != '\n') at++;
    return at;
}

static bool only_blanks(int from, int to) {
    while (from < to && (rl_line_buffer[from] == ' ' || rl_line_buffer[from] == '\t')) from++;
    return from == to;
}

static bool key_waits(void) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&input, 1, 0) > 0;
}

static void replace_buffer(const char *text) {
    rl_replace_line(text, 1);
    rl_point = rl_end;
}

/* Is the buffer just as it was pasted, or as it stands in the history? */
static bool is_whole(void) {
    if (whole && strcmp(whole, rl_line_buffer) == 0) return true;
    const HIST_ENTRY *entry = current_history();
    return entry && rl_end > 0 && strcmp(entry->line, rl_line_buffer) == 0;
}

/* ---- Enter ---- */

static void break_line(int indent) {
    int stop = rl_point;
    while (stop < rl_end && rl_line_buffer[stop] == ' ') stop++;
    rl_begin_undo_group();
    rl_delete_text(rl_point, stop);
    char blanks[128];
    if (indent > (int)sizeof blanks - 2) indent = (int)sizeof blanks - 2;
    blanks[0] = '\n';
    memset(blanks + 1, ' ', (size_t)indent);
    blanks[indent + 1] = 0;
    rl_insert_text(blanks);
    rl_end_undo_group();
}

static int open_line(int count, int key) {
    (void)count;
    (void)key;
    int indent = 0;
    cell_complete(rl_line_buffer, (size_t)rl_point, false, &indent);
    break_line(key_waits() ? 0 : indent); /* text that arrives all at once has its own indentation */
    return 0;
}

/* A line that was sent with a prompt in front, and not marked as pasted, loses it. True: it begins a cell of its own,
   which runs after this one. */
static bool take_prompt_off(void) {
    ls_prompt_kind kind;
    bool python;
    int start = line_start(rl_point), text = start;
    while (start > 0 && text < rl_end && rl_line_buffer[text] == ' ') text++; /* what was put in front of it here */
    size_t skip = ls_prompt_length(rl_line_buffer + text, (size_t)(line_end(text) - text), &kind, &python);
    if (kind == LS_PROMPT_NONE || (kind == LS_PROMPT_MORE) != (start > 0)) {
        if (kind != LS_PROMPT_FIRST) return false;
        lsv_free(current->next_input);
        current->next_input = lsv_strdup(rl_line_buffer + text + skip);
        rl_delete_text(start - 1, rl_end);
        rl_point = rl_end;
        return true;
    }
    rl_delete_text(start, text + (int)skip);
    rl_point = line_end(start);
    return false;
}

static int enter(int count, int key) {
    if (take_prompt_off()) {
        edit_accept(rl_line_buffer);
        rl_stuff_char('\r'); /* the Enter that was pressed belongs to the next cell */
        return 0;
    }
    bool ready = is_whole() || line_start(rl_end) == 0 || line_end(rl_point) == rl_end;
    if (!ready || !cell_complete(rl_line_buffer, (size_t)rl_end, is_whole(), NULL)) return open_line(count, key);
    edit_accept(rl_line_buffer);
    return 0;
}

/* ---- moving ---- */

static int points_between(int from, int to) { return (int)lsv_text_points(rl_line_buffer + from, (size_t)(to - from)); }

/* The place `points` characters behind the start of a line, no further than its end. */
static int place_in_line(int start, int points) {
    int at = start, end = line_end(start);
    while (points > 0 && at < end) {
        at++;
        while (at < end && ((unsigned char)rl_line_buffer[at] & 0xC0) == 0x80) at++;
        points--;
    }
    return at;
}

static bool fits(const HIST_ENTRY *entry) {
    return entry && strncmp(entry->line, prefix ? prefix : "", prefix ? strlen(prefix) : 0) == 0 && strcmp(entry->line, rl_line_buffer) != 0;
}

/* The next older (-1) or newer (1) cell that begins with what was typed. */
static int walk_history(int step) {
    int i = where_history();
    if (!is_whole() || i == history_length) {
        if (step > 0) return rl_ding();
        forget(&draft);
        forget(&prefix);
        draft = lsv_strdup(rl_line_buffer);
        if (!only_blanks(0, rl_point)) prefix = lsv_strdup(rl_line_buffer);
        if (prefix) prefix[rl_point] = 0;
        i = history_length;
    }
    for (i += step; i >= 0 && i < history_length; i += step)
        if (fits(history_get(history_base + i))) break;
    if (i < 0) return rl_ding();
    forget(&whole);
    if (i >= history_length) {
        history_set_pos(history_length);
        replace_buffer(draft ? draft : "");
        return 0;
    }
    history_set_pos(i);
    replace_buffer(history_get(history_base + i)->line);
    whole = lsv_strdup(rl_line_buffer);
    return 0;
}

static int up(int count, int key);
static int down(int count, int key);

/* One press after the other goes through the history; after any other key the arrows walk in the cell. */
static bool in_history(void) { return (rl_last_func == up || rl_last_func == down) && is_whole() && rl_point == rl_end; }

static int up(int count, int key) {
    (void)count;
    (void)key;
    int start = line_start(rl_point);
    if (start == 0 || in_history()) return walk_history(-1);
    rl_point = place_in_line(line_start(start - 1), points_between(start, rl_point));
    return 0;
}

static int down(int count, int key) {
    (void)count;
    (void)key;
    int start = line_start(rl_point), end = line_end(rl_point);
    if (end == rl_end || in_history()) return walk_history(1);
    rl_point = place_in_line(end + 1, points_between(start, rl_point));
    return 0;
}

static int to_start(int count, int key) {
    (void)count;
    (void)key;
    int start = line_start(rl_point), text = start;
    while (text < rl_end && rl_line_buffer[text] == ' ') text++;
    rl_point = start > 0 && rl_point > text ? text : start; /* first to the text, then to the margin */
    return 0;
}

static int to_end(int count, int key) {
    (void)count;
    (void)key;
    rl_point = line_end(rl_point);
    return 0;
}

static int kill_to_start(int count, int key) {
    (void)count;
    (void)key;
    int start = line_start(rl_point);
    rl_kill_text(rl_point, start);
    rl_point = start;
    return 0;
}

static int kill_to_end(int count, int key) {
    (void)count;
    (void)key;
    int end = line_end(rl_point);
    if (end == rl_point && end < rl_end) end++; /* at the end of a line: the line end itself */
    rl_kill_text(rl_point, end);
    return 0;
}

static int backspace(int count, int key) {
    int start = line_start(rl_point), column = rl_point - start;
    if (count != 1 || column == 0 || !only_blanks(start, rl_point)) return rl_rubout(count, key);
    int n = (column - 1) % INDENT + 1;
    rl_delete_text(rl_point - n, rl_point);
    rl_point -= n;
    return 0;
}

static int clear_screen(int count, int key) {
    (void)count;
    (void)key;
    paint_clear_screen();
    return 0;
}

/* ---- pasting ---- */

/* The next byte of a paste; -1: none comes, the terminal must have lost the end mark. */
static int pasted_byte(void) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(&input, 1, 2000) <= 0) return -1;
    return rl_read_key();
}

static bool read_paste(lsv_text *t) {
    static const char mark[] = "\033[201~";
    size_t n = sizeof mark - 1;
    for (int c; (c = pasted_byte()) >= 0 && c != EOF;) {
        if (c == '\r') c = '\n';
        if (c != 0) lsv_text_putc(t, (char)c);
        if (t->failed) return false;
        if (t->length >= n && memcmp(t->data + t->length - n, mark, n) == 0) {
            t->data[t->length -= n] = 0;
            break;
        }
    }
    return t->length > 0;
}

static int paste(int count, int key) {
    (void)count;
    (void)key;
    lsv_text t = {0}, code = {0};
    if (read_paste(&t)) {
        bool alone = only_blanks(0, rl_end);
        ls_strip_prompts(t.data, t.length, &code);
        while (code.length && strchr("\n ", code.data[code.length - 1])) code.data[--code.length] = 0;
        if (code.length && !code.failed) rl_insert_text(code.data);
        if (alone && code.length && memchr(code.data, '\n', code.length)) {
            forget(&whole);
            whole = lsv_strdup(rl_line_buffer);
        }
    }
    lsv_text_free(&t);
    lsv_text_free(&code);
    return 0;
}

/* ---- completion ---- */

static bool say_tip(void) {
    lsv_text tip = {0};
    const char *no = getenv("NO_COLOR");
    bool found = session_call_tip(current, rl_line_buffer, (size_t)rl_point, !current->color || (no && *no), &tip);
    if (found && !tip.failed) edit_say(tip.data);
    lsv_text_free(&tip);
    return found;
}

static void say_names(const ls_completions *found) {
    lsv_text list = {0};
    int columns, lines, used = 1;
    terminal_size(&columns, &lines);
    for (int i = 0; i < rl_end; i++) used += rl_line_buffer[i] == '\n';
    session_list(found, columns, lines - used > 2 ? lines - used - 1 : 2, &list);
    if (!list.failed && list.data) edit_say(list.data);
    lsv_text_free(&list);
}

/* Puts `text` in the place of what stands between start and the cursor. */
static void replace_word(size_t start, const char *text, size_t n, const char *tail) {
    lsv_text t = {0};
    lsv_text_add(&t, text, n);
    lsv_text_puts(&t, tail);
    if (!t.failed) {
        rl_begin_undo_group();
        rl_delete_text((int)start, rl_point);
        rl_point = (int)start;
        rl_insert_text(t.data ? t.data : "");
        rl_end_undo_group();
    }
    lsv_text_free(&t);
}

static int complete(int count, int key) {
    static int times; /* in a row without effect: names, tip, names, … */
    (void)key;
    (void)count;
    if (only_blanks(line_start(rl_point), rl_point)) {
        int column = rl_point - line_start(rl_point), n = INDENT - column % INDENT;
        for (int i = 0; i < n; i++) rl_insert_text(" ");
        return 0;
    }
    times = rl_last_func == complete ? times + 1 : 0;
    if (times % 2 && say_tip()) return 0;
    ls_completions found = {0};
    if (session_complete(current, rl_line_buffer, (size_t)rl_point, &found)) {
        size_t typed = (size_t)rl_point - found.start, common = ls_completions_common(&found);
        bool any = typed == 0 && (rl_point == 0 || !strchr(".\"'%/", rl_line_buffer[rl_point - 1])); /* nothing typed: only shown */
        bool only = found.n == 1 && !any, grows = (common > typed && !any) || (only && strncmp(found.names.data, rl_line_buffer + found.start, typed) != 0);
        if (only || grows) {
            replace_word(found.start, found.names.data, common, only ? found.tail : "");
            times = -1;
        }
        if (!only) say_names(&found);
    } else if (!say_tip()) {
        rl_ding();
    }
    ls_completions_free(&found);
    return 0;
}

static int tip(int count, int key) {
    (void)count;
    (void)key;
    if (!say_tip()) rl_ding();
    return 0;
}

/* ---- keys ---- */

static void bind(const char *keys, rl_command_func_t *command) {
    static Keymap maps[2];
    maps[0] = emacs_standard_keymap;
    maps[1] = vi_insertion_keymap;
    for (int i = 0; i < 2; i++) rl_bind_keyseq_in_map(keys, command, maps[i]);
}

void edit_bind_keys(void) {
    static const struct { const char *keys; rl_command_func_t *command; } keys[] = {
        {"\\C-m", enter},          {"\\C-j", enter},         {"\\e\\C-m", open_line},  {"\\t", complete},        {"\\e[Z", tip},
        {"\\e[A", up},             {"\\eOA", up},            {"\\C-p", up},            {"\\e[B", down},          {"\\eOB", down},
        {"\\C-n", down},           {"\\C-a", to_start},      {"\\e[H", to_start},      {"\\eOH", to_start},      {"\\e[1~", to_start},
        {"\\C-e", to_end},         {"\\e[F", to_end},        {"\\eOF", to_end},        {"\\e[4~", to_end},       {"\\C-u", kill_to_start},
        {"\\C-k", kill_to_end},    {"\\C-?", backspace},     {"\\C-h", backspace},     {"\\C-l", clear_screen},  {"\\e[200~", paste},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) bind(keys[i].keys, keys[i].command);
    rl_bind_keyseq_in_map("\\C-m", enter, vi_movement_keymap);
    rl_bind_keyseq_in_map("\\C-j", enter, vi_movement_keymap);
}

/* ---- brackets ---- */

void edit_pair(const char *text, size_t n, size_t point, ptrdiff_t pair[2]) {
    size_t other;
    for (int back = 0; back < 2; back++) {
        if ((size_t)back > point || point - (size_t)back >= n) continue;
        size_t at = point - (size_t)back;
        if (!strchr(back ? ")]}" : "([{)]}", text[at]) || !ls_bracket_pair(text, n, at, &other)) continue;
        pair[0] = (ptrdiff_t)at;
        pair[1] = (ptrdiff_t)other;
        return;
    }
}

#endif
