/* How sure a chain of Li and Stephens is that the copied haplotype stayed, between neighbouring typed sites.
 *
 * The twin of the NumPy chain in app/imputation/fitting.py: the same figure but for rounding. Rows are states
 * (haplotypes of the panel), columns LANES targets side by side, so that plain inner loops become vector
 * code. Forward rows are kept at every `stride`-th site and made again on the way back.
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
    const uint8_t *panel;   /* [sites, size] of 0 and 1 */
    const float *one, *zero; /* [sites, LANES]: the chance of a target's allele beside allele 1 and 0 */
    const double *change;   /* [sites - 1] */
    double *stayed;         /* [sites - 1, LANES] */
    int64_t sites, size, stride;
} Chain;

/* to = (from * keep + drawn) * emission, and its sums; `from` may be `to`. */
FAST static void step(const uint8_t *panel, int64_t size, const float *one, const float *zero,
                      const float *from, float *to, const float *keep, float drawn, float *sums)
{
    float total[LANES] = {0};
    for (int64_t k = 0; k < size; k++) {
        const float *e = panel[k] ? one : zero;
        for (int n = 0; n < LANES; n++) {
            float x = (from[k * LANES + n] * keep[n] + drawn) * e[n];
            to[k * LANES + n] = x;
            total[n] += x;
        }
    }
    memcpy(sums, total, sizeof total);
}

FAST static void products(const float *one, const float *two, int64_t size, float *sums)
{
    float total[LANES] = {0};
    for (int64_t k = 0; k < size; k++)
        for (int n = 0; n < LANES; n++)
            total[n] += one[k * LANES + n] * two[k * LANES + n];
    memcpy(sums, total, sizeof total);
}

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
    step(c->panel + at * c->size, c->size, c->one + at * LANES, c->zero + at * LANES, at ? before : row, row,
         keep, drawn, row + cells);
}

/* `kept` has room for the rows at strides, `some` for those between two of them, `back` for one. */
static void run(const Chain *c, float *kept, float *some, float *back)
{
    int64_t cells = c->size * LANES, wide = cells + LANES, last = c->sites - 1;
    float *row = some;
    memset(some, 0, (size_t)wide * 4);
    for (int64_t at = 0; at <= last; at++) {
        float *to = at % c->stride ? some + (at % c->stride) * wide : kept + at / c->stride * wide;
        if (!at)
            memset(to, 0, (size_t)wide * 4);
        forward(c, at, row, to);
        row = to;
    }
    float keep[LANES] = {0}, drawn = 1.0f / (float)c->size, sums[LANES];
    memset(back, 0, (size_t)wide * 4);
    for (int64_t block = last / c->stride; block >= 0; block--) {
        int64_t first = block * c->stride, stop = first + c->stride < c->sites ? first + c->stride : c->sites;
        memcpy(some, kept + block * wide, (size_t)wide * 4);
        for (int64_t at = first + 1; at < stop && block < last / c->stride; at++)
            forward(c, at, some + (at - first - 1) * wide, some + (at - first) * wide);
        for (int64_t at = stop - 1; at >= first; at--) {
            const float *ahead = some + (at - first) * wide;
            if (at < last) {
                products(ahead, back, c->size, sums);
                for (int n = 0; n < LANES; n++)
                    c->stayed[at * LANES + n] = (1.0 - c->change[at]) * (double)sums[n] /
                                                ((double)ahead[cells + n] * (double)back[cells + n]);
                keeping(back + cells, c->change[at], keep);
                drawn = (float)(c->change[at] / (double)c->size);
            }
            step(c->panel + at * c->size, c->size, c->one + at * LANES, c->zero + at * LANES, back, back, keep,
                 drawn, back + cells);
        }
    }
}

static int computed(const Chain *c)
{
    size_t wide = (size_t)(c->size + 1) * LANES, rows = (size_t)((c->sites - 1) / c->stride + 1);
    float *kept = malloc(rows * wide * 4), *some = malloc((size_t)c->stride * wide * 4);
    float *back = malloc(wide * 4);
    int there = kept && some && back;
    if (there)
        run(c, kept, some, back);
    free(kept);
    free(some);
    free(back);
    return there;
}

static PyObject *switches_stayed(PyObject *module, PyObject *args)
{
    Py_buffer panel, one, zero, change, stayed;
    Py_ssize_t sites, size, stride;
    int fits = 0, done = 0;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*y*y*y*w*nnn:stayed", &panel, &one, &zero, &change, &stayed, &sites, &size,
                          &stride))
        return NULL;
    if (sites >= 2 && size >= 1 && stride >= 1 && stride <= sites && sites <= (Py_ssize_t)1 << 24 &&
        size <= (Py_ssize_t)1 << 24)
        fits = panel.len >= sites * size && one.len / 4 >= sites * LANES && zero.len / 4 >= sites * LANES &&
               change.len / 8 >= sites - 1 && stayed.len / 8 >= (sites - 1) * LANES;
    if (fits) {
        Chain chain = {panel.buf, one.buf, zero.buf, change.buf, stayed.buf, sites, size, stride};
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
     "stayed(panel, one, zero, change, stayed, sites, size, stride): of 8 targets between their sites."},
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
