/* Colours. Series take Okabe and Ito's palette, which people with any colour vision can tell apart. The maps
   of an image are straight ways through OKLCh, a space where equal steps look equally far: lightness rises
   evenly from dark violet over blue and green to yellow (sequential), or rises to near-white in the middle
   and falls again (diverging); chroma is lowered where a display could not show it. */
#include "plot/scale.h"

#include <math.h>

static const lsv_rgb cycle[] = {{0, 114, 178}, {213, 94, 0},   {0, 158, 115}, {204, 121, 167},
                                {230, 159, 0}, {86, 180, 233}, {0, 0, 0}};
enum { NCYCLE = sizeof cycle / sizeof *cycle };

lsv_rgb lsv_plot_colour(int colour) {
    if (colour < 0) return (lsv_rgb){140, 140, 140};
    if (colour & LSV_PLOT_RGB)
        return (lsv_rgb){(unsigned char)(colour >> 16), (unsigned char)(colour >> 8), (unsigned char)colour};
    return cycle[colour % NCYCLE];
}

/* OKLab to linear sRGB (Ottosson 2020). */
static void linear_rgb(double L, double a, double b, double rgb[3]) {
    double l = L + 0.3963377774 * a + 0.2158037573 * b, m = L - 0.1055613458 * a - 0.0638541728 * b,
           s = L - 0.0894841775 * a - 1.2914855480 * b;
    l = l * l * l;
    m = m * m * m;
    s = s * s * s;
    rgb[0] = 4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s;
    rgb[1] = -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s;
    rgb[2] = -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s;
}

static unsigned char gamma_byte(double x) {
    x = x < 0 ? 0 : x > 1 ? 1 : x;
    x = x <= 0.0031308 ? 12.92 * x : 1.055 * pow(x, 1 / 2.4) - 0.055;
    return (unsigned char)lround(255 * x);
}

static lsv_rgb from_lch(double L, double C, double degrees) {
    double rgb[3], h = degrees * 3.14159265358979323846 / 180;
    for (int k = 0; k < 40; k++, C *= 0.94) {
        linear_rgb(L, C * cos(h), C * sin(h), rgb);
        double low = fmin(rgb[0], fmin(rgb[1], rgb[2])), high = fmax(rgb[0], fmax(rgb[1], rgb[2]));
        if (low >= -1e-4 && high <= 1.0001) break;
    }
    return (lsv_rgb){gamma_byte(rgb[0]), gamma_byte(rgb[1]), gamma_byte(rgb[2])};
}

lsv_rgb lsv_map_colour(lsv_plot_map map, double t) {
    if (isnan(t)) return (lsv_rgb){225, 225, 225};
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    if (map == LSV_MAP_GREY) return from_lch(0.15 + 0.84 * t, 0, 0);
    if (map != LSV_MAP_DIVERGING) return from_lch(0.28 + 0.63 * t, 0.10 + 0.07 * t, 308 - 205 * t);
    double s = 2 * t - 1, far = fabs(s);
    return from_lch(0.97 - 0.50 * far, 0.20 * far * (1.15 - 0.35 * far), s < 0 ? 252 : 30);
}
