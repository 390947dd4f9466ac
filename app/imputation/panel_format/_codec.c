/* Packs the alleles of a panel and unpacks them, and reads the rows of a phased VCF.
 *
 * The twin of app/imputation/panel_format/numpy_codec.py and vcf_text.py, which give the same answers (tests
 * compare them). Haplotypes stand in an order in which those that were alike over the last sites are
 * neighbours (positional Burrows-Wheeler transform; Durbin 2014, doi:10.1093/bioinformatics/btu014), so the
 * carriers of an allele lie side by side. A site is said by the places of its rarer allele in that order: one
 * by one where there are few, as runs where there are more. What is unpacked is not trusted: each number is
 * compared with the end of its stream, each place with the number of haplotypes, before anything is touched.
 * Only the limited API of Python 3.11 is used.
 */
#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>
#include <stdint.h>
#include <string.h>

#ifdef _MSC_VER
#define restrict __restrict
#endif

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__) && \
    !defined(__SANITIZE_ADDRESS__)
#define VECTOR __attribute__((target_clones("avx2", "default"), optimize("O3")))
#else
#define VECTOR
#endif

typedef Py_ssize_t Size;

enum { FIRST, GAPS, MAJOR, MINOR = 6, STREAMS = 10, CLASSES = 4 }; /* in step with streams.py */
enum { BITS = 2 }; /* app/imputation/built_in/stretch.py */
enum { FEW_TO_SORT = 24, BITS_A_CARRIER = 32 };

/* What is the same for all sites of a block, as streams.py tells it. */
typedef struct {
    Size size;          /* haplotypes */
    uint32_t gaps_most; /* so many carriers are said one by one */
    uint32_t turn_least; /* the order follows sites with so many carriers of the rarer allele */
} Form;

static int class_of(uint32_t few, Size size)
{
    return ((uint64_t)few * 64 > (uint64_t)size) + ((uint64_t)few * 16 > (uint64_t)size) +
           ((uint64_t)few * 6 > (uint64_t)size);
}

static int holds(const Py_buffer *b, Size count, Size width)
{
    if (count < 0 || count > PY_SSIZE_T_MAX / width || b->len < count * width) {
        PyErr_SetString(PyExc_ValueError, "an array is too small");
        return 0;
    }
    return 1;
}

static void release(Py_buffer *b, int count)
{
    for (int i = 0; i < count; i++)
        if (b[i].obj != NULL)
            PyBuffer_Release(&b[i]);
}

/* ---- packing ---- */

/* How many have ALT; UINT32_MAX where a number is neither 0 nor 1. */
VECTOR static uint32_t sum_row(const uint8_t *restrict row, Size size)
{
    uint32_t total = 0;
    uint8_t seen = 0;
    for (Size k = 0; k < size; k++) {
        total += row[k];
        seen |= row[k];
    }
    return seen > 1 ? UINT32_MAX : total;
}

/* The haplotypes of a row that have an allele; there is room for `most`. */
static Size carriers_of(const uint8_t *row, Size size, uint8_t allele, uint32_t *out)
{
    const uint64_t none = allele ? 0 : UINT64_C(0x0101010101010101);
    Size found = 0, k = 0;
    for (; k + 8 <= size; k += 8) {
        uint64_t word;
        memcpy(&word, row + k, 8);
        if (word == none)
            continue;
        for (Size i = k; i < k + 8; i++)
            if (row[i] == allele)
                out[found++] = (uint32_t)i;
    }
    for (; k < size; k++)
        if (row[k] == allele)
            out[found++] = (uint32_t)k;
    return found;
}

/* Ascending; by a set of bits (`set` is all zero before and after) where there are many. */
static void sort_numbers(uint32_t *numbers, Size count, uint64_t *set, Size size)
{
    if (count <= FEW_TO_SORT) {
        for (Size i = 1; i < count; i++) {
            uint32_t number = numbers[i];
            Size at = i;
            for (; at > 0 && numbers[at - 1] > number; at--)
                numbers[at] = numbers[at - 1];
            numbers[at] = number;
        }
        return;
    }
    for (Size i = 0; i < count; i++)
        set[numbers[i] >> 6] |= UINT64_C(1) << (numbers[i] & 63);
    Size at = 0;
    for (Size word = 0; word < (size + 63) / 64; word++) {
        uint64_t bits = set[word];
        set[word] = 0;
        for (uint32_t base = (uint32_t)word * 64; bits; bits &= bits - 1) {
#if defined(__GNUC__) || defined(__clang__)
            numbers[at++] = base + (uint32_t)__builtin_ctzll(bits);
#else
            uint64_t low = bits & (~bits + 1);
            uint32_t place = 0;
            while (low >>= 1)
                place++;
            numbers[at++] = base + place;
#endif
        }
    }
}

