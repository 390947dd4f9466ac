/* Reads rows of imputed VCF files into arrays.
 *
 * The twin of app/results/doses/{info,cells}.py, which give the same answers (property tests compare them). Only what engines usually write is read here: one ALT, plain decimal figures, genotypes of
 * 0, 1 and dots. Any row with something else is marked SLOW, and Python reads it or says what is wrong with
 * it. Neighbours in a row are often the same text, so a cell that equals one of the last two is copied.
 * The input is not trusted: each place is compared with the end of the text, each output with the size of its
 * array, before it is touched. Only the limited API of Python 3.11 is used.
 */
#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { SAMPLES, CAPACITY, WANT, OLD, ROWS, LINES, STATE_SIZE }; /* in step with fast_rows.py */
enum { DOSAGE = 1, HAPLOTYPES = 2, PROBABILITIES = 4, GENOTYPES = 8, LEFT_OUT = 16, BARE = 32 }; /* Field */
enum { TYPED = 1, IMPUTED = 2 }; /* SiteKind */
enum { PLACES = 11, COLUMNS = 9, MOST_WORDS = 16 };
enum { GT = 1, DS, HDS, GP, LDS }; /* words of FORMAT */

typedef const uint8_t *Text;

typedef struct {
    Text from, to;
} Span;

typedef struct {
    int64_t *state, *position, *places, *line;
    float *info;
    uint8_t *kind, *slow, *has;
    float *dosage, *haplotypes, *probabilities, *left_out;
    int8_t *genotypes;
    uint8_t *phased;
    int64_t samples;
    int want, bare; /* bare: INFO is not read */
    Text start;
} Block;

typedef struct { /* figures of a cell */
    float dosage, haplotype[2], probability[3], left_out[2];
    int8_t allele[2];
    uint8_t phased;
} Cell;

typedef struct {
    int word[MOST_WORDS], words, source, has;
} Form;

static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static int is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* A plain decimal number that a double holds exactly after one division; 0 for anything else. */
static int plain_number(Text *at, Text stop, double *value)
{
    Text p = *at;
    uint64_t digits = 0;
    int seen = 0, significant = 0, scale = 0, point = 0;
    for (; p < stop; p++) {
        if (is_digit(*p)) {
            digits = digits * 10 + (uint64_t)(*p - '0');
            significant += significant > 0 || *p != '0';
            seen++;
            scale += point;
        } else if (*p == '.' && !point)
            point = 1;
        else
            break;
        if (significant > 15 || seen > 40)
            return 0;
    }
    if (!seen)
        return 0;
    if (p < stop && (*p | 32) == 'e') {
        int minus = 0, exponent = 0, many = 0;
        p++;
        if (p < stop && (*p == '-' || *p == '+'))
            minus = *p++ == '-';
        for (; p < stop && is_digit(*p) && many < 3; p++, many++)
            exponent = exponent * 10 + (*p - '0');
        if (!many || (p < stop && is_digit(*p)))
            return 0;
        scale += minus ? exponent : -exponent;
    }
    if (scale > 22 || scale < -22)
        return 0;
    *value = scale >= 0 ? (double)digits / powers[scale] : (double)digits * powers[-scale];
    *at = p;
    return 1;
}

static int ends_value(Text p, Text stop)
{
    return p == stop || *p == '\t' || *p == ':' || *p == ',' || *p == '\n';
}

/* A figure of a cell, between 0 and `highest`; NaN for a dot. 0 when it is anything else. */
static int figure(Text *at, Text stop, double highest, double *value)
{
    Text p = *at;
    if (p < stop && (*p == '0' || *p == '1') && ends_value(p + 1, stop)) {
        *value = *p - '0';
        *at = p + 1;
        return 1;
    }
    if (p < stop && *p == '.' && ends_value(p + 1, stop)) {
        *value = (double)NAN;
        *at = p + 1;
        return 1;
    }
    return plain_number(at, stop, value) && *value <= highest && ends_value(*at, stop);
}

/* Figures with commas between them; how many, 0 when there are too many or one is odd. */
static int figures(Text *at, Text stop, double highest, double *values, int most)
{
    for (int n = 0; n < most; n++) {
        if (!figure(at, stop, highest, values + n))
            return 0;
        if (*at == stop || **at != ',')
            return n + 1;
        ++*at;
    }
    return 0;
}

