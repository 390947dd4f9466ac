/* Imputation by the Li-Stephens model, exact, with haplotypes folded into groups (see _li_stephens_lanes.h).
 *
 * The twin of app/imputation/built_in/numpy_kernel.py, which gives the same answers. The vector code is
 * compiled for several kinds of machine and the best that the present one knows is taken, so a wheel for all
 * machines uses what each has. What comes from outside is compared with the sizes of the buffers here and in
 * _li_stephens_plan.c; the vector code trusts both. Only the limited API of Python 3.11 is used.
 */
#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>
#include <stdlib.h>
#include <string.h>
#include "_li_stephens_job.h"

#if defined(__x86_64__) || defined(_M_X64)
#define ON_X86 1
#include <immintrin.h>
#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#else
#include <cpuid.h>
#endif
#endif

/* ---- The vector code for each kind of machine --------------------------------------------------------- */

#if defined(ON_X86) && (defined(LI_STEPHENS_INTRINSICS) || (defined(_MSC_VER) && !defined(__clang__)))

#define NAME(x) x##_sse2
#define LANES 4
#define V __m128
#define SPLAT(x) _mm_set1_ps(x)
#define ADD(a, b) _mm_add_ps(a, b)
#define SUB(a, b) _mm_sub_ps(a, b)
#define MUL(a, b) _mm_mul_ps(a, b)
#define DIV(a, b) _mm_div_ps(a, b)
#define MULADD(a, b, c) _mm_add_ps(_mm_mul_ps(a, b), c)
#include "_li_stephens_lanes.h"
#include "_li_stephens_undo.h"
#define NAME(x) x##_avx2
#define LANES 8
#define V __m256
#define SPLAT(x) _mm256_set1_ps(x)
#define ADD(a, b) _mm256_add_ps(a, b)
#define SUB(a, b) _mm256_sub_ps(a, b)
#define MUL(a, b) _mm256_mul_ps(a, b)
#define DIV(a, b) _mm256_div_ps(a, b)
#define MULADD(a, b, c) _mm256_fmadd_ps(a, b, c)
#include "_li_stephens_lanes.h"
#include "_li_stephens_undo.h"
#define HAS_SSE2 1
#define HAS_AVX2 1

#elif defined(__GNUC__) || defined(__clang__)

#define ADD(a, b) ((a) + (b))
#define SUB(a, b) ((a) - (b))
#define MUL(a, b) ((a) * (b))
#define DIV(a, b) ((a) / (b))
#define MULADD(a, b, c) ((a) * (b) + (c))
#define SPLAT(x) ((V){0} + (float)(x))

typedef float Four __attribute__((vector_size(16), may_alias));
#define NAME(x) x##_four
#define LANES 4
#define V Four
#include "_li_stephens_lanes.h"
#undef NAME
#undef LANES
#undef V
#define HAS_FOUR 1

#ifdef ON_X86
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
typedef float Eight __attribute__((vector_size(32), may_alias));
#define NAME(x) x##_avx2
#define LANES 8
#define V Eight
#include "_li_stephens_lanes.h"
#undef NAME
#undef LANES
#undef V
#define HAS_AVX2 1
#ifdef __clang__
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx512f,fma"))), apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,fma")
#endif
typedef float Sixteen __attribute__((vector_size(64), may_alias));
#define NAME(x) x##_avx512
#define LANES 16
#define V Sixteen
#include "_li_stephens_lanes.h"
#undef NAME
#undef LANES
#undef V
#define HAS_AVX512 1
#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif

#else /* any other compiler: one lane */

#define NAME(x) x##_plain
#define LANES 1
#define V float
#define SPLAT(x) ((float)(x))
#define ADD(a, b) ((a) + (b))
#define SUB(a, b) ((a) - (b))
#define MUL(a, b) ((a) * (b))
#define DIV(a, b) ((a) / (b))
#define MULADD(a, b, c) ((a) * (b) + (c))
#include "_li_stephens_lanes.h"
#define HAS_PLAIN 1
#endif

