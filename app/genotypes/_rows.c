/* Reads whole VCF lines into arrays: positions, allele flags, counts, two-bit genotypes, phase and ploidy.
 *
 * The twin of app/genotypes/numpy_rows.py, which gives the same answer in every array (a property test
 * compares them). Nearly every row of an array file is `a/b` cells of four bytes; such a row is decoded in
 * loops that a compiler turns into vector instructions, and its end is where the cells say it is, so no byte
 * is looked at twice. Every other row goes cell by cell. The input is not trusted: each place is compared
 * with the end of the text, each output with the capacity that Python gave, before it is touched.
 * Only the limited API of Python 3.11 is used, so one build serves all later versions.
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

/* GCC on Linux makes a second version of these loops for processors with AVX2 and picks it at the start. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__) && \
    !defined(__SANITIZE_ADDRESS__)
#define VECTOR __attribute__((target_clones("avx2", "default"), optimize("O3")))
#else
#define VECTOR
#endif

enum { /* places in the state; kept in step with app/genotypes/row_block.py */
    SAMPLES, CAPACITY, BLOB, CHANGE_BLOB, MULTI_CAPACITY,
    ROWS, LINES, RECORDS, SINCE, NEED, MULTI,
    FILL, /* 4: bytes in the blobs of id, ref, alt, filter */
    CHANGES = FILL + 4, /* 2: how many changes of CHROM and of FORMAT */
    CHANGE_FILL = CHANGES + 2, /* 2 */
    FAULTS = CHANGE_FILL + 2, /* 5 kinds */
    PLACES = FAULTS + 5, /* 5 lines a kind */
    STATE_SIZE = PLACES + 25
};
enum { BLANK, SECOND_HEADER, BLANKS, COLUMNS, POSITION };
enum { /* SiteFlag and RowFlag */
    SAME_ALLELES = 1, MULTIALLELIC = 2, INDEL = 4, SYMBOLIC = 8, BAD_ALLELE = 16, LOWER_CASE = 32,
    FILTERED = 64, NO_GT = 128, GT_NOT_FIRST = 256, HAS_SLASH = 512, HAS_PIPE = 1024, HAPLOID = 2048,
    HALF_CALL = 4096, ALLELE_TOO_BIG = 8192, BAD_GENOTYPE = 16384, PHASED = 1 << 17, NO_ALLELES = 1 << 19
};
enum { MISSING_ALLELE = 255, ABSENT_ALLELE = 254, MOST_ALLELES = 253 };
enum { LONGEST_NAME = 200, LONGEST_GT = 64, MOST_DIGITS = 5, ROWS_BETWEEN_FLUSHES = 255 };

typedef const uint8_t *Text;

typedef struct {
    int64_t *state, *line, *record, *position;
    uint32_t *code, *flags;
    int32_t *counts, *server, *stored;
    uint8_t *packed, *phase, *haploid, *server_missing, *slow;
    int64_t *ends;
    uint8_t *blobs;
    int32_t *change_row;
    int64_t *change_end;
    uint8_t *change_blob;
    int32_t *multi_row;
    uint8_t *multi;
    uint8_t *het8, *missing8;
    int64_t *het, *missing;
    uint8_t *codes;
    int64_t samples, capacity, stride, bits; /* bytes of a packed row and of a row of single bits */
} Block;

static uint32_t crc_table[256];
static uint8_t letter_kind[256]; /* 1 ACGT, 2 acgt */

static void fill_tables(void)
{
    for (uint32_t n = 0; n < 256; n++) {
        uint32_t c = n;
        for (int bit = 0; bit < 8; bit++)
            c = (c & 1) ? 0xEDB88320u ^ (c >> 1) : c >> 1;
        crc_table[n] = c;
    }
    for (const char *p = "ACGT"; *p; p++) {
        letter_kind[(uint8_t)*p] = 1;
        letter_kind[(uint8_t)(*p | 32)] = 2;
    }
}

static uint32_t crc_more(uint32_t crc, Text from, Text to)
{
    for (; from < to; from++)
        crc = crc_table[(crc ^ *from) & 0xFFu] ^ (crc >> 8);
    return crc;
}

/* Codes 0-3 of n cells of four bytes. Gives 0 when every cell is one of
 * 0/0 0/1 1/0 1/1 ./. with the separator in `base` and a tab behind.
 *
 * x is the cell XOR `0/0<tab>`: 0 or 1 in each half, or 0x1e in both when it is missing. The sum is made in
 * the upper half, so that the compiler narrows one number a cell and no more. */
VECTOR static uint32_t decode(Text text, Py_ssize_t n, uint32_t base, uint8_t *restrict codes)
{
    uint32_t seen = 0;
    for (Py_ssize_t i = 0; i < n; i++) {
        uint32_t word;
        memcpy(&word, text + 4 * i, 4);
        uint32_t x = word ^ base;
        uint32_t missing = x == 0x001E001Eu ? 0xFFFFFFFFu : 0;
        uint32_t called = x & ~missing;
        seen |= called;
        codes[i] = (uint8_t)((((called << 16) + called) | (missing & 0x00030000u)) >> 16);
    }
    return seen & ~0x00010001u;
}

