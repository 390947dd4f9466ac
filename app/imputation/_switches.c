/* How sure a chain of Li and Stephens is that the copied haplotype stayed, between neighbouring typed sites.
 *
 * The twin of the NumPy chain in app/imputation/fitting.py: the same figure but for rounding. Rows are states
 * (haplotypes of the panel), columns LANES targets side by side, for vector code. Forward rows are kept at
 * few sites and made again on the way back, each `times` times at most: with three, 17 rows are enough for
 * 1,000 sites.
 */
#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__linux__)
#define FAST __attribute__((target_clones("avx2", "default")))
#else
#define FAST
#endif

enum { LANES = 8 };

typedef struct {
    const uint8_t *panel;   /* [sites, width]: haplotype k is bit k % 8 of byte k / 8 */
    const float *one, *zero; /* [sites, LANES]: the chance of a target's allele beside allele 1 and 0 */
    const double *change;   /* [sites - 1] */
    double *stayed;         /* [sites - 1, LANES] */
    int64_t sites, size, times, width;
} Chain;

#if defined(__GNUC__) || defined(__clang__)

/* The targets of a state. Loops over LANES were scalar code with GCC, which took three times as long. */
typedef float Lanes __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

/* to = (from * keep + drawn) * emission, and its sums; `from` may be `to`. */
FAST static void step(const uint8_t *panel, int64_t size, const float *one, const float *zero,
                      const float *from, float *to, const float *keep, float drawn, float *sums)
{
    const Lanes emission[2] = {*(const Lanes *)zero, *(const Lanes *)one};
    const Lanes stay = *(const Lanes *)keep, come = (Lanes){0} + drawn;
    Lanes total = {0};
    for (int64_t k = 0; k < size; k++) {
        Lanes x = ((const Lanes *)from)[k] * stay + come;
        x *= emission[panel[k >> 3] >> (k & 7) & 1];
        ((Lanes *)to)[k] = x;
        total += x;
    }
    *(Lanes *)sums = total;
}

FAST static void products(const float *one, const float *two, int64_t size, float *sums)
{
    Lanes total = {0};
    for (int64_t k = 0; k < size; k++)
        total += ((const Lanes *)one)[k] * ((const Lanes *)two)[k];
    *(Lanes *)sums = total;
}

#else

static void step(const uint8_t *panel, int64_t size, const float *one, const float *zero, const float *from,
                 float *to, const float *keep, float drawn, float *sums)
{
    float total[LANES] = {0};
    for (int64_t k = 0; k < size; k++) {
        const float *e = panel[k >> 3] >> (k & 7) & 1 ? one : zero;
        for (int n = 0; n < LANES; n++) {
            float x = (from[k * LANES + n] * keep[n] + drawn) * e[n];
            to[k * LANES + n] = x;
            total[n] += x;
        }
    }
    memcpy(sums, total, sizeof total);
}

static void products(const float *one, const float *two, int64_t size, float *sums)
{
    float total[LANES] = {0};
    for (int64_t k = 0; k < size; k++)
        for (int n = 0; n < LANES; n++)
            total[n] += one[k * LANES + n] * two[k * LANES + n];
    memcpy(sums, total, sizeof total);
}

#endif

/* What a row of the sums `sums` is multiplied with so that it sums to 1, and stays with a chance. */
static void keeping(const float *sums, double change, float *keep)
{
    for (int n = 0; n < LANES; n++)
        keep[n] = (float)((1.0 - change) / sums[n]);
}

/* A forward row from the one before; both with their sums behind them. */
static void forward(const Chain *c, int64_t at, const float *before, float *row)
{
    float keep[LANES] = {0}, drawn = 1.0f / (float)c->size;
    int64_t cells = c->size * LANES;
    if (at) {
        keeping(before + cells, c->change[at - 1], keep);
        drawn = (float)(c->change[at - 1] / (double)c->size);
    }
    step(c->panel + at * c->width, c->size, c->one + at * LANES, c->zero + at * LANES, at ? before : row, row,
         keep, drawn, row + cells);
}

/* One site further back; `ahead` is its forward row. */
static void way_back(const Chain *c, const float *ahead, int64_t at, float *back)
{
    int64_t cells = c->size * LANES;
    float keep[LANES] = {0}, drawn = 1.0f / (float)c->size, sums[LANES];
    if (at < c->sites - 1) {
        products(ahead, back, c->size, sums);
        for (int n = 0; n < LANES; n++)
            c->stayed[at * LANES + n] =
                (1.0 - c->change[at]) * (double)sums[n] /
                ((double)ahead[cells + n] * (double)back[cells + n]);
        keeping(back + cells, c->change[at], keep);
        drawn = (float)(c->change[at] / (double)c->size);
    }
    step(c->panel + at * c->width, c->size, c->one + at * LANES, c->zero + at * LANES, back, back, keep,
         drawn, back + cells);
}

