/* svdgrad against gradients computed with 50 digits from the doubles below: general, wide, rank-deficient,
   tiny and huge matrices, small gaps, inner triplets. */
#include "grad/svdgrad.h"
#include "matrices.h"

typedef struct {
    const char *name;
    ptrdiff_t m, n, index;
    double xi, sigma, rtol;
    const double *A, *phi, *psi, *G;
} recorded;

static const recorded cases[] = {
    {"rand 5x3", 5, 3, 0, -1.15755, 3.240921220047212, 2.6e-14,
     (const double[]){1.02885687, 1.64192004, 1.14671953, -0.97317952, -1.3928001, 0.06719636,
         0.86135092, 0.5091868, 1.81028557, 0.75084347, 0.63975955, -0.73132252, -1.10771704,
         1.48440559, 0.0489124},
     (const double[]){0.289756, 0.780854, 0.543974, -0.961383, 1.071009},
     (const double[]){0.701456, 0.704973, 0.745063},
     (const double[]){-0.49296376503286893, -0.6090092609783365, -0.15854449227331904,
         0.500448515656711, 0.6872523582567067, 0.30106283008677104, -0.2717687646912343,
         -0.3009405229460711, -0.016729120100743997, -0.3055850779070939, -0.45440567451365554,
         -0.25441068857620125, 0.02552496643764193, 0.09100393208219751, 0.12897564201697212}},
    {"rand 4x4", 4, 4, 0, 0.625729, 3.1612008076866416, 3.48e-14,
     (const double[]){0.0568192, 0.42456926, 0.22494339, 1.65768406, -0.66367607, 1.19918717,
         -0.40261243, -0.95792617, 1.21119447, -0.4395059, -0.38763587, -1.38868368, -2.09819679,
         0.63430094, -1.16526638, 0.77827299},
     (const double[]){2.164325, 0.955541, -1.080232, -0.593675},
     (const double[]){0.861219, -0.043934, 1.192486, -1.942233},
     (const double[]){-0.6321501636586419, 0.3759981772738767, -0.04072718482650986,
         0.44268002210217483, -0.32907893115480347, 0.19137886627639372, -0.02734585228582869,
         0.23119110860522363, 0.4695544516943091, -0.38683594065423127, -0.12149485221402662,
         -0.31042399250105573, 0.00857648099582134, 0.25574882317798314, 0.36860148912811885,
         -0.05061916090366729}},
    {"column 6x1", 6, 1, 0, -1.330268, 1.274970517958296, 9.4e-15,
     (const double[]){-0.57140077, 0.65999923, 0.41685556, 0.55614453, 0.45231263, -0.41928509},
     (const double[]){0.938363, -0.576836, 0.214622, -0.945117, 2.220028, -0.967985},
     (const double[]){0.174975},
     (const double[]){1.347875448223233, -1.1591944192095103, -0.2780570447042799, -1.3368356026523198,
         1.2568773912699212, -0.3102278849642128}},
    {"1x1 negative", 1, 1, 0, -0.851948, 2.5, 5.02e-15,
     (const double[]){-2.5},
     (const double[]){0.212625},
     (const double[]){-0.892655},
     (const double[]){0.851948}},
    {"1..9 rank 2", 3, 3, 0, -0.533354, 16.84810335261421, 9.29e-15,
     (const double[]){1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0},
     (const double[]){0.481509, 0.11681, -1.998311},
     (const double[]){0.36499, -0.232788, -0.516191},
     (const double[]){-0.027234798246288116, -0.040194656681622185, -0.04914578752320103,
         -0.09412893966490886, -0.13096986938086172, -0.15809696620193367, -0.21085818506826895,
         -0.28121083663369667, -0.3361445500031179}},
    {"rank 2 integers 6x6", 6, 6, 0, -1.795563, 27.181341401906288, 2.13e-14,
     (const double[]){-2.0, -13.0, 2.0, 10.0, 8.0, 13.0, 0.0, 7.0, -2.0, -6.0, -4.0, -7.0, -6.0, 3.0,
         -6.0, -6.0, 0.0, -3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 4.0, -2.0, 4.0, 4.0, 0.0, 2.0, -3.0, -2.0,
         -2.0, 0.0, 2.0, 2.0},
     (const double[]){-0.470497, 0.021881, 1.040163, -1.017897, -0.101224, -0.204068},
     (const double[]){-0.172154, -0.648253, 0.278838, 0.213695, 0.213004, 0.133732},
     (const double[]){-0.03730628522747275, 0.8137749894690428, -0.2571958446135912,
         -0.7261997285700825, -0.46059880296743316, -0.8293228496852995, 0.0205948351656771,
         -0.44773065327995676, 0.14152591887946933, 0.39962763634011256, 0.25343120146528253,
         0.45637025234249917, 0.013102016302629103, -0.29293380932361684, 0.09249096258574485,
         0.2610318597975657, 0.16573304420683108, 0.2981278230501008, -0.0006369011066953282,
         0.02100170075847591, -0.006546401165303399, -0.01836540128251954, -0.011819000117216141,
         -0.02100170075847591, -0.008364125013951913, 0.18307030271196856, -0.05785190999035034,
         -0.16333614970687343, -0.10361233771319657, -0.18653297852962453, -0.004192666372457184,
         0.09211366526531184, -0.029104339321131215, -0.08216595791221398, -0.05213028709589731,
         -0.09383645793334104}},
    {"diag 4 2 1 0 0 0 in 8x6", 8, 6, 0, -0.300624, 4.0, 2.66e-14,
     (const double[]){4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0,
         0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
         0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0},
     (const double[]){-0.578464, -1.110567, -1.185476, 0.811489, 0.608245, -1.027572, 1.084026,
         -0.498404},
     (const double[]){1.118523, -1.221286, 0.240105, -1.916924, 0.072038, 1.002796},
     (const double[]){-0.300624, -0.5921898333333334, -0.015003733333333328, -0.479231, 0.0180095,
         0.250699, -0.5737366666666667, 0.0, 0.0, 0.0, 0.0, 0.0, -0.3001199333333333, 0.0, 0.0, 0.0,
         0.0, 0.0, 0.20287225, 0.0, 0.0, 0.0, 0.0, 0.0, 0.15206125, 0.0, 0.0, 0.0, 0.0, 0.0, -0.256893,
         0.0, 0.0, 0.0, 0.0, 0.0, 0.2710065, 0.0, 0.0, 0.0, 0.0, 0.0, -0.124601, 0.0, 0.0, 0.0, 0.0,
         0.0}},
    {"gap 1e-3", 6, 5, 0, 0.34252, 7.9999999999999964, 1.18e-11,
     (const double[]){-0.3140585089420199, 0.7750062608635885, -3.977578288603409, 1.942509800597528,
         -4.626127143035706, 2.8167355989890446, 1.3185854126469967, 2.511225697773745,
         0.6976514003049314, 1.8967900875259363, -1.5791123293393423, -1.1399619171648059,
         -3.7727042518776175, -1.34450717017112, -0.3728819748570856, 3.024072967577715,
         -1.4797794508481326, -0.5321332794860778, -0.6900765423947729, -0.19846296322645637,
         -0.09784478463754187, 4.375654217334999, 1.8869523794969632, -0.11326661562528109,
         -0.8929157163432929, -5.682823356806122, -2.276221874485161, 3.835777108613356,
         -0.045017040476264966, -1.565128925646565},
     (const double[]){-1.610988, -0.81832, 0.561705, 1.52757, -0.282596, 0.778359},
     (const double[]){1.238439, -0.123841, 0.690147, 1.36266, 1.731003},
     (const double[]){67.14662074678778, 18.501269835570632, -59.62265935007165, 4.3571530522693775,
         -0.007343403811034149, -62.587643485606435, -22.851921344566087, 9.522429707250826,
         -1.1040821318186522, -22.63081917965748, 50.07550163102143, 15.470520394837012,
         -30.72348222147781, 2.367031660517835, 6.749099730710698, -13.428075553284797,
         -8.573209618805844, -28.103906682568, 1.6990078336865284, -19.674621797642985,
         -25.691126203186418, -8.102908119174703, 14.400869498038446, -1.1269558201634449,
         -4.131999193201004, 36.956194459369605, 25.35235142406786, 91.78196097780538,
         -5.6029188968612615, 61.24371249204762}},
    {"gap 1e-9", 6, 5, 0, 0.234917, 7.9999999999999964, 1.18e-05,
     (const double[]){6.022930424197646, -3.444842452693178, -2.7508870931981106, -0.988628837836532,
         1.9820347747348124, 2.237756928677876, 4.525431858006472, -0.4343235465631441,
         -1.3573927234235934, 0.3631919967719253, 1.6796630645035207, 0.7382106317528172,
         1.2189821744093892, 1.8040342553049593, 1.0559241113787, -1.7825505739394416,
         0.7690806639849068, -1.1008985847169377, 1.4257039916650471, 0.18483069597512944,
         -1.2008529321040604, -3.445250864343494, 2.1242404305103597, -1.9667930444651056,
         -2.1847920225152655, 0.6594973808026426, -3.264273188029323, 1.1898794955824947,
         5.011489999535494, -1.8808349944359959},
     (const double[]){0.9458, -0.74596, 0.211457, 0.062184, 1.418354, 0.122205},
     (const double[]){0.130853, -1.145537, -0.006124, -0.551797, -0.089581},
     (const double[]){-45990442.108330265, -45843927.307233654, 30459827.591593117, 34887522.27188628,
         -33355960.174084928, -37135859.22417337, 36587610.755691335, 9878338.316490903,
         -6184218.277478105, -6212584.866204559, -6369731.47910776, -4102741.192966915,
         3769505.32439703, 3783329.6588122128, -3987350.3282981226, 8670298.444321172, 8881193.82686932,
         -5790096.525379044, -6688458.958904508, 6355543.6489157155, 28358276.764117993,
         -22395135.7763001, -8652048.40976022, 2134635.7832597, 6305034.391758599, 35718482.59729544,
         -48349760.49772077, -6870303.830471493, 12089889.305657843, 2271058.5095545463}},
    {"gap 1e-5 below triplet 2", 5, 5, 1, 0.275111, 5.0, 2.02e-09,
     (const double[]){3.091924592775392, -3.6108683350689335, 2.918221318501827, -0.504584183066646,
         -1.9169419755479573, 3.510101428069653, 1.1110255238988591, 0.7875943732669023,
         3.185011578684676, -2.9261600251421767, -0.045874877483070856, -1.6909266758768884,
         0.0876406463068184, 4.188372163200948, 1.2850945233781639, 3.6672305524000426,
         1.023271039331735, -0.4915811326407151, 0.7472659926983091, -3.865080049842423,
         -0.9654642594693544, 1.2146110987803023, -0.6437377732898335, -1.3994288210156922,
         3.3160103515265935},
     (const double[]){0.222784, -1.66507, -0.164588, 1.127622, -1.272868},
     (const double[]){0.633418, -0.968873, -1.148444, 0.782869, -1.828598},
     (const double[]){45.15541743076701, -465.37126958605774, 316.94883863673914, -470.35505199664317,
         -10.322513671173668, -4.400124279981855, 295.556017181318, -178.0892662532689,
         128.22000161989178, -46.52930133307434, 96.14456194990471, 483.4367189004294,
         -192.52737602731975, -516.0294082711789, -302.06984901777605, -53.755695811319484,
         9.084880231371235, -56.72280936195562, 380.5112458008476, 115.81384560731391,
         -10.653673398936034, 8.414060372233244, -15.13265432171179, 77.5899968240549,
         21.69632544795825}},
    {"scaled 1e150", 5, 4, 0, 1.057706, 4.727167778980562e+150, 2.83e-14,
     (const double[]){-6.761275599999999e+149, -3.6384789e+149, 2.6125738999999997e+149,
         -1.6269298e+150, 8.4834076e+149, 1.2125466799999999e+150, 6.822078e+149,
         -2.1913618399999997e+150, 2.5710507e+149, -1.86308118e+150, 9.1467696e+149, -2.18737779e+150,
         -1.43103406e+150, 3.4609833e+149, -1.4427516600000001e+150, -2.7745795499999998e+150,
         -1.10311753e+150, 4.257974099999999e+149, -1.20193774e+150, -1.11634264e+150},
     (const double[]){-0.040587, 0.415692, -0.439124, -0.552904, -0.98694},
     (const double[]){0.01465, -0.203736, -0.938848, 0.546861},
     (const double[]){-0.09073795820729423, -0.00560435987215156, -0.05012177712897226,
         -0.3653306704621417, -0.09607864078439138, -0.005934223004586207, -0.053071860061567167,
         -0.3868334151256152, -0.10421093576730694, -0.0064365079200857465, -0.05756397212507167,
         -0.41957579590210514, -0.17085433057358212, -0.010552685702519228, -0.09437640925273137,
         -0.6878965360583733, -0.079635881496797, -0.004918648683106341, -0.043989218875004815,
         -0.32063130529787204}},
    {"scaled 1e-300", 5, 4, 0, 0.039214, 4.727167778980562e-300, 2.83e-14,
     (const double[]){-6.7612756e-301, -3.6384789e-301, 2.6125739e-301, -1.6269298e-300,
         8.483407600000001e-301, 1.21254668e-300, 6.8220780000000005e-301, -2.19136184e-300,
         2.5710507e-301, -1.86308118e-300, 9.1467696e-301, -2.1873777900000003e-300, -1.43103406e-300,
         3.4609833e-301, -1.4427516600000001e-300, -2.77457955e-300, -1.10311753e-300, 4.2579741e-301,
         -1.20193774e-300, -1.11634264e-300},
     (const double[]){-1.58588, 1.405506, 1.574747, 0.842663, -0.136282},
     (const double[]){-1.305131, 1.652659, 0.418463, 0.41399},
     (const double[]){4.295499925337372e+298, 1.6019932653216424e+299, 9.855271087455659e+298,
         4.217921604535072e+299, -1.3370790271065058e+299, 1.585607840727915e+299,
         5.37185436733814e+297, -2.7484428594272623e+299, -8.556443523395567e+298,
         1.7565424615999163e+299, 3.8671448634645683e+298, -5.8705693367055085e+298,
         -1.2523484538009546e+299, 2.8891543806380344e+299, 7.171448391982264e+298,
         -3.5659916414007543e+298, -3.811860480857437e+298, 1.359155958273337e+299,
         4.461421664934267e+298, 6.492517234318449e+298}},
};