static int read_pair(Text *at, Text stop, float *out, double *sum)
{
    double values[2] = {(double)NAN, (double)NAN};
    int many = figures(at, stop, 1.0, values, 2);
    out[0] = (float)values[0];
    out[1] = (float)values[1];
    *sum = many == 1 ? values[0] : values[0] + values[1];
    return many;
}

static int read_probabilities(Text *at, Text stop, float *out, double *dosage)
{
    double v[3] = {(double)NAN, (double)NAN, (double)NAN};
    int many = figures(at, stop, 1.0, v, 3);
    if (many == 1 && v[0] == v[0])
        return 0; /* one probability is none */
    for (int i = 0; i < 3; i++)
        out[i] = (float)v[i];
    *dosage = v[2] == v[2] ? v[1] + 2.0 * v[2] : v[1];
    return many;
}

static int read_allele(Text *at, Text stop, int8_t *out)
{
    if (*at == stop)
        return 0;
    uint8_t c = **at;
    if (c != '0' && c != '1' && c != '.')
        return 0;
    *out = c == '.' ? -1 : (int8_t)(c - '0');
    ++*at;
    return 1;
}

static int read_genotype(Text *at, Text stop, Cell *cell, double *dosage)
{
    int8_t *a = cell->allele;
    a[1] = -2;
    cell->phased = 1;
    if (!read_allele(at, stop, a))
        return 0;
    if (*at < stop && (**at == '|' || **at == '/')) {
        cell->phased = **at == '|';
        ++*at;
        if (!read_allele(at, stop, a + 1))
            return 0;
    }
    *dosage = a[0] == -1 || a[1] == -1 ? (double)NAN : (double)((a[0] == 1) + (a[1] == 1));
    return 1;
}

static Cell missing_cell(const Form *form)
{
    Cell cell = {NAN, {NAN, NAN}, {NAN, NAN, NAN}, {NAN, NAN}, {-1, -1}, 0};
    if (form->has & GENOTYPES) {
        cell.allele[1] = -2;
        cell.phased = 1;
    }
    return cell;
}

/* One cell; gives where it ends, NULL when it is odd. */
static Text read_cell(Text p, Text stop, const Form *form, Cell *cell)
{
    for (int place = 0; place < form->words; place++) {
        int word = form->word[place], good = 1;
        double dosage = (double)NAN, sum;
        switch (word) {
        case GT:
            good = read_genotype(&p, stop, cell, &dosage);
            break;
        case DS:
            good = figure(&p, stop, 2.0, &dosage);
            break;
        case HDS:
            good = read_pair(&p, stop, cell->haplotype, &dosage);
            break;
        case GP:
            good = read_probabilities(&p, stop, cell->probability, &dosage);
            break;
        case LDS:
            good = read_pair(&p, stop, cell->left_out, &sum);
            break;
        default:
            while (p < stop && *p != ':' && *p != '\t' && *p != '\n')
                p++;
        }
        if (!good)
            return NULL;
        if (word && word == form->source)
            cell->dosage = (float)dosage;
        if (p == stop || *p == '\t' || *p == '\n')
            return p;
        if (*p != ':')
            return NULL;
        p++;
    }
    return NULL; /* more parts than FORMAT has words */
}

static void keep_cell(const Block *b, int64_t at, const Cell *cell)
{
    if (b->want & DOSAGE)
        b->dosage[at] = cell->dosage;
    if (b->want & HAPLOTYPES)
        memcpy(b->haplotypes + 2 * at, cell->haplotype, sizeof cell->haplotype);
    if (b->want & PROBABILITIES)
        memcpy(b->probabilities + 3 * at, cell->probability, sizeof cell->probability);
    if (b->want & LEFT_OUT)
        memcpy(b->left_out + 2 * at, cell->left_out, sizeof cell->left_out);
    if (b->want & GENOTYPES) {
        memcpy(b->genotypes + 2 * at, cell->allele, 2);
        b->phased[at] = cell->phased;
    }
}

typedef struct {
    Text from;
    size_t length;
    Cell cell;
} Known;

static int is_known(const Known *known, Text p, Text stop)
{
    size_t length = known->length;
    if (!length || (size_t)(stop - p) < length || *p != *known->from || memcmp(p, known->from, length) != 0)
        return 0;
    return p + length == stop || p[length] == '\t' || p[length] == '\n';
}