/* How many sites can be gone back over with so many rows to keep when each is made `times` times at most. */
static int64_t reach(int64_t rows, int64_t times)
{
    int64_t sites = 1;
    for (int64_t i = 1; i <= times; i++)
        sites = sites * (rows + i) / i;
    return sites;
}

static int64_t rows_for(int64_t sites, int64_t times)
{
    int64_t rows = 1;
    while (reach(rows, times) < sites)
        rows++;
    return rows;
}

typedef struct {
    float *kept; /* forward rows of sites, each further on than the one before */
    float *row, *back;
} Rows;

/* The way back over the sites from `first` to before `stop`; `kept` has the forward row of the first one and
 * room for `rows` more. Where rows are kept is told by Griewank and Walther (revolve, 2000). */
static void run(const Chain *c, const Rows *r, float *kept, int64_t rows, int64_t first, int64_t stop)
{
    int64_t wide = (c->size + 1) * LANES, times = 1;
    while (stop - first > 1) {
        while (times > 1 && reach(rows, times - 1) >= stop - first)
            times--;
        while (reach(rows, times) < stop - first)
            times++;
        int64_t behind = rows > 1 ? reach(rows - 1, times) : 1;
        int64_t middle = stop - behind > first ? stop - behind : first + 1;
        const float *before = kept;
        for (int64_t at = first + 1; at <= middle; at++) {
            float *to = at == middle ? kept + wide : r->row;
            forward(c, at, before, to);
            before = to;
        }
        run(c, r, kept + wide, rows - 1, middle, stop);
        stop = middle;
    }
    way_back(c, kept, first, r->back);
}

static int computed(const Chain *c)
{
    size_t wide = (size_t)(c->size + 1) * LANES;
    int64_t kept = rows_for(c->sites, c->times);
    float *rows = malloc(((size_t)kept + 3) * wide * 4);
    if (rows == NULL)
        return 0;
    Rows r = {.row = rows, .back = rows + wide, .kept = rows + 2 * wide};
    memset(r.kept, 0, wide * 4);
    memset(r.back, 0, wide * 4);
    forward(c, 0, r.kept, r.kept);
    run(c, &r, r.kept, kept, 0, c->sites);
    free(rows);
    return 1;
}

static PyObject *switches_stayed(PyObject *module, PyObject *args)
{
    Py_buffer panel, one, zero, change, stayed;
    Py_ssize_t sites, size, times;
    int fits = 0, done = 0;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*y*y*y*w*nnn:stayed", &panel, &one, &zero, &change, &stayed, &sites, &size,
                          &times))
        return NULL;
    if (sites >= 2 && size >= 1 && times >= 1 && times <= 8 && sites <= (Py_ssize_t)1 << 24 &&
        size <= (Py_ssize_t)1 << 24)
        fits = panel.len >= sites * ((size + 7) / 8) && one.len / 4 >= sites * LANES && zero.len / 4 >= sites * LANES &&
               change.len / 8 >= sites - 1 && stayed.len / 8 >= (sites - 1) * LANES;
    if (fits) {
        Chain chain = {panel.buf, one.buf, zero.buf, change.buf, stayed.buf, sites, size, times,
                       (size + 7) / 8};
        Py_BEGIN_ALLOW_THREADS
        done = computed(&chain);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&panel);
    PyBuffer_Release(&one);
    PyBuffer_Release(&zero);
    PyBuffer_Release(&change);
    PyBuffer_Release(&stayed);
    if (!fits)
        PyErr_SetString(PyExc_ValueError, "the arrays do not fit");
    else if (!done)
        PyErr_NoMemory();
    if (!done)
        return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef module_methods[] = {
    {"stayed", switches_stayed, METH_VARARGS,
     "stayed(panel, one, zero, change, stayed, sites, size, times): of 8 targets between their sites."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot module_slots[] = {
    {0, NULL},
};

static struct PyModuleDef module_def = {
    PyModuleDef_HEAD_INIT,
    .m_name = "app.imputation._switches",
    .m_doc = "How often the copied haplotype changes.",
    .m_size = 0,
    .m_methods = module_methods,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__switches(void)
{
    return PyModuleDef_Init(&module_def);
}