/* Sets bit 2 for `1|0` (a dot is even, so it is never taken for a 1). Every cell was proved before. */
VECTOR static void mark_turned(Text text, Py_ssize_t n, uint8_t *restrict codes)
{
    for (Py_ssize_t i = 0; i < n; i++) {
        uint32_t word;
        memcpy(&word, text + 4 * i, 4);
        codes[i] = (uint8_t)(codes[i] | ((word & ~(word >> 16) & 1u) << 2));
    }
}

VECTOR static void add_to_samples(const uint8_t *restrict codes, Py_ssize_t n, uint8_t *restrict het,
                                  uint8_t *restrict missing)
{
    for (Py_ssize_t i = 0; i < n; i++) {
        uint8_t code = codes[i] & 3;
        het[i] = (uint8_t)(het[i] + (code == 1));
        missing[i] = (uint8_t)(missing[i] + (code == 3));
    }
}

/* Four codes a byte; `codes` is readable for 4 * bytes. */
VECTOR static void pack(const uint8_t *restrict codes, Py_ssize_t bytes, uint8_t *restrict packed)
{
    for (Py_ssize_t i = 0; i < bytes; i++) {
        uint32_t v;
        memcpy(&v, codes + 4 * i, 4);
        v &= 0x03030303u;
        packed[i] = (uint8_t)(v | v >> 6 | v >> 12 | v >> 18);
    }
}

/* Sums of byte lanes, each at most 4 a word: the set bits among the even ones of x. */
static uint64_t lanes(uint64_t x)
{
    x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
    return (x & 0x0F0F0F0F0F0F0F0Fu) + (x >> 4 & 0x0F0F0F0F0F0F0F0Fu);
}

static int64_t sum_of_lanes(uint64_t x)
{
    x = (x & 0x00FF00FF00FF00FFu) + (x >> 8 & 0x00FF00FF00FF00FFu);
    return (int64_t)((x * 0x0001000100010001u) >> 48);
}

VECTOR static void add_words(const uint8_t *restrict packed, Py_ssize_t words, uint64_t sums[3])
{
    const uint64_t even = 0x5555555555555555u;
    uint64_t low = 0, high = 0, both = 0;
    for (Py_ssize_t i = 0; i < words; i++) {
        uint64_t p;
        memcpy(&p, packed + 8 * i, 8);
        uint64_t l = p & even, h = p >> 1 & even;
        low += lanes(l);
        high += lanes(h);
        both += lanes(l & h);
    }
    sums[0] = low, sums[1] = high, sums[2] = both;
}

/* Hom-ref, het, hom-alt, missing of a packed row. */
static void count_packed(const uint8_t *packed, int64_t bytes, int64_t samples, int32_t counts[4])
{
    int64_t low = 0, high = 0, both = 0;
    uint64_t sums[3];
    for (int64_t at = 0; at < bytes;) {
        int64_t words = (bytes - at) / 8;
        uint8_t tail[8] = {0};
        const uint8_t *from = packed + at;
        if (words == 0) {
            memcpy(tail, from, (size_t)(bytes - at));
            from = tail, words = 1;
        } else if (words > 48)
            words = 48; /* 48 * 4 fits a byte */
        add_words(from, (Py_ssize_t)words, sums);
        low += sum_of_lanes(sums[0]), high += sum_of_lanes(sums[1]), both += sum_of_lanes(sums[2]);
        at += 8 * words;
    }
    counts[1] = (int32_t)(low - both);
    counts[2] = (int32_t)(high - both);
    counts[3] = (int32_t)both;
    counts[0] = (int32_t)(samples - low - high + both);
}

/* Bit 2 of each code, eight a byte. */
static void pack_phase(const uint8_t *codes, int64_t bytes, uint8_t *out)
{
    for (int64_t i = 0; i < bytes; i++) {
        uint64_t v;
        memcpy(&v, codes + 8 * i, 8);
        out[i] = (uint8_t)(((v >> 2 & 0x0101010101010101u) * 0x0102040810204080u) >> 56);
    }
}

static void flush_samples(Block *b)
{
    for (int64_t i = 0; i < b->samples; i++) {
        b->het[i] += b->het8[i];
        b->missing[i] += b->missing8[i];
        b->het8[i] = b->missing8[i] = 0;
    }
    b->state[SINCE] = 0;
}

static void set_bit(uint8_t *bits, int64_t i)
{
    bits[i >> 3] = (uint8_t)(bits[i >> 3] | 1u << (i & 7));
}

static void pack_row(Block *b, int64_t row)
{
    memset(b->codes + b->samples, 0, 64);
    uint8_t *packed = b->packed + row * b->stride;
    pack(b->codes, (Py_ssize_t)b->stride, packed);
    count_packed(packed, b->stride, b->samples, b->stored + 4 * row);
}