static lsv_array *number(double x) { return vector_of(LSV_NUMPY, LSV_FLOAT64, 1, &x); }

/* |got - want| / |want|, Frobenius, scaled so that nothing over- or underflows. */
static double relative(const lsv_array *got, const double *want) {
    double top = 0, off = 0, all = 0;
    for (ptrdiff_t i = 0; i < got->size; i++) top = fmax(top, fabs(want[i]));
    for (ptrdiff_t i = 0; i < got->size; i++) off += pow((at(got, i) - want[i]) / top, 2), all += pow(want[i] / top, 2);
    return sqrt(off / all);
}

static void against_record(const recorded *c, lsv_svdgrad_method method, lsv_dtype t) {
    lsv_array *A = matrix_of(t == LSV_FLOAT64 ? LSV_NUMPY : LSV_TORCH, t, c->m, c->n, c->A), *G = NULL, *xi = number(c->xi);
    lsv_array *phi = vector_of(LSV_NUMPY, LSV_FLOAT64, c->m, c->phi), *psi = vector_of(LSV_NUMPY, LSV_FLOAT64, c->n, c->psi);
    lsv_svdgrad_options o = {.method = method, .index = c->index, .tol = (double)NAN, .diagnose = true};
    lsv_svdgrad_info info;
    double rtol = c->rtol, amplification = c->rtol / (16 * sqrt((double)(c->m + c->n)) * 0x1p-52);
    if (method == LSV_SVDGRAD_NUMERICAL) rtol = fmax(rtol, 60 * pow(0x1p-52 * amplification, 2.0 / 3));
    if (t == LSV_FLOAT32) rtol = 2 * rtol * 0x1p29;
    CHECK(lsv_svdgrad(A, xi, phi, psi, &o, &G, &info, &oops) == LSV_OK);
    if (!G) printf("%s, %s: %s\n", c->name, lsv_svdgrad_name(method), oops.message);
    else {
        double error = relative(G, c->G);
        if (error > rtol) printf("%s, %s: relative error %.3g, allowed %.3g\n", c->name, lsv_svdgrad_name(method), error, rtol);
        CHECK(error <= rtol);
        CHECK(t == LSV_FLOAT32 || fabs(info.sigma - c->sigma) <= 1e-14 * c->sigma);
        CHECK(t == LSV_FLOAT32 || error <= info.bound_relative);
        CHECK(G->dtype == t && info.u->size == c->m && info.v->size == c->n);
        lsv_svdgrad_info_free(&info);
    }
    lsv_release(A), lsv_release(G), lsv_release(phi), lsv_release(psi), lsv_release(xi);
}