/* The cells of a row; gives where the line ends, NULL when the row is odd. */
static Text read_cells(const Block *b, int64_t row, Text p, Text stop, const Form *form)
{
    Known known[2];
    memset(known, 0, sizeof known);
    int older = 0;
    const Cell missing = missing_cell(form);
    for (int64_t i = 0; i < b->samples; i++) {
        int which = is_known(&known[!older], p, stop) ? !older : is_known(&known[older], p, stop) ? older : -1;
        Text end;
        if (which >= 0)
            end = p + known[which].length;
        else {
            Cell cell = missing;
            end = read_cell(p, stop, form, &cell);
            if (end == NULL)
                return NULL;
            which = older;
            known[which].from = p;
            known[which].length = (size_t)(end - p);
            known[which].cell = cell;
        }
        older = !which;
        keep_cell(b, row * b->samples + i, &known[which].cell);
        int last = end == stop || *end == '\n';
        if (last != (i == b->samples - 1))
            return NULL;
        p = last ? end : end + 1;
    }
    return p;
}

static int is_word(Span text, const char *word)
{
    size_t length = strlen(word);
    return (size_t)(text.to - text.from) == length && memcmp(text.from, word, length) == 0;
}

/* The words of FORMAT; 0 when there are too many. A word that comes twice counts where it stands first. */
static int read_form(const Block *b, Span text, Form *form)
{
    static const char *const names[] = {"", "GT", "DS", "HDS", "GP", "LDS"};
    static const int bits[] = {0, GENOTYPES, DOSAGE, HAPLOTYPES, PROBABILITIES, LEFT_OUT};
    static const int order[] = {DS, HDS, GP, GT};
    int there[6] = {0};
    memset(form, 0, sizeof *form);
    for (Text p = text.from;; p++) {
        Span word = {p, p};
        while (word.to < text.to && *word.to != ':')
            word.to++;
        if (form->words == MOST_WORDS)
            return 0;
        int found = 0;
        for (int i = 1; i < 6; i++)
            if (!there[i] && is_word(word, names[i]))
                found = i;
        there[found] = 1;
        form->word[form->words++] = found;
        p = word.to;
        if (p == text.to)
            break;
    }
    there[0] = 0;
    if (b->want & DOSAGE)
        for (int i = 3; i >= 0; i--)
            form->source = there[order[i]] ? order[i] : form->source;
    for (int i = 1; i < 6; i++)
        form->has |= there[i] ? bits[i] : 0;
    if (form->has & (HAPLOTYPES | PROBABILITIES | GENOTYPES))
        form->has |= DOSAGE;
    for (int place = 0; place < form->words; place++) {
        int word = form->word[place];
        if (word && word != form->source && !(bits[word] & b->want))
            form->word[place] = 0; /* nobody asked */
    }
    return 1;
}

enum { IS_TYPED = 1, IS_IMPUTED = 2, IS_IMP = 4, IS_ONLY = 8, IS_GENOTYPED = 16, IS_DR2 = 32 };

static int mark_of(Span word)
{
    static const struct {
        const char *word;
        int mark;
    } marks[] = {{"TYPED", IS_TYPED},         {"IMPUTED", IS_IMPUTED},  {"IMP", IS_IMP},
                 {"TYPED_ONLY", IS_ONLY},     {"GENOTYPED", IS_GENOTYPED}, {"GENOTYPED_ONLY", IS_ONLY},
                 {"DR2", IS_DR2}};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (is_word(word, marks[i].word))
            return marks[i].mark;
    return 0;
}

static Span next_word(Text *at, Text stop)
{
    Span word = {*at, *at};
    while (word.to < stop && *word.to != ';')
        word.to++;
    *at = word.to < stop ? word.to + 1 : NULL;
    return word;
}

static uint8_t kind_of(int marks, int has_r2, int old)
{
    if (marks & IS_ONLY)
        return TYPED;
    if (marks & IS_GENOTYPED || (marks & IS_TYPED && (old || marks & IS_IMPUTED)))
        return TYPED | IMPUTED;
    if (marks & IS_TYPED)
        return TYPED;
    if (marks & IS_DR2 && !(marks & (IS_IMP | IS_IMPUTED)))
        return TYPED | IMPUTED;
    return marks & (IS_IMP | IS_IMPUTED) || has_r2 ? IMPUTED : 0;
}