static const Machine machines[] = {
#ifdef HAS_AVX512
    {"avx512", 16, scratch_avx512, impute_avx512},
#endif
#ifdef HAS_AVX2
    {"avx2", 8, scratch_avx2, impute_avx2},
#endif
#ifdef HAS_SSE2
    {"sse2", 4, scratch_sse2, impute_sse2},
#endif
#ifdef HAS_FOUR
    {"four", 4, scratch_four, impute_four},
#endif
#ifdef HAS_PLAIN
    {"plain", 1, scratch_plain, impute_plain},
#endif
};
enum { MACHINES = sizeof machines / sizeof *machines };

#ifdef ON_X86
enum { FMA = 1 << 12, SAVES = 1 << 27, AVX2 = 1 << 5, AVX512F = 1 << 16 }; /* of cpuid */

/* What the processor says of itself, and which registers the system saves. */
static void ask_processor(uint32_t *first, uint32_t *seventh, uint32_t *saved)
{
    uint32_t id[4] = {0};
#if defined(_MSC_VER) && !defined(__clang__)
    __cpuid((int *)id, 1);
    *first = id[2];
    *saved = *first & SAVES ? (uint32_t)_xgetbv(0) : 0;
    __cpuidex((int *)id, 7, 0);
#else
    __get_cpuid(1, id, id + 1, id + 2, id + 3);
    *first = id[2];
    *saved = 0;
    if (*first & SAVES)
        __asm__ volatile("xgetbv" : "=a"(*saved) : "c"(0) : "edx");
    id[1] = 0;
    __get_cpuid_count(7, 0, id, id + 1, id + 2, id + 3);
#endif
    *seventh = id[1];
}

static int knows(uint32_t instructions, uint32_t registers)
{
    uint32_t first, seventh, saved;
    ask_processor(&first, &seventh, &saved);
    return (first & FMA) && (seventh & instructions) == instructions && (saved & registers) == registers;
}
#endif

static int runs_here(const Machine *machine)
{
#ifdef HAS_AVX512
    if (strcmp(machine->name, "avx512") == 0)
        return knows(AVX2 | AVX512F, 0xe6);
#endif
#ifdef ON_X86
    if (strcmp(machine->name, "avx2") == 0)
        return knows(AVX2, 6);
#endif
    return machine->name != NULL;
}

static const Machine *machine_called(const char *name)
{
    for (int i = 0; i < MACHINES; i++)
        if (runs_here(machines + i) && (*name == 0 || strcmp(machines[i].name, name) == 0))
            return machines + i;
    PyErr_SetString(PyExc_ValueError, "this machine has no such vector unit");
    return NULL;
}

/* ---- Python -------------------------------------------------------------------------------------------- */

static const char *const CAPSULE = "haplodesk.li_stephens.plan";

static void end_plan(PyObject *capsule)
{
    free_plan(PyCapsule_GetPointer(capsule, CAPSULE));
}

static void release(Py_buffer *views, int count)
{
    for (int i = 0; i < count; i++)
        PyBuffer_Release(views + i);
}

static size_t items(const Py_buffer *view, size_t width)
{
    return (size_t)view->len / width;
}

static int rising(const int64_t *values, size_t count, int64_t least, int64_t limit, int equal)
{
    for (size_t i = 0; i < count; i++)
        if (values[i] < least || values[i] >= limit || (i > 0 && values[i] < values[i - 1] + !equal))
            return 0;
    return 1;
}

static int typed_ok(const int64_t *typed, size_t count, int64_t rows)
{
    size_t begin = count > 0 && typed[0] == -1,
           end = count > begin && typed[count - 1] == -1 ? count - 1 : count;
    return count > 0 && count < UINT32_MAX && rising(typed + begin, end - begin, 0, rows, 0);
}

