/* Packs many short rows by zlib, each for itself, in the fixed code of deflate.
 *
 * Compressors made for long texts clear a table of a hundred kilobytes and make a code of their own for each
 * row, which for a row of two hundred bytes costs many times what packing it does, and makes it no smaller.
 * app/results/export/short_zlib.py does the same in Python, to the byte: a change here is a change there.
 * Source: RFC 1950 and 1951. Only the limited API of Python 3.11 is used, so one build serves all later versions.
 */
#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>
#include <stdint.h>
#include <string.h>

typedef Py_ssize_t Size;
enum { LONGEST_ROW = 4096, TABLE = 512, LEAST = 3, MOST = 258, NOTED = 8, STORED = 5 };

static uint16_t word_code[288], copy_code[MOST + 1];
static uint8_t word_bits[288], copy_bits[MOST + 1], copy_more_bits[MOST + 1];
static uint16_t copy_more[MOST + 1];

static uint32_t turned(uint32_t code, int bits)
{
    uint32_t made = 0;
    for (int i = 0; i < bits; i++)
        made |= (code >> i & 1) << (bits - 1 - i);
    return made;
}

/* The fixed code: for each literal and length its bits in the order in which they are written. */
static void fill_codes(void)
{
    for (int v = 0; v < 288; v++) {
        int bits = v < 144 ? 8 : v < 256 ? 9 : v < 280 ? 7 : 8;
        int code = v < 144 ? 0x30 + v : v < 256 ? 0x190 + v - 144 : v < 280 ? v - 256 : 0xC0 + v - 280;
        word_code[v] = (uint16_t)turned((uint32_t)code, bits);
        word_bits[v] = (uint8_t)bits;
    }
    for (int length = LEAST, symbol = 257, base = LEAST, more = 0; length <= MOST; length++) {
        if (length - base == 1 << more) {
            symbol++;
            base = length;
            more = symbol < 265 ? 0 : (symbol - 261) / 4;
        }
        int last = length == MOST;
        copy_code[length] = word_code[last ? 285 : symbol];
        copy_bits[length] = word_bits[last ? 285 : symbol];
        copy_more[length] = (uint16_t)(last ? 0 : length - base);
        copy_more_bits[length] = (uint8_t)(last ? 0 : more);
    }
}

typedef struct {
    uint8_t *at;
    uint64_t bits;
    int count;
} Out;

static void put(Out *out, uint32_t value, int count)
{
    out->bits |= (uint64_t)value << out->count;
    out->count += count;
    while (out->count >= 8) {
        *out->at++ = (uint8_t)out->bits;
        out->bits >>= 8;
        out->count -= 8;
    }
}

static void put_distance(Out *out, uint32_t distance)
{
    uint32_t from = distance - 1, code = from;
    int more = 0;
    if (from >= 4) {
        int high = 0;
        while (from >> (high + 1))
            high++;
        more = high - 1;
        code = (uint32_t)(2 * high) + (from >> more & 1);
    }
    put(out, turned(code, 5), 5);
    put(out, more ? from & ((1u << more) - 1) : 0, more);
}

static uint32_t place_of(const uint8_t *p)
{
    return ((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16) * 2654435761u >> 23;
}

static uint32_t adler(const uint8_t *in, Size size)
{
    uint32_t a = 1;
    uint64_t b = 0;
    for (Size i = 0; i < size; i++) {
        a += in[i];
        b += a;
    }
    return (uint32_t)(b % 65521) << 16 | a % 65521;
}

static void put_words(Out *out, const uint8_t *in, Size size)
{
    uint16_t last[TABLE]; /* one more than where a hash was seen last */
    memset(last, 0, sizeof last);
    put(out, 3, 3);
    for (Size i = 0; i < size;) {
        Size length = 0, before = 0;
        if (i + LEAST <= size) {
            uint32_t place = place_of(in + i);
            before = last[place] - 1;
            last[place] = (uint16_t)(i + 1);
            Size most = size - i < MOST ? size - i : MOST;
            if (before >= 0)
                while (length < most && in[before + length] == in[i + length])
                    length++;
        }
        if (length < LEAST) {
            put(out, word_code[in[i]], word_bits[in[i]]);
            i++;
            continue;
        }
        put(out, copy_code[length], copy_bits[length]);
        put(out, copy_more[length], copy_more_bits[length]);
        put_distance(out, (uint32_t)(i - before));
        for (Size k = 1; k < length && k < NOTED && i + k + LEAST <= size; k++)
            last[place_of(in + i + k)] = (uint16_t)(i + k + 1);
        i += length;
    }
    put(out, word_code[256], word_bits[256]);
    if (out->count)
        put(out, 0, 8 - out->count);
}

/* Bytes written; at most size + size / 8 + 16 of them are touched. */
static Size pack_row(const uint8_t *in, Size size, uint8_t *to)
{
    uint32_t sum = adler(in, size);
    Out out = {to + 2, 0, 0};
    to[0] = 0x78;
    to[1] = 0x01;
    put_words(&out, in, size);
    if (out.at - to - 2 > size + STORED) {
        out.at = to + 2;
        *out.at++ = 1;
        *out.at++ = (uint8_t)size;
        *out.at++ = (uint8_t)(size >> 8);
        *out.at++ = (uint8_t)~size;
        *out.at++ = (uint8_t)(~size >> 8);
        memcpy(out.at, in, (size_t)size);
        out.at += size;
    }
    for (int shift = 24; shift >= 0; shift -= 8)
        *out.at++ = (uint8_t)(sum >> shift);
    return out.at - to;
}

static PyObject *pack(PyObject *module, PyObject *args)
{
    Py_buffer in = {0}, out = {0}, lengths = {0};
    PyObject *result = NULL;
    Size rows, size;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*nnw*w*:pack", &in, &rows, &size, &out, &lengths))
        return NULL;
    if (rows < 0 || size < 1 || size > LONGEST_ROW || rows > (1 << 28) || in.len < rows * size ||
        out.len < rows * (size + size / 8 + 16) || lengths.len < 4 * rows)
        PyErr_SetString(PyExc_ValueError, "rows are of another size than their room");
    else {
        uint8_t *at = out.buf;
        uint32_t *length = lengths.buf;
        Py_BEGIN_ALLOW_THREADS
        for (Size row = 0; row < rows; row++) {
            length[row] = (uint32_t)pack_row((const uint8_t *)in.buf + row * size, size, at);
            at += length[row];
        }
        Py_END_ALLOW_THREADS
        result = PyLong_FromSsize_t(at - (uint8_t *)out.buf);
    }
    PyBuffer_Release(&in);
    PyBuffer_Release(&out);
    PyBuffer_Release(&lengths);
    return result;
}

static PyMethodDef module_methods[] = {
    {"pack", pack, METH_VARARGS,
     "pack(rows_of_bytes, rows, size, out, lengths): each row packed by zlib, of 4096 bytes at most; the bytes."},
    {NULL, NULL, 0, NULL},
};

static int module_exec(PyObject *module)
{
    (void)module;
    fill_codes();
    return 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
    {0, NULL},
};

static struct PyModuleDef module_def = {
    PyModuleDef_HEAD_INIT,
    .m_name = "app.results._short_zlib",
    .m_doc = "Short rows packed by zlib.",
    .m_size = 0,
    .m_methods = module_methods,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__short_zlib(void)
{
    return PyModuleDef_Init(&module_def);
}