/* A figure of INFO as float32; NaN without one. 0 when it is no plain number. */
static int told(Span text, double *value)
{
    Text p = text.from;
    *value = (double)NAN;
    if (text.from == text.to || (text.to - text.from == 1 && *text.from == '.'))
        return 1;
    return plain_number(&p, text.to, value) && p == text.to;
}

enum { R2, DR2, INFO, RSQ, ER2, AF, MAF, KEYS };

/* INFO and FILTER of a record; 0 when a figure is odd. */
static int read_info(Block *b, int64_t row, Span info, Span filter)
{
    static const char *const names[] = {"R2", "DR2", "INFO", "Rsq", "ER2", "AF", "MAF"};
    Span value[KEYS];
    int there[KEYS] = {0}, marks = 0;
    memset(value, 0, sizeof value);
    for (Text at = info.from; at != NULL;) {
        Span word = next_word(&at, info.to), key = word;
        for (key.to = key.from; key.to < word.to && *key.to != '=';)
            key.to++;
        marks |= mark_of(key);
        if (key.to - key.from > 4)
            continue;
        for (int i = 0; i < KEYS; i++)
            if (!there[i] && is_word(key, names[i])) {
                there[i] = 1;
                value[i] = (Span){key.to < word.to ? key.to + 1 : key.to, word.to};
            }
    }
    for (Text at = filter.from; at != NULL;)
        marks |= mark_of(next_word(&at, filter.to));
    int which = -1;
    for (int i = RSQ; i >= R2; i--)
        which = value[i].from != value[i].to ? i : which;
    double r2 = (double)NAN, er2, af, maf;
    if ((which >= 0 && !told(value[which], &r2)) || !told(value[ER2], &er2) || !told(value[AF], &af) ||
        !told(value[MAF], &maf))
        return 0;
    if (maf != maf && af == af)
        maf = af < 1 - af ? af : 1 - af;
    float *out = b->info + 4 * row;
    out[0] = (float)r2, out[1] = (float)er2, out[2] = (float)af, out[3] = (float)maf;
    b->kind[row] = kind_of(marks, which >= 0, b->state[OLD] != 0);
    return 1;
}

static int64_t position_of(Span text)
{
    int64_t value = 0;
    if (text.from == text.to || text.to - text.from > 10)
        return -1;
    for (; text.from < text.to; text.from++) {
        if (!is_digit(*text.from))
            return -1;
        value = value * 10 + (*text.from - '0');
    }
    return value;
}

static Text line_end(Text at, Text stop)
{
    Text end = memchr(at, '\n', (size_t)(stop - at));
    return end == NULL ? stop : end;
}

/* The row without its cells; 0 when it is odd. `tabs` are the ends of its columns. */
static int read_head(Block *b, int64_t row, const Text *tabs)
{
    Span alt = {tabs[3] + 1, tabs[4]};
    b->position[row] = position_of((Span){tabs[0] + 1, tabs[1]});
    for (int i = 0; i < COLUMNS; i++)
        b->places[row * PLACES + 1 + i] = tabs[i] == NULL ? 0 : tabs[i] - b->start;
    if (b->position[row] < 0 || memchr(alt.from, ',', (size_t)(alt.to - alt.from)) != NULL)
        return 0;
    if (b->bare) {
        float *figures = b->info + 4 * row;
        figures[0] = figures[1] = figures[2] = figures[3] = (float)NAN;
        b->kind[row] = 0;
        return 1;
    }
    return read_info(b, row, (Span){tabs[6] + 1, tabs[7]}, (Span){tabs[5] + 1, tabs[6]});
}

/* Where a line ends that has a cell for each sample; NULL otherwise. */
static Text counted_end(const Block *b, Text cells, Text stop)
{
    Text end = line_end(cells, stop);
    int64_t tabs = 0;
    for (Text p = cells; p < end; p++)
        tabs += *p == '\t';
    return tabs == b->samples - 1 ? end : NULL;
}