/* A row of cells of four bytes, the last one ended by the line; 0 when it is none. */
static int fixed_row(Block *b, int64_t row, Text cells)
{
    int64_t n = b->samples;
    uint8_t separator = cells[1];
    if (separator != '/' && separator != '|')
        return 0;
    uint32_t base = '0' | (uint32_t)separator << 8 | (uint32_t)'0' << 16 | (uint32_t)'\t' << 24;
    uint8_t last[4] = {cells[4 * n - 4], cells[4 * n - 3], cells[4 * n - 2], '\t'};
    if (decode(last, 1, base, b->codes + n - 1))
        return 0;
    uint8_t code = b->codes[n - 1];
    if (decode(cells, (Py_ssize_t)(n - 1), base, b->codes))
        return 0;
    b->codes[n - 1] = code;
    if (separator == '|') {
        mark_turned(cells, (Py_ssize_t)(n - 1), b->codes);
        mark_turned(last, 1, b->codes + n - 1);
    }
    pack_row(b, row);
    add_to_samples(b->codes, (Py_ssize_t)n, b->het8, b->missing8);
    if (++b->state[SINCE] == ROWS_BETWEEN_FLUSHES)
        flush_samples(b);
    memcpy(b->counts + 4 * row, b->stored + 4 * row, 16);
    memcpy(b->server + 4 * row, b->stored + 4 * row, 16);
    if (separator == '|') {
        pack_phase(b->codes, b->bits, b->phase + row * b->bits);
        b->flags[row] |= HAS_PIPE | PHASED;
    } else
        b->flags[row] |= HAS_SLASH;
    return 1;
}

typedef struct {
    Text from, to;
} Span;

/* The subfield of a cell; a dot when the cell has not so many. */
static Span subfield(Span cell, int64_t place)
{
    static const uint8_t dot[] = ".";
    Span part = {cell.from, cell.from};
    for (;; place--) {
        while (part.to < cell.to && *part.to != ':')
            part.to++;
        if (place == 0)
            return part;
        if (part.to == cell.to)
            return (Span){dot, dot + 1};
        part.from = ++part.to;
    }
}

typedef struct { /* one genotype: numbers of alleles as far as they fit, and what is odd */
    int alleles, called, bad, same, slashes, pipes;
    int32_t first, second, highest;
} Call;

/* The next allele of a GT: its number, -1 for a dot, -2 for what is none. */
static int32_t allele(Text *at, Text to)
{
    int32_t value = 0;
    Text from = *at;
    while (*at < to && **at != '/' && **at != '|')
        ++*at;
    if (*at - from == 1 && *from == '.')
        return -1;
    if (*at == from || *at - from > MOST_DIGITS)
        return -2;
    for (; from < *at; from++) {
        if (*from < '0' || *from > '9')
            return -2;
        value = value * 10 + (*from - '0');
    }
    return value;
}

static Call call_of(Span gt)
{
    Call call = {0, 0, 0, 1, 0, 0, -1, -1, 0};
    int32_t one = -1; /* the first called allele */
    call.bad = gt.to - gt.from > LONGEST_GT;
    for (Text at = gt.from;; at++) {
        int32_t value = allele(&at, gt.to);
        call.bad |= value == -2;
        call.first = call.alleles == 0 ? value : call.first;
        call.second = call.alleles == 1 ? value : call.second;
        call.alleles++;
        if (value >= 0) {
            call.same &= one < 0 || one == value;
            one = call.called++ ? one : value;
            call.highest = value > call.highest ? value : call.highest;
        }
        if (at == gt.to)
            break;
        call.slashes += *at == '/';
        call.pipes += *at == '|';
    }
    if (call.bad)
        call.called = 0, call.highest = 0;
    return call;
}

typedef struct { /* sums over a row */
    int64_t slashes, pipes, haploid, half, bad, called, loose;
    int32_t highest, kinds[5], letters[5]; /* of short genotypes: hom-ref, het, hom-alt, missing, neither */
} Sums;

/* Counts one genotype by our rules and keeps its code. */
static void add_call(Block *b, int64_t row, int64_t i, Call call, int32_t alts, Sums *sums)
{
    int32_t *counts = b->counts + 4 * row;
    int whole = call.called == call.alleles && !call.bad;
    sums->slashes += call.slashes, sums->pipes += call.pipes, sums->bad += call.bad;
    if (call.called || call.bad) {
        sums->called++;
        sums->loose += call.slashes > 0;
    }
    if (call.bad) {
        b->codes[i] = 3;
        return;
    }
    sums->haploid += call.alleles == 1;
    sums->highest = call.highest > sums->highest ? call.highest : sums->highest;
    if (!call.called) {
        counts[3]++;
        b->missing[i]++;
    } else if (!whole)
        sums->half++;
    else if (!call.same) {
        counts[1]++;
        b->het[i]++;
    } else
        counts[call.first ? 2 : 0]++;
    if (!whole || call.highest > alts || call.alleles > 2)
        b->codes[i] = 3;
    else if (!call.same)
        b->codes[i] = (uint8_t)(1 | (call.first && !call.second ? 4 : 0));
    else
        b->codes[i] = call.first ? 2 : 0;
    if (call.alleles == 1 && call.called)
        set_bit(b->haploid + row * b->bits, i);
}

static uint8_t kept_allele(int32_t value)
{
    return value < 0 ? MISSING_ALLELE : value > MOST_ALLELES ? MOST_ALLELES : (uint8_t)value;
}