/* ---- the first k triplets ---- */

/* One decomposition for all of them, and one method after the other, give the sum of single ones. */
static void blocks(void) {
    lsv_array *A = noise2(7, 5, 3), *phi = noise2(7, 3, 4), *psi = noise2(5, 3, 5), *xi = VECTOR(3, 0.5, -1, 2), *sum = NULL;
    if (lsv_zeros(LSV_NUMPY, LSV_FLOAT64, 2, (ptrdiff_t[]){7, 5}, &sum, NULL) != LSV_OK) return;
    for (ptrdiff_t t = 0; t < 3; t++) {
        lsv_array *x = number(at(xi, t)), *f = NULL, *g = NULL, *G = NULL;
        double column[7];
        for (ptrdiff_t i = 0; i < 7; i++) column[i] = at(phi, 3 * i + t);
        f = vector_of(LSV_NUMPY, LSV_FLOAT64, 7, column);
        for (ptrdiff_t i = 0; i < 5; i++) column[i] = at(psi, 3 * i + t);
        g = vector_of(LSV_NUMPY, LSV_FLOAT64, 5, column);
        lsv_svdgrad_options o = {.method = LSV_SVDGRAD_SVD, .index = t, .tol = (double)NAN};
        CHECK(lsv_svdgrad(A, x, f, g, &o, &G, NULL, &oops) == LSV_OK);
        for (ptrdiff_t i = 0; G && i < 35; i++) ((double *)(void *)sum->data)[i] += at(G, i);
        lsv_release(x), lsv_release(f), lsv_release(g), lsv_release(G);
    }
    for (int method = 0; method < LSV_NSVDGRAD; method++) {
        lsv_svdgrad_options o = {.method = (lsv_svdgrad_method)method, .tol = (double)NAN, .diagnose = true};
        lsv_array *G = NULL;
        lsv_svdgrad_info info = {0};
        CHECK(lsv_svdgrad(A, xi, phi, psi, &o, &G, &info, &oops) == LSV_OK);
        double error = G ? relative(G, (const double *)(const void *)sum->data) : 1;
        if (error > 1e-8) printf("block, %s: %.3g %s\n", lsv_svdgrad_name(o.method), error, G ? "" : oops.message);
        CHECK(error <= (method == LSV_SVDGRAD_NUMERICAL ? 1e-7 : 1e-12) && info.count == 3);
        lsv_svdgrad_info_free(&info);
        lsv_release(G);
    }
    lsv_release(A), lsv_release(phi), lsv_release(psi), lsv_release(xi), lsv_release(sum);
}

