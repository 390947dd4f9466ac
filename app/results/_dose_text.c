/* Writes haplotype dosages as the text of VCF rows.
 *
 * The twin of app/results/doses/formatting.py, which gives the same text (a property test compares them).
 * What Python hands over is not trusted to fit: sizes are compared before anything is touched. Only the
 * limited API of Python 3.11 is used.
 */
#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { GT = 1, DS, HDS, GP, LDS }; /* words of FORMAT, in step with formatting.py */

typedef const uint8_t *Text;

enum { UNKNOWN = 1001, NO_SECOND = 1002, LONGEST_CELL = 64 };

static struct {
    uint8_t length, text[7];
} decimals[2001];

static void fill_tables(void)
{
    for (int n = 0; n <= 2000; n++) {
        uint8_t *p = decimals[n].text;
        *p++ = (uint8_t)('0' + n / 1000);
        int rest = n % 1000;
        if (rest) {
            *p++ = '.';
            for (int unit = 100; rest; unit /= 10) {
                *p++ = (uint8_t)('0' + rest / unit);
                rest %= unit;
            }
        }
        decimals[n].length = (uint8_t)(p - decimals[n].text);
    }
}

static int thousandths(float x)
{
    if (!isfinite(x))
        return UNKNOWN;
    x = x < 0.0f ? 0.0f : x > 1.0f ? 1.0f : x;
    return (int)lrintf(x * 1000.0f);
}

/* Thousandths, 0 to 2,000. */
static uint8_t *put(uint8_t *out, int n)
{
    memcpy(out, decimals[n].text, 7);
    return out + decimals[n].length;
}

static uint8_t *put_or_dot(uint8_t *out, int n)
{
    if (n != UNKNOWN)
        return put(out, n);
    *out++ = '.';
    return out;
}

static uint8_t *put_pair(uint8_t *out, int first, int second)
{
    if (first == UNKNOWN && second == UNKNOWN) {
        *out++ = '.';
        return out;
    }
    out = put_or_dot(out, first);
    if (second != NO_SECOND) {
        *out++ = ',';
        out = put_or_dot(out, second);
    }
    return out;
}

static uint8_t *put_probabilities(uint8_t *out, int a, int b)
{
    if (b == NO_SECOND) {
        out = put(out, 1000 - a);
        *out++ = ',';
        return put(out, a);
    }
    int both = a * b, het = a * (1000 - b) + b * (1000 - a), none = (1000 - a) * (1000 - b);
    out = put(out, (none + 500) / 1000);
    *out++ = ',';
    out = put(out, (het + 500) / 1000);
    *out++ = ',';
    return put(out, (both + 500) / 1000);
}

static uint8_t *put_genotype(uint8_t *out, int first, int second, const int8_t *calls)
{
    int pair[2] = {first == UNKNOWN ? -1 : first >= 500, second == UNKNOWN ? -1 : second >= 500};
    if (second == NO_SECOND)
        pair[1] = -2;
    if (calls != NULL)
        pair[0] = calls[0], pair[1] = calls[1];
    int written = 0;
    for (int i = 0; i < 2; i++) {
        if (pair[i] == -2)
            continue;
        if (written++)
            *out++ = '|';
        *out++ = pair[i] < 0 ? '.' : (uint8_t)('0' + pair[i]);
    }
    return out;
}

/* A cell has at most 3 + 5 + 11 + 17 + 11 letters and four colons: fewer than LONGEST_CELL. */
static uint8_t *put_cell(uint8_t *out, const uint8_t *words, int many, const float *pair, const int8_t *calls)
{
    int first = thousandths(pair[0]), second = thousandths(pair[1]);
    if (second == UNKNOWN && first != UNKNOWN)
        second = NO_SECOND;
    int unknown = first == UNKNOWN || second == UNKNOWN;
    for (int i = 0; i < many; i++) {
        if (i)
            *out++ = ':';
        if (words[i] == GT)
            out = put_genotype(out, first, second, calls);
        else if (words[i] == HDS || words[i] == LDS)
            out = put_pair(out, first, second);
        else if (unknown)
            *out++ = '.';
        else if (words[i] == DS)
            out = put(out, first + (second == NO_SECOND ? 0 : second));
        else
            out = put_probabilities(out, first, second);
    }
    return out;
}