/* One row; gives where its line ends. */
static Text read_row(Block *b, int64_t row, Text at, Text stop, Text *tabs, int found)
{
    int wanted = b->samples ? 9 : 8;
    Text end = NULL;
    b->has[row] = 0;
    if (found < wanted)
        for (int i = 1; i < COLUMNS; i++) /* Python refuses the line; it looks at nothing else */
            b->places[row * PLACES + 1 + i] = b->places[row * PLACES];
    if (found == wanted && read_head(b, row, tabs)) {
        if (b->samples) {
            Form form;
            if (read_form(b, (Span){tabs[7] + 1, tabs[8]}, &form)) {
                b->has[row] = (uint8_t)(form.has & b->want);
                end = b->want ? read_cells(b, row, tabs[8] + 1, stop, &form)
                              : counted_end(b, tabs[8] + 1, stop);
            }
        } else
            end = line_end(tabs[7], stop);
    }
    b->slow[row] = end == NULL;
    return end == NULL ? line_end(at, stop) : end;
}

/* The ends of the first columns; the last one of a file without samples may be the end of the line. */
static int find_tabs(const Block *b, Text at, Text stop, Text *tabs)
{
    int wanted = b->samples ? 9 : 8, found = 0;
    Text p = at;
    for (; found < wanted && p < stop && *p != '\n'; p++)
        if (*p == '\t')
            tabs[found++] = p;
    if (!b->samples && found == 7 && (p == stop || *p == '\n'))
        tabs[found++] = p > at && p[-1] == '\r' ? p - 1 : p;
    return found;
}

static int same_name(const Block *b, Text at, Text tab)
{
    if (b->state[ROWS] == 0)
        return 1;
    int64_t from = b->places[0], to = b->places[1];
    return tab - at == to - from && memcmp(b->start + from, at, (size_t)(to - from)) == 0;
}

/* A line of the header or an empty one. */
static int is_no_row(Text at, Text stop)
{
    return *at == '#' || *at == '\n' || (*at == '\r' && (at + 1 == stop || at[1] == '\n'));
}

static Text fill_block(Block *b, Text at, Text stop)
{
    while (at < stop && b->state[ROWS] < b->state[CAPACITY]) {
        Text end;
        if (is_no_row(at, stop))
            end = line_end(at, stop);
        else {
            Text tabs[COLUMNS] = {NULL};
            int found = find_tabs(b, at, stop, tabs);
            Text name_end = found ? tabs[0] : line_end(at, stop);
            if (!same_name(b, at, name_end))
                return at;
            int64_t row = b->state[ROWS];
            b->places[row * PLACES] = at - b->start;
            b->places[row * PLACES + 1] = name_end - b->start;
            b->line[row] = b->state[LINES];
            end = read_row(b, row, at, stop, tabs, found);
            b->places[row * PLACES + 10] = end - b->start;
            b->state[ROWS]++;
        }
        b->state[LINES]++;
        at = end == stop ? stop : end + 1;
    }
    return at;
}

enum { BUFFERS = 15 };

/* Every array has the bytes that the state speaks of. */
static int sizes_fit(const Block *b, const Py_buffer *views)
{
    const int64_t *s = b->state;
    int64_t n = s[SAMPLES], rows = s[CAPACITY];
    if (n < 0 || n > 1 << 28 || rows < 1 || rows > 1 << 20 || s[ROWS] != 0 || s[LINES] < 0)
        return 0;
    int64_t cells = rows * n;
    int want = (int)s[WANT];
    int64_t wanted[BUFFERS - 1] = {
        STATE_SIZE * 8, rows * 8, rows * PLACES * 8, rows * 8, rows * 16, rows, rows, rows,
        want & DOSAGE ? cells * 4 : 0, want & HAPLOTYPES ? cells * 8 : 0,
        want & PROBABILITIES ? cells * 12 : 0, want & LEFT_OUT ? cells * 8 : 0,
        want & GENOTYPES ? cells * 2 : 0, want & GENOTYPES ? cells : 0,
    };
    for (int i = 0; i < BUFFERS - 1; i++)
        if (views[i].len < wanted[i])
            return 0;
    return 1;
}

static int block_of(Block *b, const Py_buffer *v)
{
    if (v[0].len < STATE_SIZE * 8)
        return 0;
    b->state = v[0].buf, b->position = v[1].buf, b->places = v[2].buf, b->line = v[3].buf;
    b->info = v[4].buf, b->kind = v[5].buf, b->slow = v[6].buf, b->has = v[7].buf;
    b->dosage = v[8].buf, b->haplotypes = v[9].buf, b->probabilities = v[10].buf, b->left_out = v[11].buf;
    b->genotypes = v[12].buf, b->phased = v[13].buf;
    b->samples = b->state[SAMPLES], b->want = (int)b->state[WANT] & (BARE - 1), b->bare = (int)b->state[WANT] & BARE;
    b->start = v[14].buf;
    return sizes_fit(b, v);
}