typedef struct {
    uint32_t *order, *rank, *places, *next; /* each of `size` */
    uint64_t *set;
    int64_t *turned; /* whether `rank` is older than `order` */
} Scratch;

static void renew_ranks(Scratch *s, Size size)
{
    if (!*s->turned)
        return;
    for (Size i = 0; i < size; i++)
        s->rank[s->order[i]] = (uint32_t)i;
    *s->turned = 0;
}

/* The places of the rarer allele in the order, ascending. */
static void find_places(const uint8_t *row, const Form *form, uint8_t allele, uint32_t few, Scratch *s)
{
    Size size = form->size;
    if ((uint64_t)few * 8 > (uint64_t)size) {
        Size found = 0;
        for (Size i = 0; i < size; i++) {
            s->places[found] = (uint32_t)i;
            found += row[s->order[i]] == allele;
        }
        return;
    }
    renew_ranks(s, size);
    carriers_of(row, size, allele, s->places);
    for (uint32_t i = 0; i < few; i++)
        s->places[i] = s->rank[s->places[i]];
    sort_numbers(s->places, few, s->set, size);
}

/* Moves the haplotypes with REF to the front and those with ALT behind them, each in their order. */
static void turn(const uint32_t *starts, const uint32_t *lengths, Size runs, int rarer_is_alt, uint32_t alts,
                 Size size, uint32_t **order, uint32_t **next)
{
    uint32_t *front = *next, *back = *next + (size - (Size)alts), *old = *order;
    uint32_t at = 0;
    for (Size run = 0; run <= runs; run++) {
        uint32_t start = run < runs ? starts[run] : (uint32_t)size, length = run < runs ? lengths[run] : 0;
        uint32_t between = start - at;
        uint32_t **common = rarer_is_alt ? &front : &back, **rare = rarer_is_alt ? &back : &front;
        memcpy(*common, old + at, 4 * (size_t)between);
        *common += between;
        memcpy(*rare, old + start, 4 * (size_t)length);
        *rare += length;
        at = start + length;
    }
    *order = *next;
    *next = old;
}

typedef struct {
    uint32_t *values; /* STREAMS times `room` */
    int64_t *fill;    /* of each stream */
    Size room;
} Streams;

static void put(Streams *streams, int stream, uint32_t value)
{
    streams->values[stream * streams->room + streams->fill[stream]++] = value;
}

/* Joins neighbouring places to runs, in place; how many. */
static Size to_runs(uint32_t *places, uint32_t few, uint32_t *lengths)
{
    Size runs = 0;
    for (uint32_t i = 0; i < few;) {
        uint32_t start = places[i], length = 1;
        for (i++; i < few && places[i] == start + length; i++)
            length++;
        places[runs] = start;
        lengths[runs++] = length;
    }
    return runs;
}

static void put_site(Streams *streams, const Form *form, const uint32_t *starts, const uint32_t *lengths,
                     Size runs, uint32_t few)
{
    uint32_t at = 0;
    if (few <= form->gaps_most) {
        for (Size run = 0; run < runs; run++)
            for (uint32_t i = 0; i < lengths[run]; i++) {
                uint32_t place = starts[run] + i;
                put(streams, at ? GAPS : FIRST, place - at);
                at = place + 1;
            }
        return;
    }
    int kind = class_of(few, form->size);
    for (Size run = 0; run < runs; run++) {
        put(streams, MAJOR + kind, starts[run] - at - (run > 0));
        put(streams, MINOR + kind, lengths[run] - 1);
        at = starts[run] + lengths[run];
    }
}