/* ---- signs, scales, warnings ---- */

static lsv_svdgrad_info asked;
static lsv_array *gradient(lsv_array *A, double x, lsv_array *phi, lsv_array *psi, lsv_svdgrad_options o) {
    lsv_array *G = NULL, *xi = number(x);
    lsv_svdgrad_info_free(&asked);
    o.diagnose = true;
    lsv_status status = lsv_svdgrad(A, xi, phi, psi, &o, &G, &asked, &oops);
    if (status != LSV_OK) asked = (lsv_svdgrad_info){0};
    lsv_release(xi);
    return G;
}

#define BY(m) ((lsv_svdgrad_options){.method = LSV_SVDGRAD_##m, .tol = (double)NAN})

static bool warned(const char *code) {
    for (int i = 0; i < asked.nwarnings; i++)
        if (strncmp(asked.warnings[i], code, strlen(code)) == 0) return true;
    return false;
}

static void signs(void) {
    lsv_array *A = noise2(6, 4, 8), *phi = noise2(6, 1, 9), *u0, *G = gradient(A, 0, phi, NULL, BY(SVD)), *H;
    double minus[6];
    for (ptrdiff_t i = 0; i < 6; i++) minus[i] = -at(asked.u, i);
    u0 = vector_of(LSV_NUMPY, LSV_FLOAT64, 6, minus);
    lsv_svdgrad_options o = BY(SVD);
    o.u0 = u0;
    H = gradient(A, 0, phi, NULL, o);
    for (ptrdiff_t i = 0; i < 24; i++) CHECK_NEAR(at(G, i), -at(H, i), 1e-14);
    lsv_release(A), lsv_release(phi), lsv_release(u0), lsv_release(G), lsv_release(H);
}

