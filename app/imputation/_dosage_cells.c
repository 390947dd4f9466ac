/* Dosages in whole thousandths: packed for the way from the kernel to the file, summed, and written as text.
 *
 * The twin of app/imputation/dosage_cells.py, which gives the same text and the same sums (tests compare
 * them). Nine of ten sites are rare, so most cells are certainly 0|0: runs of them are packed into one number
 * and copied as one piece of text. What Python hands over is not trusted to fit: sizes are compared before
 * anything is touched. Only the limited API of Python 3.11 is used.
 */
#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>
#include <stdint.h>
#include <string.h>

enum { MISSING = -1, ABSENT = -2, MOST = 1000 };
enum { ZEROS = 0x8000, ONES = 0x4000, LONGEST_ZEROS = 0x7FFF, LONGEST_ONES = 0x3FFF }; /* codes of runs */
enum { LONGEST_CELL = 40, LONGEST_EMPIRICAL = 16, RUN = 64, AT_ONCE = 1024 };

static struct {
    uint8_t text[7], length;
} decimals[2 * MOST + 1];

static const char NOBODY[] = "0|0:0:0,0:1,0,0\t"; /* the cell of two certain REF alleles */
enum { NOBODY_LENGTH = sizeof NOBODY - 1 };
static uint8_t nobodies[RUN * NOBODY_LENGTH];

