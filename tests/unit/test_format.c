/* Python's format-spec mini-language, display width and code points. */
#include "check.h"

#include <stdint.h>

#include "base/alloc.h"
#include "text/text.h"

/* The formatted text, or the message of the error. */
static const char *result(lsv_text *t, lsv_status status, lsv_error *err) {
    static char text[512];
    snprintf(text, sizeof text, "%s", status != LSV_OK ? err->message : t->data ? t->data : "");
    lsv_text_free(t);
    return text;
}

static const char *of_int(int64_t x, const char *spec) {
    lsv_text t = {0};
    lsv_error err = {0};
    return result(&t, lsv_format_int(&t, x, spec, strlen(spec), &err), &err);
}

static const char *of_float(double x, const char *spec) {
    lsv_text t = {0};
    lsv_error err = {0};
    return result(&t, lsv_format_float(&t, x, spec, strlen(spec), &err), &err);
}

static const char *of_str(const char *s, const char *spec) {
    lsv_text t = {0};
    lsv_error err = {0};
    return result(&t, lsv_format_str(&t, s, strlen(s), spec, strlen(spec), &err), &err);
}

static void integers(void) {
    CHECK_TEXT(of_int(42, ""), "42");
    CHECK_TEXT(of_int(-42, "6d"), "   -42");
    CHECK_TEXT(of_int(42, "+06"), "+00042");
    CHECK_TEXT(of_int(1234567, ","), "1,234,567");
    CHECK_TEXT(of_int(1234, "010,"), "00,001,234");
    CHECK_TEXT(of_int(1234, "012,"), "0,000,001,234");
    CHECK_TEXT(of_int(255, "#x"), "0xff");
    CHECK_TEXT(of_int(255, "#06X"), "0X00FF");
    CHECK_TEXT(of_int(255, "_b"), "1111_1111");
    CHECK_TEXT(of_int(8, "#o"), "0o10");
    CHECK_TEXT(of_int(65, "3c"), "  A");
    CHECK_TEXT(of_int(0x6f22, "c"), "\xe6\xbc\xa2");
    CHECK_TEXT(of_int(7, "*^7"), "***7***");
    CHECK_TEXT(of_int(7, "\xc3\xa9>3"), "\xc3\xa9\xc3\xa9"
                                        "7");
    CHECK_TEXT(of_int(3, ".2f"), "3.00");
    CHECK_TEXT(of_int(1, "%"), "100.000000%");
    CHECK_TEXT(of_int(INT64_MIN, "d"), "-9223372036854775808");
    CHECK_TEXT(of_int(3, "s"), "Unknown format code 's' for object of type 'int'");
    CHECK_TEXT(of_int(3, ".2d"), "Precision not allowed in integer format specifier");
    CHECK_TEXT(of_int(3, "dd"), "Invalid format specifier 'dd' for object of type 'int'");
    CHECK_TEXT(of_int(3, ",x"), "Cannot specify ',' with 'x'.");
    CHECK_TEXT(of_int(3, ",_"), "Cannot specify both ',' and '_'.");
    CHECK_TEXT(of_int(-1, "c"), "%c arg not in range(0x110000)");
    CHECK_TEXT(of_int(3, "."), "Format specifier missing precision");
    CHECK_TEXT(of_int(3, "99999999999999999999"), "Too many decimal digits in format string");
}