static PyObject *filled(Py_buffer *views, Py_ssize_t begin, Py_ssize_t stop)
{
    Block block;
    const Py_buffer *text = &views[BUFFERS - 1];
    if (begin < 0 || stop < begin || stop > text->len || !block_of(&block, views)) {
        PyErr_SetString(PyExc_ValueError, "the arrays do not fit the state");
        return NULL;
    }
    Text end;
    Py_BEGIN_ALLOW_THREADS
    end = fill_block(&block, block.start + begin, block.start + stop);
    Py_END_ALLOW_THREADS
    return PyLong_FromSsize_t((Py_ssize_t)(end - block.start));
}

static PyObject *doses_fill(PyObject *module, PyObject *args)
{
    PyObject *arrays, *text, *result = NULL;
    Py_ssize_t begin, stop;
    Py_buffer views[BUFFERS];
    int taken = 0;
    (void)module;
    if (!PyArg_ParseTuple(args, "O!Onn:fill", &PyTuple_Type, &arrays, &text, &begin, &stop))
        return NULL;
    if (PyTuple_Size(arrays) != BUFFERS - 1) {
        PyErr_SetString(PyExc_ValueError, "a wrong number of arrays");
        return NULL;
    }
    for (; taken < BUFFERS; taken++) {
        int last = taken == BUFFERS - 1;
        PyObject *from = last ? text : PyTuple_GetItem(arrays, taken);
        if (from == NULL || PyObject_GetBuffer(from, &views[taken], last ? PyBUF_SIMPLE : PyBUF_WRITABLE) < 0)
            break;
    }
    if (taken == BUFFERS)
        result = filled(views, begin, stop);
    while (taken > 0)
        PyBuffer_Release(&views[--taken]);
    return result;
}

/* ---- sums of rows ---- */

static void row_moments(const float *values, int64_t width, double out[3])
{
    double count = 0, sum = 0, squares = 0;
    for (int64_t i = 0; i < width; i++) {
        float known = values[i] == values[i] ? 1.0f : 0.0f;
        double x = known != 0.0f ? (double)values[i] : 0.0;
        count += (double)known;
        sum += x;
        squares += x * x;
    }
    out[0] = count, out[1] = sum, out[2] = squares;
}

static PyObject *doses_moments(PyObject *module, PyObject *args)
{
    Py_buffer values, out;
    Py_ssize_t rows;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*w*n:moments", &values, &out, &rows))
        return NULL;
    Py_ssize_t figures_held = values.len / 4;
    if (rows < 1 || figures_held % rows != 0 || rows > out.len / 24)
        PyErr_SetString(PyExc_ValueError, "the arrays do not fit");
    else {
        int64_t width = figures_held / rows;
        Py_BEGIN_ALLOW_THREADS
        for (Py_ssize_t row = 0; row < rows; row++)
            row_moments((const float *)values.buf + row * width, width, (double *)out.buf + 3 * row);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&values);
    PyBuffer_Release(&out);
    if (PyErr_Occurred())
        return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef module_methods[] = {
    {"fill", doses_fill, METH_VARARGS,
     "fill(arrays, text, begin, stop): read rows of one chromosome into arrays; gives how far it came."},
    {"moments", doses_moments, METH_VARARGS,
     "moments(values, out, rows): how many figures of a row are known, their sum and sum of squares."},
    {NULL, NULL, 0, NULL},
};

static int module_exec(PyObject *module)
{
    const uint16_t probe = 1;
    uint8_t first;
    (void)module;
    memcpy(&first, &probe, 1);
    if (!first) {
        PyErr_SetString(PyExc_ImportError, "made for machines with the low byte first");
        return -1;
    }
    return 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
    {0, NULL},
};

static struct PyModuleDef module_def = {
    PyModuleDef_HEAD_INIT,
    .m_name = "app.results._doses",
    .m_doc = "Rows of imputed files into arrays.",
    .m_size = 0,
    .m_methods = module_methods,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__doses(void)
{
    return PyModuleDef_Init(&module_def);
}
