/* Kernels of phasing: neighbours by positional Burrows-Wheeler transforms, and two-chain Li-Stephens walks.
 *
 * Alleles lie in words: bit s % 32 of words[s / 32][h] is the allele of haplotype h at typed site s, so that a
 * sweep over the sites reads one row of words for 32 sites. The states of a walk are slots: each holds one
 * haplotype after another along the chromosome. The twin in NumPy is numpy_walks.py. Every size is checked before
 * memory is touched. Only the limited API of Python 3.11 is used.
 */
#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>
#include "_phasing.h"

static PyObject *ended(Py_buffer *views, int count, int good, int fine)
{
    for (int i = 0; i < count; i++)
        PyBuffer_Release(&views[i]);
    if (!good)
        PyErr_SetString(PyExc_ValueError, "sizes of the arrays do not fit");
    else if (!fine)
        PyErr_NoMemory();
    if (!good || !fine)
        return NULL;
    Py_RETURN_NONE;
}

/* Whether numbers from outside are so small that no product of them and the length of an array overflows. */
static int possible(int64_t sites, int64_t haplotypes, int64_t panel, int64_t most)
{
    return sites > 0 && sites < INT32_MAX && haplotypes > 0 && haplotypes < INT32_MAX / 8 && panel >= 0 &&
           panel <= haplotypes && most > 0 && most <= 1024;
}

/* Whether the numbers of a walk make sense together; its steps must be sites. */
static int fits(const Walk *w, int64_t first, int64_t stop)
{
    int good = w->panel > 0 && (w->haplotypes - w->panel) % 2 == 0 && w->states > 0 && w->states % LANES == 0 &&
               w->states < 1 << 20 && first >= 0 && first <= stop && stop <= (w->haplotypes - w->panel) / 2;
    for (int64_t i = 0; good && i < w->count; i++)
        good = w->steps[i] >= 0 && w->steps[i] < w->sites;
    return good;
}

static PyObject *py_neighbours(PyObject *module, PyObject *args)
{
    Py_buffer v[3];
    Py_ssize_t sites, haplotypes, panel, most;
    int backward, fine = 0;
    if (!PyArg_ParseTuple(args, "y*y*w*nnnni", &v[0], &v[1], &v[2], &sites, &haplotypes, &panel, &most, &backward))
        return NULL;
    Py_ssize_t count = v[1].len / 8;
    int good = possible(sites, haplotypes, panel, most) && v[0].len == (sites + 31) / 32 * haplotypes * 4 &&
               v[2].len == count * (haplotypes - panel) * most * 4;
    if (good) {
        Sweep s = {v[0].buf, sites, haplotypes, panel, v[1].buf, count, most, v[2].buf};
        Py_BEGIN_ALLOW_THREADS
        fine = sweep(&s, backward);
        Py_END_ALLOW_THREADS
    }
    return ended(v, 3, good, fine);
}

static PyObject *py_kin(PyObject *module, PyObject *args)
{
    Py_buffer v[6];
    Py_ssize_t sites, haplotypes, panel, most, stride, first, stop;
    int fine = 0;
    if (!PyArg_ParseTuple(args, "y*y*y*y*w*w*nnnnnnn", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &sites, &haplotypes,
                          &panel, &most, &stride, &first, &stop))
        return NULL;
    if (!possible(sites, haplotypes, panel, most))
        return ended(v, 6, 0, 0);
    Py_ssize_t width = (sites + 31) / 32, people = (haplotypes - panel) / 2, count = v[1].len / 8;
    int good = panel > 0 && (haplotypes - panel) % 2 == 0 && stride > 0 && stride <= panel && first >= 0 &&
               first <= stop && stop <= people && v[0].len == width * haplotypes * 4 && v[2].len == people * width * 4 &&
               v[3].len == v[2].len && v[4].len == count * 2 * people * most * 4 && v[5].len == v[4].len;
    if (good) {
        Kin k = {v[0].buf, sites, haplotypes, panel, width, v[2].buf, v[3].buf, v[1].buf, count, most, stride,
                 v[4].buf, v[5].buf};
        Py_BEGIN_ALLOW_THREADS
        fine = kin(&k, first, stop);
        Py_END_ALLOW_THREADS
    }
    return ended(v, 6, good, fine);
}

enum { WORDS, STEPS, BEFORE, AFTER, CHANGE, HET, MISSING, PLACES, OUT, VOTES, ARRAYS };

/* Whether the places are those of the heterozygous genotypes, and the votes have room for them. */
static int counted(const Py_buffer *het, const Py_buffer *places, const Py_buffer *votes, int64_t people,
                   int64_t width)
{
    const int64_t *place = places->buf;
    const uint32_t *word = het->buf;
    int64_t n = 0;
    for (int64_t p = 0; p < people; p++) {
        if (place[p] != n)
            return 0;
        for (int64_t at = 0; at < width; at++)
            for (uint32_t x = word[p * width + at]; x; x &= x - 1)
                n++;
    }
    return place[people] == n && votes->len == 2 * n * 4;
}

static PyObject *py_walk(PyObject *module, PyObject *args)
{
    Py_buffer v[ARRAYS];
    Py_ssize_t sites, haplotypes, panel, most, states, first, stop;
    unsigned long long seed;
    float error;
    int flags, fine = 0;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*y*y*y*w*w*nnnnnnnKfi", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6],
                          &v[7], &v[8], &v[9], &sites, &haplotypes, &panel, &most, &states, &first, &stop, &seed,
                          &error, &flags))
        return NULL;
    if (!possible(sites, haplotypes, panel, most))
        return ended(v, ARRAYS, 0, 0);
    Py_ssize_t width = (sites + 31) / 32, people = (haplotypes - panel) / 2, count = v[STEPS].len / 8;
    Walk w = {v[WORDS].buf, sites, haplotypes, panel, width, v[STEPS].buf, count, most, v[BEFORE].buf, v[AFTER].buf,
              v[CHANGE].buf, v[HET].buf, v[MISSING].buf, v[OUT].buf, v[PLACES].buf, v[VOTES].buf, states, seed,
              error, flags};
    int good = fits(&w, first, stop) && v[WORDS].len == width * haplotypes * 4 &&
               v[BEFORE].len == count * 2 * people * most * 4 && v[AFTER].len == v[BEFORE].len &&
               v[CHANGE].len == sites * 4 && v[HET].len == people * width * 4 && v[MISSING].len == v[HET].len &&
               v[OUT].len == width * 2 * people * 4 && v[PLACES].len == (people + 1) * 8 &&
               counted(&v[HET], &v[PLACES], &v[VOTES], people, width);
    if (good) {
        Py_BEGIN_ALLOW_THREADS
        fine = walk_people(&w, first, stop);
        Py_END_ALLOW_THREADS
    }
    return ended(v, ARRAYS, good, fine);
}

static PyMethodDef methods[] = {
    {"neighbours", py_neighbours, METH_VARARGS, "Sweep along the sites and pick the nearest haplotypes."},
    {"kin", py_kin, METH_VARARGS, "Pick haplotypes that people of unknown phase could have."},
    {"walk", py_walk, METH_VARARGS, "One pass of phasing over some people."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_phasing", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__phasing(void)
{
    return PyModule_Create(&definition);
}
