/* Characters by their LaTeX names: letters that a name may hold (and that stay themselves under Unicode's normal
   form, so that Python means the same name), the accents that go on a letter before the cursor, and the operators that
   mathematics writes in one sign and the language in two. */
#include "lang/assist/assist.h"

#include <string.h>

static const struct { const char *name, *character; } characters[] = {
    {"alpha", "α"}, {"beta", "β"}, {"gamma", "γ"}, {"delta", "δ"}, {"epsilon", "ε"}, {"varepsilon", "ε"},
    {"zeta", "ζ"}, {"eta", "η"}, {"theta", "θ"}, {"iota", "ι"}, {"kappa", "κ"}, {"lambda", "λ"},
    {"mu", "μ"}, {"nu", "ν"}, {"xi", "ξ"}, {"omicron", "ο"}, {"pi", "π"}, {"rho", "ρ"}, {"sigma", "σ"},
    {"varsigma", "ς"}, {"tau", "τ"}, {"upsilon", "υ"}, {"phi", "φ"}, {"varphi", "φ"}, {"chi", "χ"},
    {"psi", "ψ"}, {"omega", "ω"}, {"digamma", "ϝ"}, {"Alpha", "Α"}, {"Beta", "Β"}, {"Gamma", "Γ"},
    {"Delta", "Δ"}, {"Epsilon", "Ε"}, {"Zeta", "Ζ"}, {"Eta", "Η"}, {"Theta", "Θ"}, {"Iota", "Ι"},
    {"Kappa", "Κ"}, {"Lambda", "Λ"}, {"Mu", "Μ"}, {"Nu", "Ν"}, {"Xi", "Ξ"}, {"Omicron", "Ο"}, {"Pi", "Π"},
    {"Rho", "Ρ"}, {"Sigma", "Σ"}, {"Tau", "Τ"}, {"Upsilon", "Υ"}, {"Phi", "Φ"}, {"Chi", "Χ"}, {"Psi", "Ψ"},
    {"Omega", "Ω"}, {"hbar", "ħ"}, {"imath", "ı"}, {"jmath", "ȷ"}, {"eth", "ð"}, {"DH", "Ð"}, {"th", "þ"},
    {"TH", "Þ"}, {"dh", "ð"}, {"dj", "đ"}, {"DJ", "Đ"}, {"l", "ł"}, {"L", "Ł"}, {"o", "ø"}, {"O", "Ø"},
    {"ae", "æ"}, {"AE", "Æ"}, {"oe", "œ"}, {"OE", "Œ"}, {"aa", "å"}, {"AA", "Å"}, {"ss", "ß"}, {"ng", "ŋ"},
    {"NG", "Ŋ"}, {"grave", "\xcc\x80"}, {"acute", "\xcc\x81"}, {"hat", "\xcc\x82"}, {"tilde", "\xcc\x83"},
    {"bar", "\xcc\x84"}, {"breve", "\xcc\x86"}, {"dot", "\xcc\x87"}, {"ddot", "\xcc\x88"},
    {"mathring", "\xcc\x8a"}, {"check", "\xcc\x8c"}, {"vec", "\xe2\x83\x97"},
    {"le", "<="}, {"leq", "<="}, {"ge", ">="}, {"geq", ">="}, {"ne", "!="}, {"neq", "!="}, {"in", "in"},
    {"notin", "not in"}, {"land", "and"}, {"lor", "or"}, {"lnot", "not"}, {"to", "->"}, {"infty", "inf"},
};
enum { NCHARACTERS = sizeof characters / sizeof *characters };

const char *ls_latex_character(const char *name, size_t n) {
    for (int i = 0; i < NCHARACTERS; i++)
        if (strlen(characters[i].name) == n && memcmp(characters[i].name, name, n) == 0) return characters[i].character;
    return NULL;
}

void ls_latex_each(bool (*visit)(void *ctx, const char *name, const char *character), void *ctx) {
    for (int i = 0; i < NCHARACTERS; i++)
        if (!visit(ctx, characters[i].name, characters[i].character)) return;
}
