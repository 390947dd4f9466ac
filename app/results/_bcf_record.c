/* Takes a record of a BCF apart: its site, the figures of its INFO and the fields of its samples.
 *
 * Records of one ALT allele whose INFO has single figures, as engines write them; others are left to
 * app/results/doses/bcf_doses.py, which gives the same of these. Source: the VCF specification, section 6. Only
 * the limited API of Python 3.11 is used, so one build serves all later versions.
 */
#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

typedef Py_ssize_t Size;
enum { FIXED = 24, MOST_FIELDS = 32 };
enum { NOTHING, R2, DR2, INFO, RSQ, ER2, AF, MAF, FIGURES, TYPED = 16, IMPUTED, IMP, ONLY, GENOTYPED };
enum { IS_TYPED = 1, IS_IMPUTED = 2, IS_IMP = 4, IS_ONLY = 8, IS_GENOTYPED = 16, IS_DR2 = 32 };

typedef struct {
    const uint8_t *at, *stop;
} Bytes;

static int32_t whole32(const uint8_t *p)
{
    return (int32_t)((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
}

static int width_of(int kind)
{
    return kind == 0 ? 0 : kind == 1 || kind == 7 ? 1 : kind == 2 ? 2 : kind == 3 || kind == 5 ? 4 : -1;
}

static int32_t whole(const uint8_t *p, int kind)
{
    return kind == 1 ? (int8_t)*p : kind == 2 ? (int16_t)(p[0] | p[1] << 8) : whole32(p);
}

/* Type and length of the next value; 0 where there is none such or its bytes are not all there. */
static int read_head(Bytes *b, int *kind, int64_t *length)
{
    if (b->at >= b->stop)
        return 0;
    *kind = *b->at & 15;
    *length = *b->at++ >> 4;
    if (*length == 15) {
        int own = b->at < b->stop ? *b->at & 15 : 0;
        if (own < 1 || own > 3 || *b->at >> 4 != 1 || b->stop - b->at < 1 + width_of(own))
            return 0;
        *length = whole(b->at + 1, own);
        b->at += 1 + width_of(own);
    }
    return *length >= 0 && width_of(*kind) >= 0 && b->stop - b->at >= *length * width_of(*kind);
}

static int read_text(Bytes *b, const uint8_t **from, Size *size)
{
    int kind;
    int64_t length;
    if (!read_head(b, &kind, &length) || (kind != 7 && (kind != 0 || length)))
        return 0;
    *from = b->at;
    *size = (Size)length;
    b->at += length;
    return !length || b->at[-1] != 0;
}

static int read_key(Bytes *b, int64_t *key)
{
    int kind;
    int64_t length;
    if (!read_head(b, &kind, &length) || kind < 1 || kind > 3 || length != 1)
        return 0;
    *key = whole(b->at, kind);
    b->at += width_of(kind);
    return *key >= 0;
}

static int mark_of(int role)
{
    switch (role) {
    case TYPED: return IS_TYPED;
    case IMPUTED: return IS_IMPUTED;
    case IMP: return IS_IMP;
    case ONLY: return IS_ONLY;
    case GENOTYPED: return IS_GENOTYPED;
    case DR2: return IS_DR2;
    default: return 0;
    }
}

static int kind_of(int marks, int has_r2, int old)
{
    if (marks & IS_ONLY)
        return 1;
    if (marks & IS_GENOTYPED || (marks & IS_TYPED && (old || marks & IS_IMPUTED)))
        return 3;
    if (marks & IS_TYPED)
        return 1;
    if (marks & IS_DR2 && !(marks & (IS_IMP | IS_IMPUTED)))
        return 3;
    return marks & (IS_IMP | IS_IMPUTED) || has_r2 ? 2 : 0;
}

static double figure_of(const uint8_t *p, int kind)
{
    int32_t bits = kind == 5 ? whole32(p) : whole(p, kind);
    int32_t least = kind == 1 ? INT8_MIN : kind == 2 ? INT16_MIN : INT32_MIN;
    float value;
    if (kind == 5)
        memcpy(&value, &bits, 4);
    else
        value = bits <= least + 1 ? NAN : (float)bits;
    return isfinite(value) ? (double)value : (double)NAN;
}

typedef struct {
    double r2, er2, af, maf;
    int kind;
} Figures;

/* INFO and FILTER; 0 where one of the figures that count is a list. */
static int read_figures(Bytes *b, int infos, const uint8_t *roles, Size words, int old, Figures *out)
{
    int kind, marks = 0, there[FIGURES] = {0}, which = 0;
    int64_t length, key;
    double value[FIGURES];
    if (!read_head(b, &kind, &length) || (length && (kind < 1 || kind > 3)))
        return 0;
    for (int64_t i = 0; i < length; i++, b->at += width_of(kind)) {
        int32_t word = whole(b->at, kind);
        marks |= word >= 0 && word < words ? mark_of(roles[word]) : 0;
    }
    for (int i = 0; i < FIGURES; i++)
        value[i] = (double)NAN;
    for (int i = 0; i < infos; i++) {
        if (!read_key(b, &key) || !read_head(b, &kind, &length))
            return 0;
        int role = key < words ? roles[key] : NOTHING;
        marks |= mark_of(role);
        if (role > NOTHING && role < FIGURES && !there[role] && kind && kind != 7 && length) {
            if (length != 1)
                return 0;
            there[role] = 1;
            value[role] = figure_of(b->at, kind);
        }
        b->at += length * width_of(kind);
    }
    for (int role = RSQ; role >= R2; role--)
        which = there[role] ? role : which;
    *out = (Figures){value[which], value[ER2], value[AF], value[MAF], kind_of(marks, which > 0, old)};
    if (isnan(out->maf) && !isnan(out->af))
        return 0; /* half of one less a decimal: Python rounds it from the digits */
    return b->at == b->stop;
}

static PyObject *fields_of(Bytes b, int fields, Size samples)
{
    PyObject *made = PyTuple_New(fields);
    for (int i = 0; made != NULL && i < fields; i++) {
        int kind;
        int64_t key, length;
        PyObject *one = NULL;
        if (read_key(&b, &key) && read_head(&b, &kind, &length) &&
            (b.stop - b.at) / (samples ? samples : 1) >= length * width_of(kind)) {
            Size size = (Size)length * width_of(kind) * samples;
            one = Py_BuildValue("Liny#", (long long)key, kind, (Size)length, (const char *)b.at, size);
            b.at += size;
        }
        if (one == NULL || PyTuple_SetItem(made, i, one) < 0) {
            Py_DECREF(made);
            made = NULL;
        }
    }
    return made;
}

static PyObject *taken_apart(const Py_buffer *shared, const Py_buffer *own, const Py_buffer *roles, Size samples, int old)
{
    const uint8_t *p = shared->buf, *text[3];
    Size size[3];
    Bytes b = {p + FIXED, p + shared->len}, cells = {own->buf, (const uint8_t *)own->buf + own->len};
    if (shared->len < FIXED || (uint32_t)whole32(p + 16) >> 16 != 2)
        Py_RETURN_NONE;
    int infos = whole32(p + 16) & 0xFFFF, fields = p[23];
    Figures f;
    for (int i = 0; i < 3; i++)
        if (!read_text(&b, &text[i], &size[i]))
            Py_RETURN_NONE;
    if (!size[1] || !size[2] || fields > MOST_FIELDS || !read_figures(&b, infos, roles->buf, roles->len, old, &f))
        Py_RETURN_NONE;
    PyObject *parts = fields_of(cells, fields, samples);
    if (parts == NULL) {
        if (PyErr_Occurred())
            return NULL;
        Py_RETURN_NONE;
    }
    return Py_BuildValue("iy#y#y#ddddiN", whole32(p + 4), (const char *)text[0], size[0], (const char *)text[1],
                         size[1], (const char *)text[2], size[2], f.r2, f.er2, f.af, f.maf, f.kind, parts);
}

static PyObject *record(PyObject *module, PyObject *args)
{
    Py_buffer shared = {0}, own = {0}, roles = {0};
    PyObject *result = NULL;
    Size samples;
    int old;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*y*y*np:record", &shared, &own, &roles, &samples, &old))
        return NULL;
    if (samples < 0 || samples > 1 << 28)
        PyErr_SetString(PyExc_ValueError, "an impossible number of samples");
    else
        result = taken_apart(&shared, &own, &roles, samples, old);
    PyBuffer_Release(&shared);
    PyBuffer_Release(&own);
    PyBuffer_Release(&roles);
    return result;
}

static PyMethodDef module_methods[] = {
    {"record", record, METH_VARARGS,
     "record(shared, own, roles, samples, old): position, ID, REF, ALT, R2, ER2, AF, MAF, kind and the fields (number of "
     "the name, type, length, bytes); None for a record that Python must read."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot module_slots[] = {
    {0, NULL},
};

static struct PyModuleDef module_def = {
    PyModuleDef_HEAD_INIT,
    .m_name = "app.results._bcf_record",
    .m_doc = "Records of BCF taken apart.",
    .m_size = 0,
    .m_methods = module_methods,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__bcf_record(void)
{
    return PyModuleDef_Init(&module_def);
}