/* diag(1, 1 - gap, 0.5) turned by a rotation on either side, so that nothing is zero by luck. */
static lsv_array *with_gap(double gap) {
    double s[3] = {1, 1 - gap, 0.5}, c = 0.8, d = 0.6, U[3][3] = {{c, -d, 0}, {d * c, c * c, -d}, {d * d, c * d, c}}, V[3][3] = {{c, 0, d}, {-d * d, c, c * d}, {-c * d, -d, c * c}}, x[9];
    for (int i = 0; i < 9; i++) {
        x[i] = 0;
        for (int j = 0; j < 3; j++) x[i] += U[i / 3][j] * s[j] * V[i % 3][j];
    }
    return matrix_of(LSV_NUMPY, LSV_FLOAT64, 3, 3, x);
}

static void warnings(void) {
    lsv_array *phi = VECTOR(3, 1, 2, 3), *A, *G;
    G = gradient(A = with_gap(1e-9), 1, phi, NULL, BY(AUTO));
    CHECK(G && warned("W1") && strstr(asked.warnings[0], "refined"));
    lsv_release(G);
    G = gradient(A, 1, phi, NULL, BY(LSTSQ));
    CHECK(G && warned("W1") && !warned("W3"));
    lsv_release(G), lsv_release(A);
    G = gradient(A = with_gap(1e-2), 1, phi, NULL, BY(AUTO));
    CHECK(G && asked.nwarnings == 0);
    lsv_release(G);
    lsv_svdgrad_options o = BY(MIXED);
    o.as_written = true;
    G = gradient(A, 1, phi, phi, o);
    CHECK(G && warned("W5") && asked.rho_relative > 0.1 && asked.as_written);
    lsv_release(G);
    o = BY(ITERATIVE);
    o.tol = 1e-30;
    G = gradient(A, 1, phi, NULL, o);
    CHECK(G && warned("W4") && asked.products > 0);
    lsv_release(G), lsv_release(A);
    G = gradient(A = with_gap(0), 1, NULL, NULL, BY(AUTO));
    CHECK(G && warned("W2"));
    lsv_release(G), lsv_release(A);
    A = MATRIX(3, 3, 1, 0, 0, 0, 2e-5, 0, 0, 0, 1e-5);
    o = BY(BLOCK);
    o.index = 1;
    G = gradient(A, 1, phi, NULL, o);
    CHECK(G && warned("W3"));
    lsv_release(G);
    G = gradient(A, 1, phi, NULL, BY(FORWARD));
    CHECK(G && warned("W3"));
    lsv_release(G), lsv_release(A);
    G = gradient(A = with_gap(3e-15), 1, phi, NULL, BY(LSTSQ));
    CHECK(G && warned("W3"));
    lsv_release(G), lsv_release(A), lsv_release(phi);
    lsv_svdgrad_info_free(&asked);
}

