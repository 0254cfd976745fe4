/* UTF-8 and the letters beyond ASCII that names may hold. */
#include "lang/syntax/lex.h"

uint32_t ls_utf8_read(const char *s, size_t n, int *bytes) {
    const unsigned char *u = (const unsigned char *)s;
    *bytes = 1;
    if (u[0] < 0x80) return u[0];
    int len = u[0] >= 0xF0 ? 4 : u[0] >= 0xE0 ? 3 : 2;
    if (u[0] < 0xC2 || u[0] > 0xF4 || (size_t)len > n) return 0xFFFD;
    uint32_t point = u[0] & (0x7Fu >> len);
    for (int i = 1; i < len; i++) {
        if ((u[i] & 0xC0) != 0x80) return 0xFFFD;
        point = point << 6 | (u[i] & 0x3Fu);
    }
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < least[len] || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) return 0xFFFD;
    *bytes = len;
    return point;
}

int ls_utf8_write(char out[4], uint32_t point) {
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    int len = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (int i = len - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (point & 0x3F));
        point >>= 6;
    }
    out[0] = (char)((0xF00u >> len & 0xF0u) | point);
    return len;
}

typedef struct range {
    uint32_t first, last;
    int cls;
} range;
static const range names[] = {
#include "lang/syntax/unicode_names.inc"
};

int ls_name_class(uint32_t point) {
    size_t lo = 0, hi = sizeof names / sizeof *names;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (point > names[mid].last) lo = mid + 1;
        else if (point < names[mid].first) hi = mid;
        else return names[mid].cls;
    }
    return 0;
}