static void keep_alleles(uint8_t *first, uint8_t *second, Call call)
{
    if (call.bad || call.alleles > 2) {
        *first = *second = MISSING_ALLELE;
        return;
    }
    *first = kept_allele(call.first);
    *second = call.alleles == 1 ? ABSENT_ALLELE : kept_allele(call.second);
}

/* Counts one genotype by the letters in it, as the server does. */
static void add_letters(Block *b, int64_t row, int64_t i, Span gt)
{
    int32_t *server = b->server + 4 * row;
    int zero = 0, one = 0;
    int64_t length = gt.to - gt.from;
    for (Text at = gt.from; at < gt.to; at++) {
        zero |= *at == '0';
        one |= *at == '1';
    }
    server[0] += zero && !one;
    server[1] += zero && one;
    server[2] += one && !zero;
    if ((length == 1 && *gt.from == '.') ||
        (length == 3 && gt.from[0] == '.' && gt.from[2] == '.' && (gt.from[1] == '/' || gt.from[1] == '|'))) {
        server[3]++;
        set_bit(b->server_missing + row * b->bits, i);
    }
}

typedef struct { /* a genotype of two alleles of one letter each: what add_call and add_letters make of it */
    uint8_t kind, code, letters, called, half, slash, highest, first, second;
} Short;

static Short short_calls[2][11][11]; /* slash or pipe; digits, and a dot as 10 */
static uint8_t short_allele[256];    /* 11 for any other letter */

static void fill_short_calls(void)
{
    static const uint8_t letters[] = "0123456789.";
    memset(short_allele, 11, sizeof short_allele);
    for (int k = 0; k < 11; k++)
        short_allele[letters[k]] = (uint8_t)k;
    for (int pipe = 0; pipe < 2; pipe++)
        for (int k = 0; k < 121; k++) {
            uint8_t first = letters[k / 11], second = letters[k % 11];
            const uint8_t text[3] = {first, pipe ? '|' : '/', second};
            Call call = call_of((Span){text, text + 3});
            Short *found = &short_calls[pipe][k / 11][k % 11];
            int whole = call.called == 2, zero = first == '0' || second == '0', one = first == '1' || second == '1';
            found->kind = (uint8_t)(!call.called ? 3 : !whole ? 4 : !call.same ? 1 : call.first ? 2 : 0);
            found->code = (uint8_t)(!whole ? 3 : call.same ? (call.first ? 2 : 0) : call.second ? 1 : 5);
            found->letters = (uint8_t)(zero ? (one ? 1 : 0) : one ? 2 : call.called ? 4 : 3);
            found->called = call.called > 0;
            found->half = found->kind == 4;
            found->slash = !pipe;
            found->highest = (uint8_t)call.highest;
            found->first = kept_allele(call.first);
            found->second = kept_allele(call.second);
        }
}

/* The genotype at the beginning of a cell where it is such a one, else NULL. */
static const Short *short_call(Span cell, int64_t words)
{
    int64_t length = cell.to - cell.from;
    if (length < 3 || (length > 3 && (words == 1 || cell.from[3] != ':')))
        return NULL;
    uint8_t first = short_allele[cell.from[0]], second = short_allele[cell.from[2]];
    if (first > 10 || second > 10 || (cell.from[1] != '/' && cell.from[1] != '|'))
        return NULL;
    return &short_calls[cell.from[1] == '|'][first][second];
}

/* The same as add_call and add_letters, without a branch for what differs from cell to cell. */
static void add_short(Block *b, int64_t row, int64_t i, const Short *call, int32_t alts, Sums *sums)
{
    sums->slashes += call->slash, sums->pipes += !call->slash;
    sums->called += call->called, sums->loose += call->called & call->slash;
    sums->half += call->half;
    sums->highest = call->highest > sums->highest ? call->highest : sums->highest;
    sums->kinds[call->kind]++, sums->letters[call->letters]++;
    b->het[i] += call->kind == 1;
    b->missing[i] += call->kind == 3;
    b->codes[i] = call->highest > alts ? 3 : call->code;
    if (call->letters == 3)
        set_bit(b->server_missing + row * b->bits, i);
}

typedef struct { /* which word of FORMAT is GT: for us (the word itself), for the server (the first with it) */
    int64_t ours, servers, words;
} Places;

static Places places_of(Span format)
{
    Places places = {-1, -1, 0};
    for (Text at = format.from;; at++) {
        Text from = at;
        while (at < format.to && *at != ':')
            at++;
        if (places.ours < 0 && at - from == 2 && from[0] == 'G' && from[1] == 'T')
            places.ours = places.words;
        for (Text p = from; places.servers < 0 && p + 1 < at; p++)
            if (p[0] == 'G' && p[1] == 'T')
                places.servers = places.words;
        places.words++;
        if (at == format.to)
            return places;
    }
}

static int64_t count_tabs(Text from, Text to)
{
    int64_t found = 0;
    for (; from < to; from++)
        found += *from == '\t';
    return found;
}