/* ---- errors ---- */

static lsv_status status_of(lsv_array *A, lsv_array *phi, lsv_svdgrad_options o) {
    lsv_array *G = NULL, *xi = VECTOR(1, 1);
    lsv_status status = lsv_svdgrad(A, xi, phi, NULL, &o, &G, NULL, &oops);
    lsv_release(G);
    lsv_release(A);
    lsv_release(xi);
    return status;
}

static lsv_svdgrad_options at_index(lsv_svdgrad_method method, ptrdiff_t index) {
    return (lsv_svdgrad_options){.method = method, .index = index, .tol = (double)NAN};
}

static void errors_of(lsv_svdgrad_method method) {
    lsv_array *phi = VECTOR(2, 1, 2), *bad = VECTOR(2, 1, INFINITY);
    lsv_svdgrad_options o = at_index(method, 0);
    CHECK(status_of(MATRIX(2, 2, 1, NAN, 0, 1), phi, o) == LSV_ELINALG && strstr(oops.message, "nan"));         /* E1 */
    CHECK(status_of(MATRIX(2, 2, 1, 2, 0, 1), bad, o) == LSV_ELINALG && strstr(oops.message, "phi contains nan or inf"));
    CHECK(status_of(MATRIX(2, 2, 1, 2, 3, 4), phi, at_index(method, 2)) == LSV_EINDEX);                          /* E2 */
    CHECK(status_of(MATRIX(2, 2, 1, 2, 3, 4), phi, at_index(method, -1)) == LSV_EINDEX);
    CHECK(status_of(MATRIX(2, 2, 0, 0, 0, 0), phi, o) == LSV_ELINALG && strstr(oops.message, "A = 0"));          /* E3 */
    CHECK(status_of(MATRIX(2, 2, 1, 1, 1, 1), phi, at_index(method, 1)) == LSV_ELINALG && strstr(oops.message, "kink")); /* E4 */
    CHECK(status_of(MATRIX(2, 2, 1, 0, 0, 1), phi, o) == LSV_ELINALG && strstr(oops.message, "repeated"));       /* E5 */
    CHECK(status_of(MATRIX(2, 2, 1, 0, 0, 1), NULL, o) == LSV_OK);                                               /* W2 instead */
    CHECK(status_of(MATRIX(3, 2, 1, 2, 3, 4, 5, 6), phi, o) == LSV_EVALUE && oops.operand == 2);                 /* E7 */
    lsv_release(phi), lsv_release(bad);
}