static void floats(void) {
    CHECK_TEXT(of_float(0.1, ""), "0.1");
    CHECK_TEXT(of_float(3, ""), "3.0");
    CHECK_TEXT(of_float(1e16, ""), "1e+16");
    CHECK_TEXT(of_float(1e-5, "10"), "     1e-05");
    CHECK_TEXT(of_float(2.5, ".0f"), "2");
    CHECK_TEXT(of_float(3.14159, ".3f"), "3.142");
    CHECK_TEXT(of_float(3.14159, "+.2e"), "+3.14e+00");
    CHECK_TEXT(of_float(12345.678, ",.2f"), "12,345.68");
    CHECK_TEXT(of_float(0.25, ".1%"), "25.0%");
    CHECK_TEXT(of_float(1234567, "g"), "1.23457e+06");
    CHECK_TEXT(of_float(1234567, ".3"), "1.23e+06");
    CHECK_TEXT(of_float(12, ".2"), "1.2e+01");
    CHECK_TEXT(of_float(12, ".3"), "12.0");
    CHECK_TEXT(of_float(0, ".0"), "0e+00");
    CHECK_TEXT(of_float(1, "#g"), "1.00000");
    CHECK_TEXT(of_float(1, "#.0f"), "1.");
    CHECK_TEXT(of_float(-0.001, "z.1f"), "0.0");
    CHECK_TEXT(of_float(-0.001, ".1f"), "-0.0");
    CHECK_TEXT(of_float(INFINITY, "08"), "00000inf");
    CHECK_TEXT(of_float(-INFINITY, "F"), "-INF");
    CHECK_TEXT(of_float(-NAN, "+"), "+nan");
    CHECK_TEXT(of_float(1.5, "012,.1f"), "00,000,001.5");
    CHECK_TEXT(of_float(1e300, ".0f") + 296, "40160");
    CHECK_TEXT(of_float(1.5, "d"), "Unknown format code 'd' for object of type 'float'");
    CHECK_TEXT(of_float(1.5, "\x07"), "Unknown format code '\\x7' for object of type 'float'");
    CHECK_TEXT(of_float(1.5, ".99999999999f"), "precision too big");
}

static void strings(void) {
    CHECK_TEXT(of_str("abc", ""), "abc");
    CHECK_TEXT(of_str("abc", "6"), "abc   ");
    CHECK_TEXT(of_str("abc", ">6"), "   abc");
    CHECK_TEXT(of_str("abc", "^6s"), " abc  ");
    CHECK_TEXT(of_str("h\xc3\xa9llo", ".2"), "h\xc3\xa9");
    CHECK_TEXT(of_str("h\xc3\xa9", "05"), "h\xc3\xa9"
                                          "000");
    CHECK_TEXT(of_str("a", "d"), "Unknown format code 'd' for object of type 'str'");
    CHECK_TEXT(of_str("a", "+"), "Sign not allowed in string format specifier");
    CHECK_TEXT(of_str("a", "="), "'=' alignment not allowed in string format specifier");
    CHECK_TEXT(of_str("a", ","), "Cannot specify ',' with 's'.");
    CHECK_TEXT(of_str("a", "#"), "Alternate form (#) not allowed in string format specifier");
}

static size_t width(const char *s) { return lsv_text_width(s, strlen(s)); }

static void widths(void) {
    CHECK(width("abc") == 3);
    CHECK(width("\xe6\xbc\xa2\xe5\xad\x97") == 4); /* two ideographs     */
    CHECK(width("e\xcc\x81") == 1);                /* combining acute    */
    CHECK(width("\xf0\x9f\x98\x80") == 2);         /* emoji              */
    CHECK(width("\xce\xbb\xe2\x82\x81") == 2);     /* lambda, subscript  */
    CHECK(width("\xff\xe6") == 2);                 /* stray bytes        */
    CHECK(lsv_text_points("h\xc3\xa9llo", 6) == 5);
}

static void failing(void) {
    for (long k = 1; k < 10; k++) {
        lsv_text t = {0};
        lsv_error err = {0};
        long live = lsv_alloc_live();
        lsv_alloc_fail_at(k);
        lsv_status status = lsv_format_float(&t, 1e300, "_>400.20f", 9, &err);
        lsv_alloc_fail_at(0);
        lsv_text_free(&t);
        CHECK(status == LSV_OK || status == LSV_ENOMEM);
        CHECK(lsv_alloc_live() == live);
    }
}

int main(void) {
    integers();
    floats();
    strings();
    widths();
    failing();
    return check_done();
}