/* Any other row, cell by cell. The number of cells was proved before. */
static void slow_row(Block *b, int64_t row, Span cells, Span format, int32_t alts, uint8_t *alleles)
{
    Sums sums = {0};
    Places places = places_of(format);
    uint32_t flags = places.ours < 0 ? NO_GT : places.ours > 0 ? GT_NOT_FIRST : 0;
    int simple = places.ours == 0 && places.servers == 0;
    Span cell = {cells.from, cells.from};
    for (int64_t i = 0; i < b->samples; i++) {
        while (cell.to < cells.to && *cell.to != '\t')
            cell.to++;
        const Short *quick = simple ? short_call(cell, places.words) : NULL;
        if (quick != NULL) {
            add_short(b, row, i, quick, alts, &sums);
            if (alleles != NULL)
                alleles[i] = quick->first, alleles[b->samples + i] = quick->second;
            if (cell.to < cells.to)
                cell.from = ++cell.to;
            continue;
        }
        Call call = {1, 0, 1, 1, 0, 0, -1, -1, 0};
        Span gt = cell;
        b->codes[i] = 3;
        if (places.ours >= 0) {
            gt = subfield(cell, places.ours);
            call = call_of(gt);
            add_call(b, row, i, call, alts, &sums);
        }
        if (places.servers >= 0) {
            if (places.servers != places.ours)
                gt = subfield(cell, places.servers);
            add_letters(b, row, i, places.words == 1 ? cell : gt);
        }
        if (alleles != NULL)
            keep_alleles(alleles + i, alleles + b->samples + i, call);
        if (cell.to < cells.to)
            cell.from = ++cell.to;
    }
    for (int kind = 0; kind < 4; kind++) {
        b->counts[4 * row + kind] += sums.kinds[kind];
        b->server[4 * row + kind] += sums.letters[kind];
    }
    flags |= sums.slashes ? HAS_SLASH : 0;
    flags |= sums.pipes ? HAS_PIPE : 0;
    flags |= sums.haploid ? HAPLOID : 0;
    flags |= sums.half ? HALF_CALL : 0;
    flags |= sums.bad ? BAD_GENOTYPE : 0;
    flags |= sums.highest > alts ? ALLELE_TOO_BIG : 0;
    if (places.ours >= 0 && !sums.loose && (sums.called || sums.pipes))
        flags |= PHASED;
    b->flags[row] |= flags;
    b->slow[row] = 1;
    pack_row(b, row);
    if (flags & PHASED)
        pack_phase(b->codes, b->bits, b->phase + row * b->bits);
}

static int is_letters(Text from, Text to, int *lower)
{
    if (from == to)
        return 0;
    for (; from < to; from++) {
        if (!letter_kind[*from])
            return 0;
        *lower |= letter_kind[*from] == 2;
    }
    return 1;
}

static uint8_t capital(uint8_t letter)
{
    return letter >= 'a' && letter <= 'z' ? (uint8_t)(letter - 32) : letter;
}

static uint32_t one_allele(Text from, Text to)
{
    int lower = 0;
    if (is_letters(from, to, &lower))
        return lower ? LOWER_CASE : 0;
    if (to - from == 1 && (*from == '*' || *from == '.'))
        return SYMBOLIC;
    if (from < to && *from == '<')
        return SYMBOLIC;
    for (; from < to; from++)
        if (*from == '[' || *from == ']')
            return SYMBOLIC;
    return BAD_ALLELE;
}

static int is_same(Span one, Span other)
{
    if (one.to - one.from != other.to - other.from)
        return 0;
    for (; one.from < one.to; one.from++, other.from++)
        if (capital(*one.from) != capital(*other.from))
            return 0;
    return 1;
}

/* Length of an allele that is letters of any alphabet's first 26; 0 otherwise. */
static int64_t alpha_length(Span text)
{
    for (Text at = text.from; at < text.to; at++)
        if (capital(*at) < 'A' || capital(*at) > 'Z')
            return 0;
    return text.to - text.from;
}

/* Flags of REF and ALT, and how many ALT alleles there are. */
static uint32_t allele_flags(Span ref, Span alt, int32_t *alts)
{
    uint32_t flags = one_allele(ref.from, ref.to);
    int64_t length = alpha_length(ref);
    int64_t count = 0;
    for (Text at = alt.from;; at++) {
        Span each = {at, at};
        while (at < alt.to && *at != ',')
            at++;
        each.to = at;
        flags |= one_allele(each.from, each.to) | (is_same(ref, each) ? SAME_ALLELES : 0);
        int64_t here = alpha_length(each);
        if (length && here && here != length)
            flags |= INDEL;
        length = length ? length : here;
        count++;
        if (at == alt.to)
            break;
    }
    if (ref.to - ref.from > 1)
        flags |= INDEL;
    if (count > 1)
        flags |= MULTIALLELIC;
    *alts = count > 1000000 ? 1000000 : (int32_t)count;
    return flags;
}