static void errors(void) {
    lsv_svdgrad_method method;
    CHECK(lsv_svdgrad_find("bordered", &method, &oops) == LSV_OK && method == LSV_SVDGRAD_BORDERED);
    CHECK(lsv_svdgrad_find("fd", &method, &oops) == LSV_EVALUE && strstr(oops.hint, "krylov"));                  /* E8 */
    lsv_svdgrad_options o = BY(SVD);
    o.as_written = true;
    CHECK(status_of(MATRIX(2, 2, 1, 2, 3, 4), NULL, o) == LSV_EVALUE && strstr(oops.message, "as_written"));
    /* E6: the loss turns within a pair of equal values */
    lsv_array *A = MATRIX(3, 2, 1, 0, 0, 1, 0, 0), *phi = MATRIX(3, 2, 0, 1, -2, 0, 0, 0), *xi = VECTOR(2, 1, 1), *G = NULL;
    o = BY(AUTO);
    CHECK(lsv_svdgrad(A, xi, phi, NULL, &o, &G, NULL, &oops) == LSV_ELINALG && strstr(oops.message, "gauge"));
    lsv_release(A), lsv_release(phi), lsv_release(xi);
    /* E9: a cluster that products cannot separate in the precision there is */
    lsv_array *big = noise2(120, 120, 4);
    for (ptrdiff_t i = 0; i < big->size; i++) ((double *)(void *)big->data)[i] = i % 121 == 0 ? 1 - 3e-14 * (double)(i / 121) : 0;
    lsv_array *ones = noise2(120, 1, 6);
    lsv_status status = status_of(lsv_ref(big), ones, at_index(LSV_SVDGRAD_KRYLOV, 0));
    CHECK(status == LSV_ELINALG && (strstr(oops.message, "separate") || strstr(oops.message, "repeated")));
    lsv_release(big), lsv_release(ones);
}