/* Rows until one of the streams might be too full; how many were packed, -1 where they are no alleles. */
static Size pack_rows(const uint8_t *rows, Size count, const Form *form, Scratch *s, Streams *streams,
                      uint32_t *alts, uint32_t *lengths, Size limit)
{
    uint32_t *const home = s->order;
    Size row = 0;
    for (; row < count; row++) {
        for (int stream = 0; stream < STREAMS; stream++)
            if (streams->fill[stream] > limit)
                goto full;
        const uint8_t *alleles = rows + row * form->size;
        uint32_t ones = sum_row(alleles, form->size);
        if (ones == UINT32_MAX)
            return -1;
        int rarer_is_alt = 2 * (uint64_t)ones <= (uint64_t)form->size;
        uint32_t few = rarer_is_alt ? ones : (uint32_t)form->size - ones;
        alts[row] = ones;
        if (!few)
            continue;
        find_places(alleles, form, (uint8_t)rarer_is_alt, few, s);
        Size runs = to_runs(s->places, few, lengths);
        put_site(streams, form, s->places, lengths, runs, few);
        if (few >= form->turn_least) {
            turn(s->places, lengths, runs, rarer_is_alt, ones, form->size, &s->order, &s->next);
            *s->turned = 1;
        }
    }
full:
    if (s->order != home) {
        memcpy(home, s->order, 4 * (size_t)form->size);
        s->next = s->order;
        s->order = home;
    }
    return row;
}

/* Whether the order has each haplotype once and what else is kept from call to call can be. */
static int state_sound(const Scratch *s, const Streams *streams, Size size)
{
    size_t bytes = 8 * (size_t)((size + 63) / 64);
    int sound = 1;
    for (int stream = 0; stream < STREAMS; stream++)
        sound &= streams->fill[stream] >= 0 && streams->fill[stream] <= streams->room;
    memset(s->set, 0, bytes);
    for (Size k = 0; sound && k < size; k++) {
        uint32_t at = s->order[k];
        sound = at < (uint64_t)size && !(s->set[at >> 6] >> (at & 63) & 1) &&
                (*s->turned || s->rank[at] == (uint64_t)k);
        if (sound)
            s->set[at >> 6] |= UINT64_C(1) << (at & 63);
    }
    memset(s->set, 0, bytes);
    return sound;
}

static PyObject *codec_pack(PyObject *module, PyObject *args)
{
    Py_buffer b[6] = {{0}};
    Size count, limit, room, done;
    Form form;
    unsigned int gaps, least;
    PyObject *result = NULL;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*nnIIw*w*w*w*w*nn:pack", &b[0], &count, &form.size, &gaps, &least, &b[1], &b[2],
                          &b[3], &b[4], &b[5], &room, &limit))
        return NULL;
    form.gaps_most = gaps;
    form.turn_least = least;
    /* rows, scratch (5 x size of 4 bytes, then the set), turned, values, fill, alts */
    Size set = form.size > 0 ? (form.size + 63) / 64 : 0;
    if (form.size <= 0 || form.size > (1 << 26) || limit < 0 || limit > room - form.size - 2) {
        PyErr_SetString(PyExc_ValueError, "impossible sizes");
    } else if (holds(&b[0], count, form.size) && holds(&b[1], 5 * form.size + (form.size & 1) + 2 * set, 4) &&
               holds(&b[2], 1, 8) && holds(&b[3], room * STREAMS, 4) && holds(&b[4], STREAMS, 8) &&
               holds(&b[5], count, 4)) {
        uint32_t *words = b[1].buf;
        Scratch s = {words, words + form.size, words + 2 * form.size, words + 3 * form.size,
                     (uint64_t *)(words + 5 * form.size + (form.size & 1)), b[2].buf};
        Streams streams = {b[3].buf, b[4].buf, room};
        if (!state_sound(&s, &streams, form.size)) {
            PyErr_SetString(PyExc_ValueError, "impossible state");
        } else {
            Py_BEGIN_ALLOW_THREADS
            done = pack_rows(b[0].buf, count, &form, &s, &streams, b[5].buf, words + 4 * form.size, limit);
            Py_END_ALLOW_THREADS
            if (done < 0)
                PyErr_SetString(PyExc_ValueError, "an allele is neither 0 nor 1");
            else
                result = PyLong_FromSsize_t(done);
        }
    }
    release(b, 6);
    return result;
}

/* ---- unpacking ---- */

typedef struct {
    const uint32_t *values;
    Size at[STREAMS], stop[STREAMS];
} Source;

static int take(Source *source, int stream, uint32_t *value)
{
    if (source->at[stream] >= source->stop[stream])
        return 0;
    *value = source->values[source->at[stream]++];
    return 1;
}