static void read_alleles(Block *b, int64_t row, Span ref, Span alt, int32_t *alts)
{
    uint32_t flags, code;
    if (ref.to - ref.from == 1 && alt.to - alt.from == 1 && letter_kind[*ref.from] && letter_kind[*alt.from]) {
        int lower = letter_kind[*ref.from] == 2 || letter_kind[*alt.from] == 2;
        flags = (lower ? LOWER_CASE : 0) | (capital(*ref.from) == capital(*alt.from) ? SAME_ALLELES : 0);
        code = (uint32_t)*ref.from << 8 | *alt.from;
        *alts = 1;
    } else {
        static const uint8_t tab[] = "\t";
        uint32_t crc = crc_more(0xFFFFFFFFu, ref.from, ref.to);
        crc = crc_more(crc_more(crc, tab, tab + 1), alt.from, alt.to) ^ 0xFFFFFFFFu;
        flags = allele_flags(ref, alt, alts);
        code = (crc & 0x7FFFFFu) | 0x800000u;
    }
    if ((ref.to - ref.from == 1 && *ref.from == '.') || (alt.to - alt.from == 1 && *alt.from == '.'))
        flags |= NO_ALLELES;
    b->flags[row] = flags;
    b->code[row] = code;
}

/* POS, -1 when it is no whole number of at most ten digits. */
static int64_t position_of(Span text)
{
    int64_t value = 0;
    if (text.from == text.to || text.to - text.from > 10)
        return -1;
    for (; text.from < text.to; text.from++) {
        if (*text.from < '0' || *text.from > '9')
            return -1;
        value = value * 10 + (*text.from - '0');
    }
    return value;
}

static void fault(Block *b, int kind)
{
    int64_t *count = b->state + FAULTS + kind;
    if (*count < 5)
        b->state[PLACES + 5 * kind + *count] = b->state[LINES] + 1;
    ++*count;
}

/* A line that is no record: what is wrong with it. */
static void note_line(Block *b, Text from, Text to)
{
    Text look = to - from > 4096 ? from + 4096 : to;
    if (from == to) {
        fault(b, BLANK);
        return;
    }
    if (*from == '#') {
        fault(b, SECOND_HEADER);
        return;
    }
    b->state[RECORDS]++;
    size_t length = (size_t)(look - from);
    int blanks = memchr(from, '\t', length) == NULL && memchr(from, ' ', length) != NULL;
    fault(b, blanks ? BLANKS : COLUMNS);
}

static int64_t longest(Span text, int64_t limit)
{
    return text.to - text.from < limit ? text.to - text.from : limit;
}

/* Keep CHROM or FORMAT where it differs from the row before. */
static void keep_change(Block *b, int which, int64_t row, Span text)
{
    int64_t *count = b->state + CHANGES + which, *fill = b->state + CHANGE_FILL + which;
    int64_t *ends = b->change_end + which * b->capacity;
    uint8_t *blob = b->change_blob + which * b->state[CHANGE_BLOB];
    int64_t length = longest(text, LONGEST_NAME);
    if (*count) {
        int64_t from = *count > 1 ? ends[*count - 2] : 0;
        if (ends[*count - 1] - from == length && memcmp(blob + from, text.from, (size_t)length) == 0)
            return;
    }
    memcpy(blob + *fill, text.from, (size_t)length);
    *fill += length;
    ends[*count] = *fill;
    b->change_row[which * b->capacity + *count] = (int32_t)row;
    ++*count;
}

static int has_room(Block *b, const Span kept[4])
{
    for (int i = 0; i < 4; i++) {
        int64_t length = kept[i].to - kept[i].from;
        if (b->state[FILL + i] + length > b->state[BLOB]) {
            b->state[NEED] = length > b->state[NEED] ? length : b->state[NEED];
            return 0;
        }
    }
    for (int i = 0; i < 2; i++)
        if (b->state[CHANGE_FILL + i] + LONGEST_NAME > b->state[CHANGE_BLOB])
            return 0;
    return 1;
}

static void keep_texts(Block *b, int64_t row, const Span kept[4])
{
    for (int i = 0; i < 4; i++) {
        size_t length = (size_t)(kept[i].to - kept[i].from);
        memcpy(b->blobs + i * b->state[BLOB] + b->state[FILL + i], kept[i].from, length);
        b->state[FILL + i] += (int64_t)length;
        b->ends[i * b->capacity + row] = b->state[FILL + i];
    }
}

static int is_filtered(Span filter)
{
    int64_t length = filter.to - filter.from;
    return !((length == 1 && *filter.from == '.') || (length == 4 && memcmp(filter.from, "PASS", 4) == 0));
}

/* Where the cells of four bytes would end the line; NULL when no line ends there. */
static Text fixed_end(Block *b, Text cells, Text stop)
{
    int64_t length = 4 * b->samples - 1;
    if (stop - cells < length)
        return NULL;
    Text end = cells + length;
    if (end == stop || *end == '\n')
        return end;
    if (*end == '\r' && (end + 1 == stop || end[1] == '\n'))
        return end;
    return NULL;
}

static Text line_end(Text at, Text stop)
{
    Text end = memchr(at, '\n', (size_t)(stop - at));
    return end == NULL ? stop : end;
}

static Text without_return(Text from, Text end)
{
    return end > from && end[-1] == '\r' ? end - 1 : end;
}