static void out_of_memory(void) {
    lsv_array *A = noise2(5, 3, 1), *phi = noise2(5, 1, 2), *psi = noise2(3, 1, 3), *xi = VECTOR(1, 1), *G = NULL;
    for (int method = 0; method < LSV_NSVDGRAD; method++) {
        lsv_svdgrad_options o = at_index((lsv_svdgrad_method)method, 0);
        o.differences = o.diagnose = true;
        FAIL_EACH_ALLOCATION(status = lsv_svdgrad(A, xi, phi, psi, &o, &G, NULL, NULL), lsv_release(G));
    }
    lsv_svdgrad_options o = at_index(LSV_SVDGRAD_MIXED, 0);
    o.as_written = true;
    FAIL_EACH_ALLOCATION(status = lsv_svdgrad(A, xi, phi, psi, &o, &G, NULL, NULL), lsv_release(G));
    lsv_release(A), lsv_release(phi), lsv_release(psi), lsv_release(xi);
}

static void report(void) {
    lsv_array *A = noise2(6, 4, 8), *phi = noise2(6, 1, 9), *xi = VECTOR(1, 1), *G = NULL;
    lsv_svdgrad_options o = BY(AUTO);
    lsv_svdgrad_info info;
    lsv_text t = {0};
    o.diagnose = o.differences = true;
    CHECK(lsv_svdgrad(A, xi, phi, NULL, &o, &G, &info, &oops) == LSV_OK);
    lsv_svdgrad_report(&info, &t);
    CHECK(t.data && strstr(t.data, "cond(K) = inf") && strstr(t.data, "diff to autograd 0.0000%") && strstr(t.data, "bound"));
    CHECK(info.difference_central < 1e-7 && info.diff_autograd < 1e-13 && info.product_error < 1e-14 && info.xi_error < 1e-14);
    lsv_text_free(&t);
    lsv_svdgrad_info_free(&info);
    lsv_release(A), lsv_release(phi), lsv_release(xi), lsv_release(G);
}

int main(void) {
    for (int method = 0; method < LSV_NSVDGRAD; method++) {
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) against_record(&cases[i], (lsv_svdgrad_method)method, LSV_FLOAT64);
        against_record(&cases[0], (lsv_svdgrad_method)method, LSV_FLOAT32);
        errors_of((lsv_svdgrad_method)method);
    }
    blocks();
    signs();
    warnings();
    errors();
    out_of_memory();
    report();
    return check_done();
}
