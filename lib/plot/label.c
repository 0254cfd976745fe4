/* Labels. The mathematics between dollar signs that titles in notebooks have ($\sigma_1$, $10^{-3}$, $\|W\|$)
   becomes Unicode when a figure takes the text, so that every renderer just writes characters; a terminal
   without Unicode gets names instead (sigma_1). What has no character stays as it was written. */
#include "plot/label.h"

#include <string.h>

typedef struct sign {
    const char *name, *text, *ascii;
} sign; /* \name, as Unicode, as ASCII (NULL: the name) */

static const sign signs[] = {
    {"alpha", "α", NULL},   {"beta", "β", NULL},       {"gamma", "γ", NULL}, {"delta", "δ", NULL},
    {"epsilon", "ε", NULL}, {"varepsilon", "ε", NULL}, {"zeta", "ζ", NULL},  {"eta", "η", NULL},
    {"theta", "θ", NULL},   {"iota", "ι", NULL},       {"kappa", "κ", NULL}, {"lambda", "λ", NULL},
    {"mu", "μ", NULL},      {"nu", "ν", NULL},         {"xi", "ξ", NULL},    {"pi", "π", NULL},
    {"rho", "ρ", NULL},     {"sigma", "σ", NULL},      {"tau", "τ", NULL},   {"phi", "φ", NULL},
    {"varphi", "φ", NULL},  {"chi", "χ", NULL},        {"psi", "ψ", NULL},   {"omega", "ω", NULL},
    {"Gamma", "Γ", NULL},   {"Delta", "Δ", NULL},      {"Theta", "Θ", NULL}, {"Lambda", "Λ", NULL},
    {"Xi", "Ξ", NULL},      {"Pi", "Π", NULL},         {"Sigma", "Σ", NULL}, {"Phi", "Φ", NULL},
    {"Psi", "Ψ", NULL},     {"Omega", "Ω", NULL},      {"ell", "ℓ", "l"},    {"cdot", "·", "."},
    {"times", "×", "x"},    {"pm", "±", "+-"},         {"leq", "≤", "<="},   {"le", "≤", "<="},
    {"geq", "≥", ">="},     {"ge", "≥", ">="},         {"neq", "≠", "!="},   {"approx", "≈", "~"},
    {"infty", "∞", "inf"},  {"sum", "∑", NULL},        {"prod", "∏", NULL},  {"partial", "∂", "d"},
    {"nabla", "∇", NULL},   {"sqrt", "√", NULL},       {"to", "→", "->"},    {"rightarrow", "→", "->"},
    {"ldots", "…", "..."},  {"dots", "…", "..."},      {"in", "∈", NULL},    {"top", "ᵀ", "T"},
    {"|", "‖", "||"},       {"lVert", "‖", "||"},      {"rVert", "‖", "||"}, {"minus", "−", "-"},
    {"endash", "–", "-"},   {"emdash", "—", "-"},      {",", " ", " "},      {";", " ", " "},
    {"quad", " ", " "},
};
enum { NSIGNS = sizeof signs / sizeof *signs };

static const struct {
    char plain;
    const char *up, *down;
} scripts[] = {
    {'0', "⁰", "₀"},  {'1', "¹", "₁"},  {'2', "²", "₂"},  {'3', "³", "₃"},  {'4', "⁴", "₄"},
    {'5', "⁵", "₅"},  {'6', "⁶", "₆"},  {'7', "⁷", "₇"},  {'8', "⁸", "₈"},  {'9', "⁹", "₉"},
    {'+', "⁺", "₊"},  {'-', "⁻", "₋"},  {'=', "⁼", "₌"},  {'(', "⁽", "₍"},  {')', "⁾", "₎"},
    {'n', "ⁿ", "ₙ"},  {'i', "ⁱ", "ᵢ"},  {'T', "ᵀ", NULL}, {'a', NULL, "ₐ"}, {'e', NULL, "ₑ"},
    {'h', NULL, "ₕ"}, {'j', NULL, "ⱼ"}, {'k', "ᵏ", "ₖ"},  {'l', NULL, "ₗ"}, {'m', "ᵐ", "ₘ"},
    {'o', NULL, "ₒ"}, {'p', "ᵖ", "ₚ"},  {'r', NULL, "ᵣ"}, {'s', NULL, "ₛ"}, {'t', "ᵗ", "ₜ"},
    {'u', NULL, "ᵤ"}, {'v', NULL, "ᵥ"}, {'x', "ˣ", "ₓ"},
};
enum { NSCRIPTS = sizeof scripts / sizeof *scripts };