static void clear_row(Block *b, int64_t row)
{
    memset(b->counts + 4 * row, 0, 16);
    memset(b->server + 4 * row, 0, 16);
    memset(b->stored + 4 * row, 0, 16);
    b->slow[row] = 0;
}

/* Reads one line; gives where the next begins, NULL when the block is full. */
static Text read_line(Block *b, Text at, Text stop)
{
    int wanted = b->samples ? 9 : 7, found = 0;
    Text tabs[9], p = at;
    if (*at == '#')
        found = -1;
    for (; found >= 0 && found < wanted && p < stop && *p != '\n'; p++)
        if (*p == '\t')
            tabs[found++] = p;
    if (found < wanted) {
        Text end = line_end(p, stop);
        note_line(b, at, without_return(at, end));
        b->state[LINES]++;
        return end == stop ? stop : end + 1;
    }
    int64_t row = b->state[ROWS];
    Span ref = {tabs[2] + 1, tabs[3]}, alt = {tabs[3] + 1, tabs[4]}, filter = {tabs[5] + 1, tabs[6]};
    Span chromosome = {at, tabs[0]}, format = {at, at};
    Span kept[4] = {{tabs[1] + 1, tabs[2]}, ref, alt, filter};
    int64_t position = position_of((Span){tabs[0] + 1, tabs[1]});
    if (position < 0) {
        Text end = line_end(p, stop);
        fault(b, POSITION);
        b->state[LINES]++;
        b->state[RECORDS]++;
        return end == stop ? stop : end + 1;
    }
    if (!has_room(b, kept))
        return NULL;
    clear_row(b, row);
    int32_t alts = 1;
    read_alleles(b, row, ref, alt, &alts);
    int multi = (b->flags[row] & MULTIALLELIC) != 0;
    if (multi && b->samples && b->state[MULTI] >= b->state[MULTI_CAPACITY])
        return NULL;
    if (is_filtered(filter))
        b->flags[row] |= FILTERED;
    Text end = NULL;
    if (b->samples) {
        Text cells = tabs[8] + 1;
        format = (Span){tabs[7] + 1, tabs[8]};
        int only_gt = format.to - format.from == 2 && format.from[0] == 'G' && format.from[1] == 'T';
        end = only_gt && !multi ? fixed_end(b, cells, stop) : NULL;
        if (end == NULL || !fixed_row(b, row, cells)) {
            end = line_end(cells, stop);
            Span all = {cells, without_return(cells, end)};
            if (count_tabs(all.from, all.to) != b->samples - 1) {
                fault(b, COLUMNS);
                b->state[LINES]++;
                b->state[RECORDS]++;
                return end == stop ? stop : end + 1;
            }
            uint8_t *alleles = NULL;
            if (multi) {
                alleles = b->multi + b->state[MULTI] * 2 * b->samples;
                b->multi_row[b->state[MULTI]++] = (int32_t)row;
            }
            slow_row(b, row, all, format, alts, alleles);
        } else if (end < stop && *end == '\r')
            end++;
        keep_change(b, 1, row, format);
    } else
        end = line_end(p, stop);
    keep_change(b, 0, row, chromosome);
    keep_texts(b, row, kept);
    b->position[row] = position;
    b->line[row] = ++b->state[LINES];
    b->record[row] = b->state[RECORDS]++;
    b->state[ROWS]++;
    return end >= stop ? stop : end + 1;
}

static Text fill_block(Block *b, Text at, Text stop)
{
    while (at < stop && b->state[ROWS] < b->capacity) {
        Text next = read_line(b, at, stop);
        if (next == NULL)
            break;
        at = next;
    }
    return at;
}

enum { BUFFERS = 27 };

/* Every array has the bytes that the state speaks of, and the fill levels lie inside. */
static int sizes_fit(const Block *b, const Py_buffer *views)
{
    const int64_t *s = b->state;
    int64_t n = s[SAMPLES], rows = s[CAPACITY], multi = s[MULTI_CAPACITY];
    int64_t most = (int64_t)1 << 31;
    if (n < 0 || n > 1 << 28 || rows < 1 || rows > 1 << 24 || s[BLOB] < 0 || s[BLOB] > most)
        return 0;
    if (multi < 0 || multi > 1 << 24 || s[CHANGE_BLOB] < 0 || s[CHANGE_BLOB] > most)
        return 0;
    int64_t stride = (n + 3) / 4, bits = (n + 7) / 8;
    int64_t wanted[BUFFERS] = {
        STATE_SIZE * 8, rows * 8, rows * 8, rows * 8, rows * 4, rows * 4, rows * 16, rows * 16, rows * 16,
        rows * stride, rows * bits, rows * bits, rows * bits, rows, rows * 32, 4 * s[BLOB], rows * 8,
        rows * 16, 2 * s[CHANGE_BLOB], multi * 4, multi * 2 * n, n, n, n * 8, n * 8, n + 64, 0,
    };
    for (int i = 0; i < BUFFERS; i++)
        if (views[i].len < wanted[i])
            return 0;
    for (int i = 0; i < 4; i++)
        if (s[FILL + i] < 0 || s[FILL + i] > s[BLOB])
            return 0;
    for (int i = 0; i < 2; i++) {
        if (s[CHANGES + i] < 0 || s[CHANGES + i] > s[ROWS])
            return 0;
        if (s[CHANGE_FILL + i] < 0 || s[CHANGE_FILL + i] > s[CHANGE_BLOB])
            return 0;
        int64_t before = 0;
        for (int64_t k = 0; k < s[CHANGES + i]; k++) {
            int64_t end = ((const int64_t *)views[17].buf)[i * rows + k];
            if (end < before || end > s[CHANGE_FILL + i])
                return 0;
            before = end;
        }
    }
    for (int i = 0; i < 5; i++)
        if (s[FAULTS + i] < 0)
            return 0;
    return s[ROWS] >= 0 && s[ROWS] <= rows && s[MULTI] >= 0 && s[MULTI] <= multi && s[SINCE] >= 0 &&
           s[SINCE] < ROWS_BETWEEN_FLUSHES && s[LINES] >= 0 && s[RECORDS] >= 0;
}