/* plan(haplotypes, form, start, count, carriers, bits, typed, untyped, after, border_cost) */
static PyObject *py_plan(PyObject *self, PyObject *args)
{
    enum { FORM, START, COUNT, CARRIERS, BITS, TYPED, UNTYPED, AFTER, VIEWS };
    Py_buffer v[VIEWS];
    Py_ssize_t haplotypes;
    double border_cost;
    (void)self;
    if (!PyArg_ParseTuple(args, "ny*y*y*y*y*y*y*y*d", &haplotypes, v, v + 1, v + 2, v + 3, v + 4, v + 5,
                          v + 6, v + 7, &border_cost))
        return NULL;
    size_t rows = items(v + FORM, 1), typed = items(v + TYPED, 8), untyped = items(v + UNTYPED, 8);
    const char *why = "the sizes of the arrays do not fit";
    Plan *plan = NULL;
    if (haplotypes > 0 && haplotypes < 1 << 24 && items(v + START, 8) == rows &&
        items(v + COUNT, 8) == rows && items(v + AFTER, 8) == untyped &&
        typed_ok(v[TYPED].buf, typed, (int64_t)rows) &&
        rising(v[UNTYPED].buf, untyped, 0, (int64_t)rows, 0) && untyped < UINT32_MAX &&
        rising(v[AFTER].buf, untyped, 0, (int64_t)typed - 1, 1)) {
        Stretch stretch = {(size_t)haplotypes,     rows,         v[FORM].buf,
                           v[START].buf,           v[COUNT].buf, v[CARRIERS].buf,
                           items(v + CARRIERS, 4), v[BITS].buf,  items(v + BITS, 1)};
        Py_BEGIN_ALLOW_THREADS plan = make_plan(&stretch, v[TYPED].buf, typed, v[UNTYPED].buf, v[AFTER].buf,
                                                untyped, border_cost, &why);
        Py_END_ALLOW_THREADS
    }
    release(v, VIEWS);
    if (plan == NULL) {
        if (strcmp(why, "memory") == 0)
            return PyErr_NoMemory();
        PyErr_SetString(PyExc_ValueError, why);
        return NULL;
    }
    PyObject *capsule = PyCapsule_New(plan, CAPSULE, end_plan);
    if (capsule == NULL)
        free_plan(plan);
    return capsule;
}

/* facts(plan): blocks, most groups of one, groups, their rows, runs, pieces, exceptions, words, bytes */
static PyObject *py_facts(PyObject *self, PyObject *capsule)
{
    (void)self;
    const Plan *plan = PyCapsule_GetPointer(capsule, CAPSULE);
    if (plan == NULL)
        return NULL;
    size_t bytes = plan->block_count * sizeof(Block) + plan->piece_count * sizeof(Piece) +
                   plan->run_count * (plan->is_short ? sizeof(ShortRun) : sizeof(LongRun)) +
                   plan->allele_count + plan->size_count * sizeof(float) +
                   (plan->word_count + plan->loner_count) * (plan->is_short ? 2 : 4) + plan->sites * 5 +
                   plan->typed * 8;
    return Py_BuildValue("nInnnnnnn", (Py_ssize_t)plan->block_count, (unsigned)plan->most_groups,
                         (Py_ssize_t)plan->size_count, (Py_ssize_t)plan->allele_count,
                         (Py_ssize_t)plan->run_count, (Py_ssize_t)plan->piece_count,
                         (Py_ssize_t)plan->exceptions, (Py_ssize_t)plan->word_count, (Py_ssize_t)bytes);
}

static int rows_below(const Py_buffer *view, size_t count, size_t limit)
{
    const int64_t *rows = view->buf;
    if (items(view, 8) != count)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (rows[i] < -1 || (rows[i] >= 0 && (uint64_t)rows[i] >= limit))
            return 0;
    return 1;
}

static int all_wanted(const Py_buffer *view)
{
    const int64_t *rows = view->buf;
    for (size_t i = 0; i < items(view, 8); i++)
        if (rows[i] < 0)
            return 0;
    return 1;
}

static int run_machine(const Machine *machine, const Job *job)
{
    size_t bytes = machine->scratch(job);
    char *memory = malloc(bytes + 64);
    if (memory == NULL)
        return 0;
#ifdef ON_X86
    unsigned before = _mm_getcsr();
    _mm_setcsr(before | 0x8040); /* what is too small for a float is 0: it would be slow */
#endif
    machine->impute(job, memory + (64 - (uintptr_t)memory % 64));
#ifdef ON_X86
    _mm_setcsr(before);
#endif
    free(memory);
    return 1;
}

/* impute(plan, machine, error, switches, left, right, target_row, typed_row, site_row, targets, columns,
 *        imputed, left_out, stride) */