/* The runs of a site; how many, -1 when they cannot be. */
static Size take_site(Source *source, const Form *form, uint32_t few, uint32_t *starts, uint32_t *lengths)
{
    uint64_t at = 0, size = (uint64_t)form->size;
    uint32_t value, left = few;
    Size runs = 0;
    if (few <= form->gaps_most) {
        for (; left; left--) {
            if (!take(source, at ? GAPS : FIRST, &value) || at + value >= size)
                return -1;
            if (runs && !value) {
                lengths[runs - 1]++;
            } else {
                starts[runs] = (uint32_t)(at + value);
                lengths[runs++] = 1;
            }
            at += (uint64_t)value + 1;
        }
        return runs;
    }
    int kind = class_of(few, form->size);
    while (left) {
        if (!take(source, MAJOR + kind, &value))
            return -1;
        uint64_t start = at + value + (runs > 0);
        if (!take(source, MINOR + kind, &value) || value >= left || start + value >= size)
            return -1;
        starts[runs] = (uint32_t)start;
        lengths[runs++] = value + 1;
        left -= value + 1;
        at = start + value + 1;
    }
    return runs;
}

static void write_carriers(const uint32_t *order, const uint32_t *starts, const uint32_t *lengths, Size runs,
                           uint32_t few, uint32_t *out, uint64_t *set, Size size)
{
    uint32_t *at = out;
    for (Size run = 0; run < runs; run++) {
        memcpy(at, order + starts[run], 4 * (size_t)lengths[run]);
        at += lengths[run];
    }
    sort_numbers(out, few, set, size);
}

static void write_bits(const uint32_t *order, const uint32_t *starts, const uint32_t *lengths, Size runs,
                       int rarer_is_alt, uint8_t *out, Size size)
{
    Size width = (size + 7) / 8;
    memset(out, rarer_is_alt ? 0 : 0xFF, (size_t)width);
    if (!rarer_is_alt && (size & 7))
        out[width - 1] = (uint8_t)((1u << (size & 7)) - 1);
    for (Size run = 0; run < runs; run++) {
        const uint32_t *each = order + starts[run], *stop = each + lengths[run];
        for (; each < stop; each++)
            out[*each >> 3] ^= (uint8_t)(1u << (*each & 7));
    }
}

typedef struct {
    const uint32_t *alts;
    const uint8_t *form;
    const int64_t *start;
    uint32_t *carriers;
    uint8_t *bits;
    Size carriers_room, rows_room;
} Target;

static int unpack_rows(Size count, const Form *form, Source *source, const Target *t, uint32_t *words, uint64_t *set)
{
    Size size = form->size;
    uint32_t *order = words, *next = words + size, *starts = words + 2 * size, *lengths = words + 3 * size;
    for (Size k = 0; k < size; k++)
        order[k] = (uint32_t)k;
    for (Size row = 0; row < count; row++) {
        uint32_t ones = t->alts[row];
        if (ones > (uint64_t)size)
            return 0;
        int rarer_is_alt = 2 * (uint64_t)ones <= (uint64_t)size;
        uint32_t few = rarer_is_alt ? ones : (uint32_t)size - ones;
        Size runs = few ? take_site(source, form, few, starts, lengths) : 0;
        int64_t start = t->start[row];
        if (runs < 0 || start < 0)
            return 0;
        if (t->form[row] == BITS) {
            if (start >= t->rows_room)
                return 0;
            write_bits(order, starts, lengths, runs, rarer_is_alt, t->bits + start * ((size + 7) / 8), size);
        } else {
            if (t->form[row] != !rarer_is_alt || start > t->carriers_room || few > t->carriers_room - start)
                return 0;
            write_carriers(order, starts, lengths, runs, few, t->carriers + start, set, size);
        }
        if (few && few >= form->turn_least)
            turn(starts, lengths, runs, rarer_is_alt, ones, size, &order, &next);
    }
    for (int stream = 0; stream < STREAMS; stream++)
        if (source->at[stream] != source->stop[stream])
            return 0;
    return 1;
}

static int set_source(Source *source, const Py_buffer *values, const int64_t *ends)
{
    Size before = 0, all = values->len / 4;
    source->values = values->buf;
    for (int stream = 0; stream < STREAMS; stream++) {
        if (ends[stream] < before || ends[stream] > all)
            return 0;
        source->at[stream] = before;
        source->stop[stream] = before = ends[stream];
    }
    return 1;
}