static void fill_tables(void)
{
    for (int n = 0; n <= 2 * MOST; n++) {
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
    for (int i = 0; i < RUN; i++)
        memcpy(nobodies + i * NOBODY_LENGTH, NOBODY, NOBODY_LENGTH);
}

/* ---- packing ---------------------------------------------------------------------------------------- */

/* A product and a sum are rounded one after the other, as NumPy does it, not as one (ARM has such a step). */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC optimize("fp-contract=off", "no-trapping-math")
#elif defined(_MSC_VER)
#pragma fp_contract(off)
#endif

/* Rounds half to even as rint does; 0 when a number is none between 0 and 1 (a hair beyond is taken in). */
static int to_thousandths(const float *from, int16_t *to, int64_t many)
{
    int bad = 0;
    for (int64_t i = 0; i < many; i++) {
        float x = from[i];
        bad |= !(x > -0.01f && x < 1.01f);
        x = x < 0.0f ? 0.0f : x > 1.0f ? 1.0f : x;
        float shifted = x * 1000.0f + 12582912.0f; /* 1.5 * 2^23: the fraction is rounded away */
        int32_t bits;
        memcpy(&bits, &shifted, 4);
        to[i] = (int16_t)(bits & 0x3FFFFF);
    }
    return !bad;
}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif

static int are_thousandths(const int16_t *values, int64_t many)
{
    int bad = 0;
    for (int64_t i = 0; i < many; i++)
        bad |= values[i] < 0 || values[i] > MOST;
    return !bad;
}

typedef struct {
    uint16_t *out;
    int64_t zeros, ones;
} Packer;

static void flush(Packer *p)
{
    for (; p->zeros > 0; p->zeros -= LONGEST_ZEROS)
        *p->out++ = (uint16_t)(ZEROS | (p->zeros < LONGEST_ZEROS ? p->zeros : LONGEST_ZEROS));
    for (; p->ones > 0; p->ones -= LONGEST_ONES)
        *p->out++ = (uint16_t)(ONES | (p->ones < LONGEST_ONES ? p->ones : LONGEST_ONES));
    p->zeros = p->ones = 0;
}

static void pack_values(Packer *p, const int16_t *values, int64_t many)
{
    for (int64_t i = 0; i < many; i++) {
        uint64_t four;
        while (i + 4 <= many && (memcpy(&four, values + i, 8), four == 0)) {
            if (p->ones)
                flush(p);
            p->zeros += 4;
            i += 4;
        }
        if (i == many)
            break;
        if (values[i] == 0) {
            if (p->ones)
                flush(p);
            p->zeros++;
        } else if (values[i] == MOST) {
            if (p->zeros)
                flush(p);
            p->ones++;
        } else {
            flush(p);
            *p->out++ = (uint16_t)values[i];
        }
    }
}

/* Packs windows of `window` rows of probabilities or, where `values` is NULL, of thousandths.
 *
 * `ends` gets how many codes there are behind each. -1: no probability. */
static int64_t pack_all(const float *values, const int16_t *rounded, int64_t rows, int64_t columns,
                        int64_t window, uint16_t *out, int64_t *ends)
{
    int16_t some[AT_ONCE];
    Packer p = {out, 0, 0};
    for (int64_t row = 0; row < rows; row += window) {
        int64_t many = (rows - row < window ? rows - row : window) * columns;
        for (int64_t at = 0; at < many; at += AT_ONCE) {
            int64_t here = many - at < AT_ONCE ? many - at : AT_ONCE;
            int64_t from = row * columns + at;
            if (values ? !to_thousandths(values + from, some, here) : !are_thousandths(rounded + from, here))
                return -1;
            pack_values(&p, values ? some : rounded + from, here);
        }
        flush(&p);
        *ends++ = p.out - out;
    }
    return p.out - out;
}

static PyObject *packed(PyObject *args, int size)
{
    Py_buffer values, out, ends;
    Py_ssize_t rows, columns, window;
    int64_t written = -2;
    if (!PyArg_ParseTuple(args, "y*nnnw*w*:pack", &values, &rows, &columns, &window, &out, &ends))
        return NULL;
    int fits = rows >= 0 && columns >= 1 && window >= 1 && rows <= ((Py_ssize_t)1 << 40) / columns &&
               values.len / size >= rows * columns && out.len / 2 >= rows * columns &&
               ends.len / 8 >= rows / window + (rows % window != 0);
    if (fits) {
        Py_BEGIN_ALLOW_THREADS
        written = pack_all(size == 4 ? values.buf : NULL, size == 2 ? values.buf : NULL, rows, columns,
                           window, out.buf, ends.buf);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&values);
    PyBuffer_Release(&out);
    PyBuffer_Release(&ends);
    if (written < 0) {
        PyErr_SetString(PyExc_ValueError, fits ? "a dosage is no probability" : "the arrays do not fit");
        return NULL;
    }
    return PyLong_FromLongLong(written);
}

static PyObject *cells_pack(PyObject *module, PyObject *args)
{
    (void)module;
    return packed(args, 4);
}

static PyObject *cells_pack_thousandths(PyObject *module, PyObject *args)
{
    (void)module;
    return packed(args, 2);
}

/* Unpacks codes into `columns` columns of a matrix from `first` on; 0 when they do not fill it exactly. */
static int unpack_all(const uint16_t *codes, int64_t many, int16_t *out, int64_t rows, int64_t width,
                      int64_t first, int64_t columns)
{
    int64_t row = 0, column = 0;
    for (int64_t i = 0; i < many; i++) {
        int code = codes[i], value = code;
        int64_t run = 1;
        if (code & ZEROS) {
            run = code & LONGEST_ZEROS;
            value = 0;
        } else if (code & ONES) {
            run = code & LONGEST_ONES;
            value = MOST;
        }
        while (run > 0) {
            if (row == rows)
                return 0;
            int64_t here = columns - column < run ? columns - column : run;
            int16_t *to = out + row * width + first + column;
            if (value == 0)
                memset(to, 0, (size_t)here * 2);
            else
                for (int64_t j = 0; j < here; j++)
                    to[j] = (int16_t)value;
            run -= here;
            column += here;
            if (column == columns) {
                column = 0;
                row++;
            }
        }
    }
    return row == rows && column == 0;
}

static PyObject *cells_unpack(PyObject *module, PyObject *args)
{
    Py_buffer codes, out;
    Py_ssize_t rows, width, first, columns;
    int done = 0;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*w*nnnn:unpack", &codes, &out, &rows, &width, &first, &columns))
        return NULL;
    if (rows >= 0 && columns >= 1 && first >= 0 && width >= 1 && first <= width - columns &&
        rows <= out.len / 2 / width) {
        Py_BEGIN_ALLOW_THREADS
        done = unpack_all(codes.buf, codes.len / 2, out.buf, rows, width, first, columns);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&codes);
    PyBuffer_Release(&out);
    if (!done) {
        PyErr_SetString(PyExc_ValueError, "the arrays do not fit");
        return NULL;
    }
    Py_RETURN_NONE;
}

/* ---- sums ------------------------------------------------------------------------------------------- */

/* Of each row: how many are known, their sum, the sum of their squares, and of max(x, 1000 - x). */
static void sum_rows(const int16_t *values, int64_t rows, int64_t columns, int64_t *sums)
{
    for (int64_t row = 0; row < rows; row++, values += columns, sums += 4) {
        int64_t total[4] = {0, 0, 0, 0};
        for (int64_t at = 0; at < columns; at += AT_ONCE) {
            int64_t many = columns - at < AT_ONCE ? columns - at : AT_ONCE;
            const int16_t *v = values + at;
            int32_t known = 0, sum = 0, squares = 0, score = 0; /* 1,024 squares of 1,000 are below 2^31 */
            for (int64_t i = 0; i < many; i++) {
                int32_t is = v[i] >= 0, x = is ? v[i] : 0, y = MOST - x;
                known += is;
                sum += x;
                squares += x * x;
                score += is ? (x > y ? x : y) : 0;
            }
            total[0] += known;
            total[1] += sum;
            total[2] += squares;
            total[3] += score;
        }
        memcpy(sums, total, sizeof total);
    }
}

/* Whether all numbers of a matrix may be looked up. */
static int in_range(const int16_t *values, int64_t many)
{
    int bad = 0;
    for (int64_t i = 0; i < many; i++)
        bad |= (values[i] < ABSENT) | (values[i] > MOST);
    return !bad;
}

static PyObject *cells_sums(PyObject *module, PyObject *args)
{
    Py_buffer values, sums;
    Py_ssize_t rows, columns;
    int good = 0;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*nnw*:sums", &values, &rows, &columns, &sums))
        return NULL;
    if (rows >= 0 && columns >= 1 && rows <= values.len / 2 / columns && sums.len / 32 >= rows) {
        Py_BEGIN_ALLOW_THREADS
        good = in_range(values.buf, (int64_t)rows * columns);
        if (good)
            sum_rows(values.buf, rows, columns, sums.buf);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&values);
    PyBuffer_Release(&sums);
    if (!good) {
        PyErr_SetString(PyExc_ValueError, "the arrays do not fit");
        return NULL;
    }
    Py_RETURN_NONE;
}

/* ---- text ------------------------------------------------------------------------------------------- */

/* Thousandths, 0 to 2,000; writes up to two letters beyond. */
static uint8_t *put(uint8_t *out, int n)
{
    memcpy(out, decimals[n].text, 7);
    return out + decimals[n].length;
}

static uint8_t *put_text(uint8_t *out, const char *text)
{
    size_t length = strlen(text);
    memcpy(out, text, length);
    return out + length;
}

/* `GT:DS:HDS:GP` of one person and a tab; at most LONGEST_CELL letters. */
static uint8_t *put_cell(uint8_t *out, int a, int b)
{
    if (a < 0 || b == MISSING)
        return put_text(out, b == ABSENT ? ".\t" : ".|.:.:.:.\t");
    *out++ = (uint8_t)('0' + (a >= 500));
    if (b == ABSENT) {
        for (int i = 0; i < 2; i++) { /* DS, HDS */
            *out++ = ':';
            out = put(out, a);
        }
        *out++ = ':';
        out = put(out, MOST - a);
        *out++ = ',';
        out = put(out, a);
        *out++ = '\t';
        return out;
    }
    int both = (a * b + 500) / MOST, none = ((MOST - a) * (MOST - b) + 500) / MOST;
    *out++ = '|';
    *out++ = (uint8_t)('0' + (b >= 500));
    *out++ = ':';
    out = put(out, a + b);
    *out++ = ':';
    out = put(out, a);
    *out++ = ',';
    out = put(out, b);
    *out++ = ':';
    out = put(out, none);
    *out++ = ',';
    out = put(out, MOST - none - both);
    *out++ = ',';
    out = put(out, both);
    *out++ = '\t';
    return out;
}

static uint8_t *put_nobodies(uint8_t *out, int64_t many)
{
    for (; many >= RUN; many -= RUN, out += sizeof nobodies)
        memcpy(out, nobodies, sizeof nobodies);
    memcpy(out, nobodies, (size_t)many * NOBODY_LENGTH);
    return out + many * NOBODY_LENGTH;
}

static uint8_t *put_cells(uint8_t *out, const int16_t *pairs, int64_t people)
{
    for (int64_t i = 0; i < people;) {
        int64_t from = i;
        uint32_t pair = 0;
        while (i < people && (memcpy(&pair, pairs + 2 * i, 4), pair == 0))
            i++;
        out = put_nobodies(out, i - from);
        if (i < people) {
            out = put_cell(out, pairs[2 * i], pairs[2 * i + 1]);
            i++;
        }
    }
    return out;
}

/* An allele that was typed, or its lack. */
static uint8_t *put_allele(uint8_t *out, int allele)
{
    *out++ = allele < 0 ? '.' : (uint8_t)('0' + (allele > 0));
    return out;
}

static uint8_t *put_lds(uint8_t *out, int n)
{
    if (n >= 0)
        return put(out, n);
    *out++ = '.';
    return out;
}

/* `GT:LDS` of each person and tabs; at most LONGEST_EMPIRICAL letters a person. */
static uint8_t *put_empirical(uint8_t *out, const int16_t *left_out, const int8_t *observed, int64_t people)
{
    for (int64_t i = 0; i < 2 * people; i += 2) {
        int haploid = observed[i + 1] == ABSENT;
        out = put_allele(out, observed[i]);
        if (!haploid) {
            *out++ = '|';
            out = put_allele(out, observed[i + 1]);
        }
        *out++ = ':';
        out = put_lds(out, left_out[i]);
        if (!haploid) {
            *out++ = ',';
            out = put_lds(out, left_out[i + 1]);
        }
        *out++ = '\t';
    }
    return out;
}

typedef struct {
    Py_buffer pairs, observed, heads, ends, form, out;
} Job;

/* The heads lie inside of their text, and what the rows can take at most is there. */
static int job_fits(const Job *j, int64_t rows, int64_t people, int64_t longest)
{
    if (rows < 0 || people < 1 || rows > (int64_t)1 << 24 || people > (int64_t)1 << 28)
        return 0;
    if (j->ends.len / 8 < rows || j->pairs.len / 4 < rows * people ||
        (longest == LONGEST_EMPIRICAL && j->observed.len / 2 < rows * people))
        return 0;
    const int64_t *ends = j->ends.buf;
    int64_t before = 0;
    for (int64_t row = 0; row < rows; row++) {
        if (ends[row] < before || ends[row] > j->heads.len)
            return 0;
        before = ends[row];
    }
    return j->out.len - before >= rows * (people * longest + j->form.len + 1) + 8;
}

/* Head, form and cells of each row; `ends` gets where each line ends. Gives the bytes written. */
static int64_t put_rows(const Job *j, int64_t rows, int64_t people, int empirical)
{
    uint8_t *out = j->out.buf;
    int64_t *ends = j->ends.buf, before = 0;
    for (int64_t row = 0; row < rows; row++) {
        int64_t head = ends[row] - before;
        memcpy(out, (const uint8_t *)j->heads.buf + before, (size_t)head);
        memcpy(out + head, j->form.buf, (size_t)j->form.len);
        before = ends[row];
        const int16_t *pairs = (const int16_t *)j->pairs.buf + 2 * row * people;
        out += head + j->form.len;
        out = empirical ? put_empirical(out, pairs, (const int8_t *)j->observed.buf + 2 * row * people, people)
                        : put_cells(out, pairs, people);
        out[-1] = '\n';
        ends[row] = out - (uint8_t *)j->out.buf;
    }
    return out - (uint8_t *)j->out.buf;
}

static PyObject *written_rows(Job *j, Py_ssize_t rows, Py_ssize_t people, int empirical)
{
    int64_t written = -1;
    if (job_fits(j, rows, people, empirical ? LONGEST_EMPIRICAL : LONGEST_CELL)) {
        Py_BEGIN_ALLOW_THREADS
        if (in_range(j->pairs.buf, 2 * (int64_t)rows * people))
            written = put_rows(j, rows, people, empirical);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&j->pairs);
    PyBuffer_Release(&j->heads);
    PyBuffer_Release(&j->ends);
    PyBuffer_Release(&j->form);
    PyBuffer_Release(&j->out);
    if (written < 0) {
        PyErr_SetString(PyExc_ValueError, "the arrays do not fit");
        return NULL;
    }
    return PyLong_FromLongLong(written);
}

static PyObject *cells_dose_rows(PyObject *module, PyObject *args)
{
    Job j;
    Py_ssize_t rows, people;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*y*w*y*w*nn:dose_rows", &j.pairs, &j.heads, &j.ends, &j.form, &j.out, &rows,
                          &people))
        return NULL;
    return written_rows(&j, rows, people, 0);
}