static PyObject *py_impute(PyObject *self, PyObject *args)
{
    enum { SWITCHES, LEFT, RIGHT, TARGET_ROW, TYPED_ROW, SITE_ROW, TARGETS, IMPUTED, LEFT_OUT, VIEWS };
    Py_buffer v[VIEWS];
    PyObject *capsule;
    const char *name;
    double error;
    Py_ssize_t columns, stride;
    (void)self;
    if (!PyArg_ParseTuple(args, "Osdy*y*y*y*y*y*y*nw*w*n", &capsule, &name, &error, v, v + 1, v + 2, v + 3,
                          v + 4, v + 5, v + 6, &columns, v + 7, v + 8, &stride))
        return NULL;
    const Plan *plan = PyCapsule_GetPointer(capsule, CAPSULE);
    const Machine *machine = plan == NULL ? NULL : machine_called(name);
    if (machine == NULL) {
        release(v, VIEWS);
        return NULL;
    }
    size_t many = columns > 0 ? (size_t)columns : 1, target_rows = items(v + TARGETS, 1) / many;
    int fits = columns > 0 && stride > 0 && (size_t)stride <= plan->block_count &&
               items(v + SWITCHES, 4) == plan->typed &&
               items(v + LEFT, 4) == plan->sites && items(v + RIGHT, 4) == plan->sites &&
               rows_below(v + TARGET_ROW, plan->typed, target_rows) &&
               rows_below(v + TYPED_ROW, plan->typed, items(v + IMPUTED, 4) / many) &&
               rows_below(v + SITE_ROW, plan->sites, items(v + IMPUTED, 4) / many) &&
               all_wanted(v + SITE_ROW) && items(v + LEFT_OUT, 4) == target_rows * many;
    int done = 1;
    if (fits) {
        Job job = {plan,
                   error,
                   v[SWITCHES].buf,
                   v[LEFT].buf,
                   v[RIGHT].buf,
                   v[TARGET_ROW].buf,
                   v[TYPED_ROW].buf,
                   v[SITE_ROW].buf,
                   v[TARGETS].buf,
                   v[IMPUTED].buf,
                   v[LEFT_OUT].buf,
                   many,
                   (size_t)stride};
        Py_BEGIN_ALLOW_THREADS done = run_machine(machine, &job);
        Py_END_ALLOW_THREADS
    }
    release(v, VIEWS);
    if (!fits) {
        PyErr_SetString(PyExc_ValueError, "the sizes of the arrays do not fit");
        return NULL;
    }
    if (!done)
        return PyErr_NoMemory();
    Py_RETURN_NONE;
}

/* scratch(plan, machine, stride): bytes that impute() takes beside what it is given */
static PyObject *py_scratch(PyObject *self, PyObject *args)
{
    PyObject *capsule;
    const char *name;
    Py_ssize_t stride;
    (void)self;
    if (!PyArg_ParseTuple(args, "Osn", &capsule, &name, &stride))
        return NULL;
    const Plan *plan = PyCapsule_GetPointer(capsule, CAPSULE);
    const Machine *machine = plan == NULL ? NULL : machine_called(name);
    if (machine == NULL)
        return NULL;
    Job job = {.plan = plan, .stride = stride > 0 ? (size_t)stride : 1};
    return PyLong_FromSize_t(machine->scratch(&job) + 64);
}

/* machines(): (name, lanes) of those that run here, the best first */
static PyObject *py_machines(PyObject *self, PyObject *unused)
{
    (void)self;
    (void)unused;
    PyObject *list = PyList_New(0);
    for (int i = 0; list != NULL && i < MACHINES; i++) {
        if (!runs_here(machines + i))
            continue;
        PyObject *each = Py_BuildValue("sn", machines[i].name, (Py_ssize_t)machines[i].lanes);
        if (each == NULL || PyList_Append(list, each) < 0)
            Py_CLEAR(list);
        Py_XDECREF(each);
    }
    return list;
}

static PyMethodDef methods[] = {
    {"plan", py_plan, METH_VARARGS, "Cut a stretch into model blocks."},
    {"facts", py_facts, METH_O, "Sizes of a plan."},
    {"impute", py_impute, METH_VARARGS, "Impute targets."},
    {"scratch", py_scratch, METH_VARARGS, "Bytes of memory that imputing takes."},
    {"machines", py_machines, METH_NOARGS, "Vector units that can be used here."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_li_stephens", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__li_stephens(void)
{
    return PyModule_Create(&module);
}