static PyObject *codec_unpack(PyObject *module, PyObject *args)
{
    Py_buffer b[8] = {{0}};
    Size count;
    Form form;
    Source source;
    unsigned int gaps, least;
    int sound = 0;
    PyObject *result = NULL;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*y*nnIIy*y*y*w*w*w*:unpack", &b[0], &b[1], &count, &form.size, &gaps, &least,
                          &b[2], &b[3], &b[4], &b[5], &b[6], &b[7]))
        return NULL;
    form.gaps_most = gaps;
    form.turn_least = least;
    /* values, ends, alts, form, start, carriers, bits, scratch (4 x size, then the set) */
    Size set = form.size > 0 ? (form.size + 63) / 64 : 0;
    if (form.size <= 0 || form.size > (1 << 26)) {
        PyErr_SetString(PyExc_ValueError, "impossible sizes");
    } else if (holds(&b[1], STREAMS, 8) && holds(&b[2], count, 4) && holds(&b[3], count, 1) &&
               holds(&b[4], count, 8) && holds(&b[7], 4 * form.size + 2 * set, 4)) {
        uint32_t *words = b[7].buf;
        uint64_t *bits = (uint64_t *)(words + 4 * form.size);
        Target target = {b[2].buf, b[3].buf, b[4].buf, b[5].buf, b[6].buf, b[5].len / 4,
                         b[6].len / ((form.size + 7) / 8)};
        memset(bits, 0, 8 * (size_t)set);
        Py_BEGIN_ALLOW_THREADS
        sound = set_source(&source, &b[0], b[1].buf) && unpack_rows(count, &form, &source, &target, words, bits);
        Py_END_ALLOW_THREADS
        result = PyBool_FromLong(sound);
    }
    release(b, 8);
    return result;
}

/* ---- rows of a VCF ---- */

enum { FIELDS = 10 }; /* ends of the first nine columns, and where the line ends */
enum { PLAIN_ROW, ODD_ROW, OTHER_ROW }; /* in step with vcf_text.py */
enum { MOST_ALLELE = 254 };

/* Cells `a|b` of one digit, four bytes each with what is behind; 1 when all are 0 or 1. */
VECTOR static int plain_cells(const uint8_t *restrict text, Size people, uint8_t *restrict alleles)
{
    uint32_t bad = 0;
    for (Size i = 0; i < people; i++) {
        uint32_t word, base = 0x09307C30u; /* 0|0 and a tab, little-endian */
        memcpy(&word, text + 4 * i, 4);
        word ^= base;
        bad |= word & ~0x00010001u;
        alleles[2 * i] = (uint8_t)word;
        alleles[2 * i + 1] = (uint8_t)(word >> 16);
    }
    return !bad;
}

static int plain_row(const uint8_t *text, const uint8_t *stop, Size people, uint8_t *alleles)
{
    const union {
        uint32_t number;
        uint8_t first;
    } probe = {1};
    if (!probe.first || stop - text != 4 * people - 1 || people < 1)
        return 0;
    const uint8_t *last = stop - 3; /* the last cell has no tab behind it */
    if (people > 1 && !plain_cells(text, people - 1, alleles))
        return 0;
    if ((last[0] | 1) != '1' || last[1] != '|' || (last[2] | 1) != '1')
        return 0;
    alleles[2 * people - 2] = last[0] & 1;
    alleles[2 * people - 1] = last[2] & 1;
    return 1;
}

/* One allele of a cell; -1 when it is none. */
static int read_allele(const uint8_t **at, const uint8_t *stop, int most)
{
    const uint8_t *p = *at;
    int value = 0;
    if (p == stop || *p < '0' || *p > '9')
        return -1;
    for (; p < stop && *p >= '0' && *p <= '9'; p++) {
        value = 10 * value + (*p - '0');
        if (value > most)
            return -1;
    }
    *at = p;
    return value;
}

/* Cells of any length whose people have as many alleles as `ploidy` says; 1 when all is well. Two equal
 * alleles are phased whatever stands between them. */