static int block_of(Block *b, Py_buffer *v)
{
    if (v[0].len < STATE_SIZE * 8)
        return 0;
    b->state = v[0].buf, b->line = v[1].buf, b->record = v[2].buf, b->position = v[3].buf;
    b->code = v[4].buf, b->flags = v[5].buf;
    b->counts = v[6].buf, b->server = v[7].buf, b->stored = v[8].buf;
    b->packed = v[9].buf, b->phase = v[10].buf, b->haploid = v[11].buf, b->server_missing = v[12].buf;
    b->slow = v[13].buf, b->ends = v[14].buf, b->blobs = v[15].buf;
    b->change_row = v[16].buf, b->change_end = v[17].buf, b->change_blob = v[18].buf;
    b->multi_row = v[19].buf, b->multi = v[20].buf;
    b->het8 = v[21].buf, b->missing8 = v[22].buf, b->het = v[23].buf, b->missing = v[24].buf;
    b->codes = v[25].buf;
    b->samples = b->state[SAMPLES], b->capacity = b->state[CAPACITY];
    b->stride = (b->samples + 3) / 4, b->bits = (b->samples + 7) / 8;
    return sizes_fit(b, v);
}

static PyObject *filled(Py_buffer *views, Py_ssize_t begin, Py_ssize_t stop)
{
    Block block;
    Py_buffer *text = &views[BUFFERS - 1];
    if (begin < 0 || stop < begin || stop > text->len || !block_of(&block, views)) {
        PyErr_SetString(PyExc_ValueError, "the arrays do not fit the state");
        return NULL;
    }
    Text start = text->buf, end;
    Py_BEGIN_ALLOW_THREADS
    end = fill_block(&block, start + begin, start + stop);
    Py_END_ALLOW_THREADS
    return PyLong_FromSsize_t((Py_ssize_t)(end - start));
}

static PyObject *rows_fill(PyObject *module, PyObject *args)
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

/* Pieces of a text from `starts` to `stops`, one after the other in `out`; one that ends before it begins is
 * empty. */
static PyObject *rows_cut(PyObject *module, PyObject *args)
{
    Py_buffer text, starts, stops, out;
    Py_ssize_t at = 0, count;
    PyObject *result = NULL;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*y*y*w*:cut", &text, &starts, &stops, &out))
        return NULL;
    count = starts.len / 8;
    if (stops.len / 8 < count) {
        PyErr_SetString(PyExc_ValueError, "there are fewer ends than beginnings");
    } else {
        const int64_t *from = starts.buf, *to = stops.buf;
        for (Py_ssize_t i = 0; i < count && at >= 0; i++) {
            int64_t length = to[i] - from[i];
            if (length <= 0)
                continue;
            if (from[i] < 0 || to[i] > text.len || length > out.len - at) {
                at = -1;
                break;
            }
            memcpy((uint8_t *)out.buf + at, (const uint8_t *)text.buf + from[i], (size_t)length);
            at += (Py_ssize_t)length;
        }
        if (at < 0)
            PyErr_SetString(PyExc_IndexError, "a piece lies outside of the text or of the room");
        else
            result = PyLong_FromSsize_t(at);
    }
    PyBuffer_Release(&text);
    PyBuffer_Release(&starts);
    PyBuffer_Release(&stops);
    PyBuffer_Release(&out);
    return result;
}

static PyMethodDef module_methods[] = {
    {"cut", rows_cut, METH_VARARGS,
     "cut(text, starts, stops, out): pieces of a text one after the other; gives their bytes."},
    {"fill", rows_fill, METH_VARARGS,
     "fill(arrays, text, begin, stop): read whole lines into the arrays of a block; gives how far it came."},
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
    fill_tables();
    fill_short_calls();
    return 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
    {0, NULL},
};

static struct PyModuleDef module_def = {
    PyModuleDef_HEAD_INIT,
    .m_name = "app.genotypes._rows",
    .m_doc = "Whole VCF lines into arrays.",
    .m_size = 0,
    .m_methods = module_methods,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__rows(void)
{
    return PyModuleDef_Init(&module_def);
}
