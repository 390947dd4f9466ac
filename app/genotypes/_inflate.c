/* Inflates BGZF blocks one after another straight into one buffer, without a copy and without Python between.
 *
 * The work is done by the libdeflate that the `deflate` package brings: its functions are looked up in the
 * library that is already loaded, so nothing is linked and no second copy is shipped. Where they cannot be
 * found (Windows keeps them inside) `use` says so and app/genotypes/bgzf.py inflates block by block. A block
 * that is unusual or damaged is left to Python as well, which knows what to say of it.
 * Only the limited API of Python 3.11 is used, so one build serves all later versions.
 */
#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>
#include <stdint.h>
#include <string.h>
#ifndef _WIN32
#include <dlfcn.h>
#endif

enum { HEADER = 18, FOOTER = 8, SHORTEST = 27, MOST_TEXT = 1 << 16 };

typedef void *(*Allocate)(void);
typedef int (*Decompress)(void *, const void *, size_t, void *, size_t, size_t *);
typedef uint32_t (*Checksum)(uint32_t, const void *, size_t);
typedef void (*Release)(void *);

static Allocate allocate;
static Decompress decompress;
static Checksum checksum;
static Release release;

static uint32_t number(const uint8_t *from)
{
    return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

/* The bytes of a block with the usual header that is whole; 0 of any other. */
static Py_ssize_t usual_block(const uint8_t *at, Py_ssize_t left)
{
    static const uint8_t magic[] = {0x1f, 0x8b, 8, 4}, field[] = {6, 0, 'B', 'C', 2, 0};
    if (left < HEADER || memcmp(at, magic, 4) != 0 || memcmp(at + 10, field, 6) != 0)
        return 0;
    Py_ssize_t length = (at[16] | at[17] << 8) + 1;
    return length < SHORTEST || length > left ? 0 : length;
}

/* Moves `at` behind the last block taken and `fill` behind its text. */
static void inflate_some(void *memory, const Py_buffer *packed, Py_ssize_t *at, Py_ssize_t stop,
                         const Py_buffer *text, Py_ssize_t *fill, Py_ssize_t enough)
{
    while (*at < stop && *fill < enough) {
        const uint8_t *block = (const uint8_t *)packed->buf + *at;
        Py_ssize_t length = usual_block(block, packed->len - *at);
        if (length == 0)
            return;
        const uint8_t *footer = block + length - FOOTER;
        uint32_t crc = number(footer), size = number(footer + 4);
        if (size > MOST_TEXT || (Py_ssize_t)size > text->len - *fill)
            return;
        uint8_t *into = (uint8_t *)text->buf + *fill;
        size_t made = 0;
        if (decompress(memory, block + HEADER, (size_t)(length - HEADER - FOOTER), into, size, &made) != 0)
            return;
        if (made != size || checksum(0, into, size) != crc)
            return;
        *at += length;
        *fill += (Py_ssize_t)size;
    }
}

static PyObject *inflated(const Py_buffer *packed, Py_ssize_t at, Py_ssize_t stop, const Py_buffer *text,
                          Py_ssize_t fill, Py_ssize_t enough)
{
    if (at < 0 || at > packed->len || fill < 0 || fill > text->len) {
        PyErr_SetString(PyExc_ValueError, "a place outside of its buffer");
        return NULL;
    }
    void *memory = decompress == NULL ? NULL : allocate();
    if (memory == NULL)
        return PyErr_NoMemory();
    Py_BEGIN_ALLOW_THREADS
    inflate_some(memory, packed, &at, stop, text, &fill, enough);
    Py_END_ALLOW_THREADS
    release(memory);
    return Py_BuildValue("nn", at, fill);
}

static PyObject *inflate_blocks(PyObject *module, PyObject *args)
{
    Py_buffer packed, text;
    Py_ssize_t at, stop, fill, enough;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*nnw*nn:blocks", &packed, &at, &stop, &text, &fill, &enough))
        return NULL;
    PyObject *result = inflated(&packed, at, stop, &text, fill, enough);
    PyBuffer_Release(&packed);
    PyBuffer_Release(&text);
    return result;
}

static PyObject *inflate_use(PyObject *module, PyObject *args)
{
    const char *path;
    (void)module;
    if (!PyArg_ParseTuple(args, "s:use", &path))
        return NULL;
#ifndef _WIN32
    void *library = dlopen(path, RTLD_NOW | RTLD_NOLOAD | RTLD_LOCAL);
    if (library == NULL)
        return PyBool_FromLong(0);
    /* The library stays loaded with the package that it belongs to. */
    void *found[4] = {
        dlsym(library, "libdeflate_alloc_decompressor"), dlsym(library, "libdeflate_deflate_decompress"),
        dlsym(library, "libdeflate_crc32"), dlsym(library, "libdeflate_free_decompressor"),
    };
    if (found[0] != NULL && found[1] != NULL && found[2] != NULL && found[3] != NULL) {
        memcpy(&allocate, &found[0], sizeof allocate);
        memcpy(&decompress, &found[1], sizeof decompress);
        memcpy(&checksum, &found[2], sizeof checksum);
        memcpy(&release, &found[3], sizeof release);
        return PyBool_FromLong(1);
    }
    dlclose(library);
#endif
    return PyBool_FromLong(0);
}

static PyMethodDef module_methods[] = {
    {"use", inflate_use, METH_VARARGS,
     "use(path): take the functions of libdeflate from a loaded library; whether they are there."},
    {"blocks", inflate_blocks, METH_VARARGS,
     "blocks(packed, at, stop, text, fill, enough): inflate the blocks that begin before `stop` into `text` "
     "from `fill` on until it holds `enough`; gives how far both came."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot module_slots[] = {
    {0, NULL},
};

static struct PyModuleDef module_def = {
    PyModuleDef_HEAD_INIT,
    .m_name = "app.genotypes._inflate",
    .m_doc = "BGZF blocks straight into a buffer.",
    .m_size = 0,
    .m_methods = module_methods,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__inflate(void)
{
    return PyModuleDef_Init(&module_def);
}