static int any_row(const uint8_t *text, const uint8_t *stop, Size people, const uint8_t *ploidy, int most,
                   uint8_t *alleles)
{
    for (Size person = 0; person < people; person++) {
        int value = read_allele(&text, stop, most);
        if (value < 0)
            return 0;
        *alleles++ = (uint8_t)value;
        if (ploidy[person] == 2) {
            int first = value, phased = text < stop && *text == '|';
            if (text == stop || (*text != '|' && *text != '/'))
                return 0;
            text++;
            value = read_allele(&text, stop, most);
            if (value < 0 || (!phased && value != first))
                return 0;
            *alleles++ = (uint8_t)value;
        }
        if (text < stop && *text == ':') {
            const uint8_t *tab = memchr(text, '\t', (size_t)(stop - text));
            text = tab == NULL ? stop : tab;
        }
        if (person + 1 == people)
            return text == stop;
        if (text == stop || *text++ != '\t')
            return 0;
    }
    return 0;
}

/* Where the columns before the genotypes end; 0 when there are too few. */
static int find_columns(const uint8_t *text, const uint8_t *from, const uint8_t *stop, int64_t *fields)
{
    for (int column = 0; column < 9; column++) {
        const uint8_t *tab = memchr(from, '\t', (size_t)(stop - from));
        if (tab == NULL)
            return 0;
        fields[column] = tab - text;
        from = tab + 1;
    }
    return 1;
}

static int gt_first(const uint8_t *format, const uint8_t *stop)
{
    return stop - format >= 2 && format[0] == 'G' && format[1] == 'T' && (stop - format == 2 || format[2] == ':');
}

static PyObject *codec_rows(PyObject *module, PyObject *args)
{
    Py_buffer b[5] = {{0}};
    Size at, people, size, most, row = 0;
    PyObject *result = NULL;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*ny*nnw*w*w*:rows", &b[0], &at, &b[1], &size, &most, &b[2], &b[3], &b[4]))
        return NULL;
    people = b[1].len;
    Size total = 0;
    int sound = 1;
    for (Size i = 0; i < people; i++) {
        uint8_t many = ((const uint8_t *)b[1].buf)[i];
        total += many;
        sound &= many == 1 || many == 2;
    }
    if (!sound || at < 0 || at > b[0].len || total != size || most < 0) {
        PyErr_SetString(PyExc_ValueError, "impossible sizes");
    } else if (holds(&b[2], most, size ? size : 1) && holds(&b[3], most * FIELDS, 8) && holds(&b[4], most, 1)) {
        const uint8_t *text = b[0].buf, *end = text + b[0].len, *line = text + at;
        int64_t *fields = b[3].buf;
        uint8_t *alleles = b[2].buf, *odd = b[4].buf;
        Py_BEGIN_ALLOW_THREADS
        for (; row < most && line < end && *line != '#'; row++, fields += FIELDS, alleles += size) {
            const uint8_t *break_ = memchr(line, '\n', (size_t)(end - line));
            const uint8_t *stop = break_ == NULL ? end : break_;
            const uint8_t *next = break_ == NULL ? end : break_ + 1;
            if (stop > line && stop[-1] == '\r')
                stop--;
            fields[9] = stop - text;
            odd[row] = ODD_ROW;
            if (find_columns(text, line, stop, fields) && gt_first(text + fields[7] + 1, text + fields[8])) {
                const uint8_t *cells = text + fields[8] + 1;
                int plain = fields[8] - fields[7] == 3 && total == 2 * people &&
                            plain_row(cells, stop, people, alleles);
                if (plain)
                    odd[row] = PLAIN_ROW;
                else if (people && any_row(cells, stop, people, b[1].buf, MOST_ALLELE, alleles))
                    odd[row] = OTHER_ROW;
            } else {
                fields[8] = -1;
            }
            line = next;
        }
        at = line - text;
        Py_END_ALLOW_THREADS
        result = Py_BuildValue("nn", row, at);
    }
    release(b, 5);
    return result;
}

static PyMethodDef methods[] = {
    {"pack", codec_pack, METH_VARARGS, "Pack rows of alleles into streams of numbers; how many rows."},
    {"unpack", codec_unpack, METH_VARARGS, "Unpack the sites of a block; whether they can be right."},
    {"rows", codec_rows, METH_VARARGS, "Read rows of a phased VCF: (rows, where the next line begins)."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_codec", "The alleles of a panel, packed.", 0, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__codec(void)
{
    return PyModule_Create(&definition);
}