typedef struct {
    Py_buffer words, pairs, calls, heads, ends, out;
} Job;

/* Bytes that the rows can take at most are there, and the heads lie inside of their text. */
static int job_fits(const Job *j, Py_ssize_t rows, Py_ssize_t samples)
{
    if (rows < 0 || samples < 1 || rows > (Py_ssize_t)1 << 24 || samples > (Py_ssize_t)1 << 28)
        return 0;
    if (j->words.len < 1 || j->words.len > 5 || j->ends.len / 8 < rows)
        return 0;
    int64_t cells = (int64_t)rows * samples, before = 0;
    if (j->pairs.len / 8 < cells || (j->calls.len && j->calls.len / 2 < cells))
        return 0;
    const int8_t *calls = j->calls.buf;
    for (int64_t i = 0; j->calls.len && i < 2 * cells; i++)
        if (calls[i] < -2 || calls[i] > 9)
            return 0;
    const uint8_t *words = j->words.buf;
    int there[LDS + 1] = {0};
    for (Py_ssize_t i = 0; i < j->words.len; i++)
        if (words[i] < GT || words[i] > LDS || there[words[i]]++)
            return 0;
    const int64_t *ends = j->ends.buf;
    for (Py_ssize_t row = 0; row < rows; row++) {
        if (ends[row] < before || ends[row] > j->heads.len)
            return 0;
        before = ends[row];
    }
    return j->out.len - before >= cells * LONGEST_CELL + rows;
}

/* Head and cells of each row; `ends` gets where each line ends. Gives the bytes written. */
static int64_t put_rows(Job *j, Py_ssize_t rows, Py_ssize_t samples)
{
    uint8_t *out = j->out.buf;
    int64_t *ends = j->ends.buf, before = 0;
    for (Py_ssize_t row = 0; row < rows; row++) {
        int64_t head = ends[row] - before;
        memcpy(out, (Text)j->heads.buf + before, (size_t)head);
        out += head;
        before = ends[row];
        const float *pairs = (const float *)j->pairs.buf + 2 * row * samples;
        const int8_t *calls = j->calls.len ? (const int8_t *)j->calls.buf + 2 * row * samples : NULL;
        for (Py_ssize_t i = 0; i < samples; i++) {
            out = put_cell(out, j->words.buf, (int)j->words.len, pairs + 2 * i, calls ? calls + 2 * i : NULL);
            *out++ = '\t';
        }
        out[-1] = '\n';
        ends[row] = out - (uint8_t *)j->out.buf;
    }
    return out - (uint8_t *)j->out.buf;
}

static PyObject *text_format(PyObject *module, PyObject *args)
{
    Job j;
    Py_ssize_t rows, samples;
    PyObject *result = NULL;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*y*y*y*w*w*nn:format", &j.words, &j.pairs, &j.calls, &j.heads, &j.ends,
                          &j.out, &rows, &samples))
        return NULL;
    if (!job_fits(&j, rows, samples))
        PyErr_SetString(PyExc_ValueError, "the arrays do not fit");
    else {
        int64_t written;
        Py_BEGIN_ALLOW_THREADS
        written = put_rows(&j, rows, samples);
        Py_END_ALLOW_THREADS
        result = PyLong_FromLongLong(written);
    }
    PyBuffer_Release(&j.words);
    PyBuffer_Release(&j.pairs);
    PyBuffer_Release(&j.calls);
    PyBuffer_Release(&j.heads);
    PyBuffer_Release(&j.ends);
    PyBuffer_Release(&j.out);
    return result;
}

static PyMethodDef module_methods[] = {
    {"format", text_format, METH_VARARGS,
     "format(words, pairs, calls, heads, ends, out, rows, samples): the text of rows; gives its length."},
    {NULL, NULL, 0, NULL},
};

static int module_exec(PyObject *module)
{
    (void)module;
    fill_tables();
    return 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
    {0, NULL},
};

static struct PyModuleDef module_def = {
    PyModuleDef_HEAD_INIT,
    .m_name = "app.results._dose_text",
    .m_doc = "Dosages as the text of rows.",
    .m_size = 0,
    .m_methods = module_methods,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__dose_text(void)
{
    return PyModuleDef_Init(&module_def);
}