static PyObject *cells_empirical_rows(PyObject *module, PyObject *args)
{
    Job j;
    Py_ssize_t rows, people;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*y*y*w*y*w*nn:empirical_rows", &j.pairs, &j.observed, &j.heads, &j.ends,
                          &j.form, &j.out, &rows, &people))
        return NULL;
    PyObject *result = written_rows(&j, rows, people, 1);
    PyBuffer_Release(&j.observed);
    return result;
}

static PyMethodDef module_methods[] = {
    {"pack", cells_pack, METH_VARARGS,
     "pack(values, rows, columns, window, out, ends): probabilities as codes; gives how many."},
    {"pack_thousandths", cells_pack_thousandths, METH_VARARGS,
     "pack_thousandths(values, rows, columns, window, out, ends): int16 likewise."},
    {"unpack", cells_unpack, METH_VARARGS,
     "unpack(codes, out, rows, width, first, columns): codes into columns of a matrix of thousandths."},
    {"sums", cells_sums, METH_VARARGS, "sums(values, rows, columns, sums): four sums of each row."},
    {"dose_rows", cells_dose_rows, METH_VARARGS,
     "dose_rows(pairs, heads, ends, form, out, rows, people): lines of a dose file; gives their length."},
    {"empirical_rows", cells_empirical_rows, METH_VARARGS,
     "empirical_rows(pairs, observed, heads, ends, form, out, rows, people): of an empirical dose file."},
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
    .m_name = "app.imputation._dosage_cells",
    .m_doc = "Dosages packed, summed and written as text.",
    .m_size = 0,
    .m_methods = module_methods,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__dosage_cells(void)
{
    return PyModuleDef_Init(&module_def);
}