static const char *script_of(char c, bool up) {
    for (int i = 0; i < NSCRIPTS; i++)
        if (scripts[i].plain == c) return up ? scripts[i].up : scripts[i].down;
    return NULL;
}

/* x^{…} and x_{…}: p is behind the sign. Raised or lowered where every character can be, else in brackets. */
static const char *script(const char *p, const char *end, bool up, lsv_text *out) {
    const char *from = p, *to = p < end ? p + 1 : p;
    if (p < end && *p == '{') {
        from = p + 1;
        const char *close = memchr(from, '}', (size_t)(end - from));
        to = close ? close : end;
        p = close ? close + 1 : end;
    } else {
        p = to;
    }
    if (from < to && *from == '\\') { /* ^\top */
        for (p = from + 1; p < end && ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')); p++) {
        }
        if (up && p - from == 4 && strncmp(from, "\\top", 4) == 0) lsv_text_puts(out, "ᵀ");
        else lsv_text_add(out, from, (size_t)(p - from));
        return p;
    }
    bool all = from < to;
    for (const char *c = from; c < to; c++) all = all && script_of(*c, up);
    if (!all) {
        lsv_text_putc(out, up ? '^' : '_');
        if (to - from > 1) lsv_text_putc(out, '(');
        lsv_text_add(out, from, (size_t)(to - from));
        if (to - from > 1) lsv_text_putc(out, ')');
        return p;
    }
    for (const char *c = from; c < to; c++) lsv_text_puts(out, script_of(*c, up));
    return p;
}

/* \name: p is behind the backslash. Words that only set type (\mathbf, \text) go. */
static const char *command(const char *p, const char *end, lsv_text *out) {
    static const char *const set[] = {"mathbf", "mathrm", "mathcal",     "mathbb", "mathit",
                                      "text",   "textbf", "hat",         "tilde",  "bar",
                                      "left",   "right",  "operatorname"};
    const char *word = p;
    while (p < end && ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z'))) p++;
    if (p == word && p < end) p++;
    size_t n = (size_t)(p - word);
    for (int i = 0; i < NSIGNS; i++)
        if (strlen(signs[i].name) == n && memcmp(signs[i].name, word, n) == 0) {
            lsv_text_puts(out, signs[i].text);
            return p;
        }
    for (size_t i = 0; i < sizeof set / sizeof *set; i++)
        if (strlen(set[i]) == n && memcmp(set[i], word, n) == 0) return p;
    lsv_text_add(out, word, n); /* \log, \sin, \% */
    return p;
}

static void mathematics(const char *p, const char *end, lsv_text *out) {
    while (p < end) {
        char c = *p++;
        if (c == '^' || c == '_') p = script(p, end, c == '^', out);
        else if (c == '\\') p = command(p, end, out);
        else if (c == '-') lsv_text_puts(out, "−");
        else if (c != '{' && c != '}') lsv_text_putc(out, c);
    }
}

void lsv_label_take(const char *text, lsv_text *out) {
    for (const char *p = text; *p;) {
        const char *close = *p == '$' ? strchr(p + 1, '$') : NULL;
        if (p[0] == '\\' && p[1] == '$') {
            lsv_text_putc(out, '$');
            p += 2;
        } else if (close) {
            mathematics(p + 1, close, out);
            p = close + 1;
        } else {
            lsv_text_putc(out, *p++);
        }
    }
}

void lsv_label_ascii(const char *text, lsv_text *out) {
    int level = 0; /* 1 and -1: within raised and lowered characters */
    for (const char *p = text; *p;) {
        size_t n = 1;
        while ((p[n] & 0xc0) == 0x80) n++;
        const char *shown = NULL;
        char one[2] = {0};
        for (int i = 0; n > 1 && i < NSIGNS && !shown; i++)
            if (strlen(signs[i].text) == n && memcmp(signs[i].text, p, n) == 0)
                shown = signs[i].ascii ? signs[i].ascii : signs[i].name;
        int before = level;
        level = 0;
        for (int i = 0; n > 1 && i < NSCRIPTS && !one[0]; i++)
            for (int up = 0; up < 2 && !one[0]; up++) {
                const char *s = up ? scripts[i].up : scripts[i].down;
                if (!s || strlen(s) != n || memcmp(s, p, n) != 0) continue;
                one[0] = scripts[i].plain;
                shown = one;
                level = up ? 1 : -1;
                if (level != before) lsv_text_putc(out, up ? '^' : '_');
            }
        if (n == 1) lsv_text_putc(out, *p);
        else lsv_text_puts(out, shown ? shown : "?");
        p += n;
    }
}
