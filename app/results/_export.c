/* Packs rows of dosages for other programs and unpacks them again to be compared.
 *
 * PGEN records (PLINK 2 file format specification draft, 2.3), BGEN blocks (layout 2, 8 bits) and PLINK 1
 * rows. Without this module app/results/export does the same in NumPy, to the byte: a change here is a change
 * there. Dosages are counts of 1/16384; `total` is uint16 with 65535 for a missing one, `delta` int16, first
 * less second haplotype. Only the limited API of Python 3.11 is used, so one build serves all later versions.
 */
#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifndef _WIN32
#include <dlfcn.h>
#endif

enum { ONE = 1 << 14, HALF = 1 << 13, MISSING = 0xFFFF, ABSENT = 3, GROUP = 64 };
enum { PHASE = 0x10, LIST = 0x20, BITS = 0x60, EVERY = 0x40, EXPLICIT = 0x80 };
typedef Py_ssize_t Size;

/* ---- whole numbers ------------------------------------------------------------------------------------ */

static int32_t whole(float value)
{
    value = value < 0.0f ? 0.0f : value > 1.0f ? 1.0f : value;
    return (int32_t)(value * 16384.0f + 0.5f);
}

static int outside(float value)
{
    return value < -0.01f || value > 1.01f;
}

/* 0, 1 with haploid calls, -1 with a dosage outside. */
static int quantise_row(const float *from, uint16_t *total, int16_t *delta, Size samples)
{
    int bad = 0, alone = 0;
    for (Size i = 0; i < samples; i++) {
        float a = from[2 * i], b = from[2 * i + 1];
        int lost = a != a, half = b != b;
        int32_t first = whole(lost ? 0.0f : a), second = whole(half ? 0.0f : b);
        bad |= outside(a) | outside(b);
        alone |= half & !lost;
        total[i] = (uint16_t)(lost ? MISSING : half ? 2 * first : first + second);
        delta[i] = (int16_t)(lost | half ? 0 : first - second);
    }
    return bad ? -1 : alone;
}

static int32_t distance(uint32_t total)
{
    int32_t low = (int32_t)(total & (ONE - 1));
    return low < ONE - low ? low : ONE - low;
}

static uint8_t hard_call(uint32_t total, int32_t limit)
{
    if (total == MISSING || distance(total) > limit)
        return ABSENT;
    return (uint8_t)((total + HALF) >> 14);
}

/* ---- text of cells -------------------------------------------------------------------------------------- */

static int32_t of_thousandths[1001];

static void fill_thousandths(void)
{
    for (int n = 0; n <= 1000; n++)
        of_thousandths[n] = whole((float)((double)n / 1000.0));
}

enum { NO_FIGURE = -1, ODD = -2 };

/* A figure from 0 to `most` copies as a whole number; NO_FIGURE for a dot, ODD for what is no plain decimal. */
static int32_t read_figure(const uint8_t **at, const uint8_t *stop, int most)
{
    static const double tens[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14};
    const uint8_t *p = *at;
    if (p == stop)
        return ODD;
    uint32_t first = (uint32_t)*p++ - '0';
    if (first > 9) {
        *at = p;
        return first == (uint32_t)'.' - '0' ? NO_FIGURE : ODD;
    }
    if (p == stop || *p != '.') {
        *at = p;
        return first > (uint32_t)most ? ODD : (int32_t)first * ONE;
    }
    uint64_t digits = first;
    const uint8_t *point = p++;
    while (p < stop && (uint32_t)*p - '0' <= 9 && p - point <= 14)
        digits = digits * 10 + (uint64_t)(*p++ - '0');
    *at = p;
    Size decimals = p - point - 1;
    if (decimals == 3 && digits <= 1000)
        return of_thousandths[digits];
    if (decimals == 2 && digits <= 100)
        return of_thousandths[digits * 10];
    if (decimals == 1 && digits <= 10)
        return of_thousandths[digits * 100];
    double value = (double)digits / tens[decimals];
    if (decimals == 0 || value > (double)most)
        return ODD;
    return (int32_t)((float)value * 16384.0f + 0.5f);
}

/* ---- figures of thousandths, eight bytes at once -------------------------------------------------------- */

#define EACH(byte) (0x0101010101010101ull * (byte))

static uint64_t load_eight(const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
}

/* The high bit of each byte that is 0; bytes above the first such may be marked falsely. */
static uint64_t zero_bytes(uint64_t word)
{
    return (word - EACH(0x01)) & ~word & EACH(0x80);
}

static int first_marked(uint64_t marks)
{
#if defined(__GNUC__)
    return __builtin_ctzll(marks) >> 3;
#else
    int at = 0;
    for (; !(marks & 0x80); marks >>= 8)
        at++;
    return at;
#endif
}

/* A figure of at most three decimals from 0 to 1 before a tab, comma or colon: its thousandths and length. -1 where
 * it is another one, which `read_figure` reads. Eight bytes must be there; the low byte of a word comes first. */
static int32_t quick_figure(const uint8_t *p, int *length)
{
    uint64_t word = load_eight(p);
    uint64_t ends = zero_bytes(word ^ EACH('\t')) | zero_bytes(word ^ EACH(',')) | zero_bytes(word ^ EACH(':'));
    if (ends == 0)
        return -1;
    int count = first_marked(ends);
    if (count == 0 || count == 2 || count > 5)
        return -1;
    uint64_t mine = ~0ull >> (64 - 8 * count), filled = (word & mine) | (0x3030302E30ull & ~mine);
    uint64_t digits = filled - 0x3030302E30ull;
    if ((filled & 0xFF00) != 0x2E00 || ((digits + 0x7676767676ull) & 0x8080808080ull) || (digits & ~0x0F0F0F000Full))
        return -1;
    int32_t value = (int32_t)((digits & 15) * 1000 + (digits >> 16 & 15) * 100 + (digits >> 24 & 15) * 10 +
                              (digits >> 32 & 15));
    *length = count;
    return value > 1000 ? -1 : value;
}

/* Behind the next colon among eight bytes without a tab before it; NULL where there is none. */
static const uint8_t *behind_colon(const uint8_t *p)
{
    uint64_t word = load_eight(p), colons = zero_bytes(word ^ EACH(':')), tabs = zero_bytes(word ^ EACH('\t'));
    if (colons == 0)
        return NULL;
    int at = first_marked(colons);
    return tabs != 0 && first_marked(tabs) < at ? NULL : p + at + 1;
}

enum { QUICK_ROOM = 64, QUICK_PLACES = 4 };

static int is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

/* The two haplotypes of a cell whose HDS is the word `place` and follows short words; the tab behind the cell,
 * NULL where it is no such cell. `stop` is at least QUICK_ROOM bytes away. */
static const uint8_t *quick_pair(const uint8_t *p, int place, uint16_t *total, int16_t *delta)
{
    if (place > 0 && is_digit(p[0]) && p[1] == '|' && is_digit(p[2]) && p[3] == ':') {
        p += 4; /* as nearly all cells begin: a guess that is right costs no time */
        place--;
    }
    for (; place > 0; place--)
        if ((p = behind_colon(p)) == NULL)
            return NULL;
    int length = 0;
    int32_t first = quick_figure(p, &length);
    if (first < 0 || p[length] != ',')
        return NULL;
    p += length + 1;
    int32_t second = quick_figure(p, &length);
    if (second < 0 || p[length] == ',')
        return NULL;
    p += length;
    if (*p == ':') {
        uint64_t tabs = zero_bytes(load_eight(p) ^ EACH('\t'));
        if (tabs == 0)
            return NULL;
        p += first_marked(tabs);
    }
    first = of_thousandths[first];
    second = of_thousandths[second];
    *total = (uint16_t)(first + second);
    *delta = (int16_t)(first - second);
    return p;
}

static int low_byte_first(void)
{
    const uint16_t probe = 1;
    uint8_t first;
    memcpy(&first, &probe, 1);
    return first;
}

static int ends_cell(const uint8_t *p, const uint8_t *stop)
{
    return p == stop || *p == '\t' || *p == ':';
}

/* HDS or DS of a cell. 0 when it is odd, 2 when it has one haplotype. */
static int read_dose(const uint8_t **at, const uint8_t *stop, int pair, uint16_t *total, int16_t *delta)
{
    int32_t first = read_figure(at, stop, pair ? 1 : 2), second = NO_FIGURE;
    int alone = 1;
    if (pair && *at < stop && **at == ',') {
        ++*at;
        second = read_figure(at, stop, 1);
        alone = 0;
    }
    if (first == ODD || second == ODD || !ends_cell(*at, stop))
        return 0;
    if (pair && (alone ? first != NO_FIGURE : first == NO_FIGURE || second == NO_FIGURE)) {
        if (!alone)
            return 0;
        *total = (uint16_t)(2 * first);
        *delta = 0;
        return 2;
    }
    *total = (uint16_t)(first == NO_FIGURE ? MISSING : alone ? first : first + second);
    if (pair)
        *delta = (int16_t)(first == NO_FIGURE ? 0 : first - second);
    return 1;
}

/* The place of a word in FORMAT, -1 when it is not there. */
static int place_of(const uint8_t *p, const uint8_t *stop, const char *word)
{
    size_t length = strlen(word);
    for (int place = 0; p < stop; place++) {
        const uint8_t *end = p;
        while (end < stop && *end != ':')
            end++;
        if ((size_t)(end - p) == length && memcmp(p, word, length) == 0)
            return place;
        p = end + 1;
    }
    return -1;
}

/* 0 when the line is odd, 1, 2 with haploid cells. */
static int read_line(const uint8_t *p, const uint8_t *stop, Size samples, int pair, uint16_t *total,
                     int16_t *delta, uint8_t *alone)
{
    const uint8_t *form = NULL, *last = NULL;
    for (int column = 0; column < 9; column++) {
        if (column == 8)
            form = p;
        p = memchr(p, '\t', (size_t)(stop - p));
        if (p == NULL)
            return 0;
        p++;
    }
    int place = place_of(form, p - 1, pair ? "HDS" : "DS"), state = 1;
    size_t length = 0;
    if (place < 0)
        return 0;
    int quick = pair && place <= QUICK_PLACES && low_byte_first();
    for (Size i = 0; i < samples; i++) {
        const uint8_t *behind = NULL;
        if (quick && stop - p > QUICK_ROOM && (behind = quick_pair(p, place, total + i, delta + i)) != NULL) {
            if (alone != NULL)
                alone[i] = 0;
            last = p;
            length = (size_t)(behind - p);
            p = behind;
        } else if (length && (size_t)(stop - p) >= length && memcmp(p, last, length) == 0 &&
            (p + length == stop || p[length] == '\t')) {
            total[i] = total[i - 1];
            if (pair)
                delta[i] = delta[i - 1];
            if (alone != NULL)
                alone[i] = alone[i - 1];
            p += length;
        } else {
            const uint8_t *begin = p;
            for (int skip = place; skip; skip--) {
                while (p < stop && *p != ':' && *p != '\t')
                    p++;
                if (p == stop || *p == '\t')
                    return 0;
                p++;
            }
            int found = read_dose(&p, stop, pair, total + i, delta + i);
            if (!found)
                return 0;
            state |= found;
            if (alone != NULL)
                alone[i] = found == 2;
            while (p < stop && *p != '\t')
                p++;
            last = begin;
            length = (size_t)(p - begin);
        }
        if ((p == stop) != (i == samples - 1))
            return 0;
        p++;
    }
    return state & 2 ? 2 : 1;
}

/* ---- PGEN records --------------------------------------------------------------------------------------- */

static uint8_t *put_varint(uint8_t *out, uint32_t value)
{
    for (; value > 127; value >>= 7)
        *out++ = (uint8_t)(value & 127) | 128;
    *out++ = (uint8_t)value;
    return out;
}

static uint8_t *put_two_bits(uint8_t *out, const uint8_t *codes, Size count)
{
    Size whole_bytes = count / 4;
    for (Size i = 0; i < whole_bytes; i++, codes += 4)
        *out++ = (uint8_t)(codes[0] | codes[1] << 2 | codes[2] << 4 | codes[3] << 6);
    if (count % 4) {
        uint8_t last = 0;
        for (Size i = 0; i < count % 4; i++)
            last |= (uint8_t)(codes[i] << (2 * i));
        *out++ = last;
    }
    return out;
}

/* Bits one after another, low bit first. */
typedef struct {
    uint8_t *out;
    uint32_t held;
    int count;
} BitSink;

static void put_bit(BitSink *sink, uint32_t bit)
{
    sink->held |= bit << sink->count;
    if (++sink->count == 8) {
        *sink->out++ = (uint8_t)sink->held;
        sink->held = 0;
        sink->count = 0;
    }
}

static uint8_t *flushed(BitSink *sink)
{
    if (sink->count)
        *sink->out++ = (uint8_t)sink->held;
    sink->held = 0;
    sink->count = 0;
    return sink->out;
}

static int id_width(Size samples)
{
    return 1 + (samples > 1 << 8) + (samples > 1 << 16) + (samples > 1 << 24);
}

static uint8_t *put_list(uint8_t *out, const uint32_t *ids, const uint8_t *values, Size count, Size samples)
{
    out = put_varint(out, (uint32_t)count);
    if (count == 0)
        return out;
    int width = id_width(samples);
    Size groups = (count + GROUP - 1) / GROUP;
    for (Size g = 0; g < groups; g++)
        for (int byte = 0; byte < width; byte++)
            *out++ = (uint8_t)(ids[g * GROUP] >> (8 * byte));
    uint8_t *sizes = out;
    out += groups - 1;
    if (values != NULL)
        out = put_two_bits(out, values, count);
    for (Size g = 0; g < groups; g++) {
        Size stop = g == groups - 1 ? count : (g + 1) * GROUP;
        uint8_t *begin = out;
        for (Size i = g * GROUP + 1; i < stop; i++)
            out = put_varint(out, ids[i] - ids[i - 1]);
        if (g < groups - 1)
            sizes[g] = (uint8_t)(out - begin - (GROUP - 1));
    }
    return out;
}

/* Memory for one row: codes and flags of all samples, a list of some. */
typedef struct {
    uint8_t *codes, *flags, *values;
    uint32_t *ids;
} Room;

static int get_room(Room *room, Size samples)
{
    size_t count = (size_t)samples + 1;
    room->codes = malloc(count * 7);
    if (room->codes == NULL)
        return 0;
    room->ids = malloc(count * sizeof(uint32_t));
    room->flags = room->codes + count;
    room->values = room->flags + count;
    if (room->ids == NULL) {
        free(room->codes);
        return 0;
    }
    return 1;
}

static void give_room(Room *room)
{
    free(room->codes);
    free(room->ids);
}

static Size find_unlike(const Room *room, Size samples, int one, int other)
{
    Size found = 0;
    for (Size i = 0; i < samples; i++) {
        room->ids[found] = (uint32_t)i;
        room->values[found] = room->codes[i];
        found += room->codes[i] != one && room->codes[i] != other;
    }
    return found;
}

static uint8_t *put_main(uint8_t *out, const Room *room, Size samples, int *kind)
{
    static const uint8_t pairs[4][4] = {{0, 1, 2, 3}, {0, 0, 5, 6}, {0, 0, 0, 9}, {0}};
    Size counts[4] = {0};
    for (Size i = 0; i < samples; i++)
        counts[room->codes[i]]++;
    int most = 0;
    for (int code = 1; code < 4; code++)
        most = counts[code] > counts[most] ? code : most;
    int second = most == 0;
    for (int code = second + 1; code < 4; code++)
        second = code != most && counts[code] > counts[second] ? code : second;
    Size others = samples - counts[most], rest = others - counts[second];
    Size pair_cost = 2 * samples + 21 * rest, plain_cost = 4 * samples;
    Size least = pair_cost < plain_cost ? pair_cost : plain_cost;
    if (most != 1 && 8 * others <= samples && 21 * others <= least) {
        *kind |= 4 | most;
        Size found = find_unlike(room, samples, most, most);
        return put_list(out, room->ids, room->values, found, samples);
    }
    if ((rest == 0 || rest < samples / 16) && pair_cost < plain_cost) {
        int low = most < second ? most : second, high = most < second ? second : most;
        *kind |= 1;
        *out++ = pairs[low][high];
        BitSink sink = {out, 0, 0};
        for (Size i = 0; i < samples; i++)
            put_bit(&sink, room->codes[i] == high);
        out = flushed(&sink);
        Size found = find_unlike(room, samples, low, high);
        return put_list(out, room->ids, room->values, found, samples);
    }
    return put_two_bits(out, room->codes, samples);
}

enum { PHASED = 1, SWAPPED = 2, IS_EXPLICIT = 4, LISTED = 8 };

/* Codes and flags of a row; gives all flags joined, and counts. */
static int look_at_row(const uint16_t *total, const int16_t *delta, Size samples, int32_t limit,
                       const Room *room, Size *phased, Size *listed)
{
    int every = 0;
    Size phases = 0, entries = 0;
    for (Size i = 0; i < samples; i++) {
        int32_t sum = total[i], step = delta == NULL ? 0 : delta[i];
        uint8_t code = hard_call((uint32_t)sum, limit);
        int32_t size = step < 0 ? -step : step;
        int known = sum != MISSING;
        int is_phased = code == 1 && size >= HALF;
        int implied = is_phased && size == (sum < 2 * ONE - sum ? sum : 2 * ONE - sum);
        int explicit = known && step != 0 && !implied;
        int entry = known && ((sum & (ONE - 1)) != 0 || code == ABSENT || explicit);
        int flags = is_phased * PHASED | (step > 0) * SWAPPED | explicit * IS_EXPLICIT | entry * LISTED;
        room->codes[i] = code;
        room->flags[i] = (uint8_t)flags;
        every |= flags;
        phases += is_phased;
        entries += entry;
    }
    *phased = phases;
    *listed = entries;
    return every;
}

static uint8_t *put_phase(uint8_t *out, const Room *room, Size samples, Size phased)
{
    Size hets = 0;
    for (Size i = 0; i < samples; i++)
        hets += room->codes[i] == 1;
    BitSink sink = {out, 0, 0};
    put_bit(&sink, hets != phased);
    if (hets != phased) {
        for (Size i = 0; i < samples; i++)
            if (room->codes[i] == 1)
                put_bit(&sink, room->flags[i] & PHASED);
        flushed(&sink);
    }
    for (Size i = 0; i < samples; i++)
        if (room->flags[i] & PHASED)
            put_bit(&sink, (room->flags[i] & SWAPPED) != 0);
    return flushed(&sink);
}

static uint8_t *put_presence(uint8_t *out, const Room *room, Size samples, Size listed, int *kind)
{
    if (16 * listed <= samples) {
        Size found = 0;
        for (Size i = 0; i < samples; i++)
            if (room->flags[i] & LISTED)
                room->ids[found++] = (uint32_t)i;
        *kind |= LIST;
        return put_list(out, room->ids, NULL, found, samples);
    }
    *kind |= BITS;
    BitSink sink = {out, 0, 0};
    for (Size i = 0; i < samples; i++)
        put_bit(&sink, (room->flags[i] & LISTED) != 0);
    return flushed(&sink);
}

static uint8_t *put_short(uint8_t *out, uint32_t value)
{
    out[0] = (uint8_t)value;
    out[1] = (uint8_t)(value >> 8);
    return out + 2;
}

static uint8_t *put_explicit(uint8_t *out, const int16_t *delta, const Room *room, Size samples)
{
    BitSink sink = {out, 0, 0};
    for (Size i = 0; i < samples; i++)
        if (room->flags[i] & LISTED)
            put_bit(&sink, (room->flags[i] & IS_EXPLICIT) != 0);
    out = flushed(&sink);
    for (Size i = 0; i < samples; i++)
        if (room->flags[i] & IS_EXPLICIT)
            out = put_short(out, (uint16_t)delta[i]);
    return out;
}

static uint8_t *put_record(uint8_t *out, const uint16_t *total, const int16_t *delta, Size samples,
                           int32_t limit, const Room *room, uint8_t *kind_out)
{
    int kind = 0;
    Size phased, listed;
    int every = look_at_row(total, delta, samples, limit, room, &phased, &listed);
    out = put_main(out, room, samples, &kind);
    if (phased) {
        kind |= PHASE;
        out = put_phase(out, room, samples, phased);
    }
    if (listed) {
        out = put_presence(out, room, samples, listed, &kind);
        for (Size i = 0; i < samples; i++)
            if (room->flags[i] & LISTED)
                out = put_short(out, total[i]);
    }
    if (every & IS_EXPLICIT) {
        kind |= EXPLICIT;
        out = put_explicit(out, delta, room, samples);
    }
    *kind_out = (uint8_t)kind;
    return out;
}

/* ---- PGEN records, read ------------------------------------------------------------------------------- */

typedef struct {
    const uint8_t *at, *end;
    int broken;
} Source;

static uint32_t get_varint(Source *source)
{
    uint32_t value = 0;
    for (int shift = 0; shift < 35 && source->at < source->end; shift += 7) {
        uint8_t byte = *source->at++;
        value |= (uint32_t)(byte & 127) << shift;
        if (byte < 128)
            return value;
    }
    source->broken = 1;
    return 0;
}

static const uint8_t *get_bytes(Source *source, Size count)
{
    if (count > source->end - source->at) {
        source->broken = 1;
        return NULL;
    }
    const uint8_t *here = source->at;
    source->at += count;
    return here;
}

/* The samples of a list into room->ids; gives how many, 0 when it is broken. `values` gets its codes. */
static Size get_list(Source *source, const Room *room, Size samples, const uint8_t **values)
{
    Size count = get_varint(source);
    if (count == 0 || count > samples) {
        source->broken |= count != 0;
        return 0;
    }
    int width = id_width(samples);
    Size groups = (count + GROUP - 1) / GROUP;
    const uint8_t *first = get_bytes(source, groups * width);
    get_bytes(source, groups - 1);
    if (values != NULL)
        *values = get_bytes(source, (count + 3) / 4);
    if (source->broken)
        return 0;
    uint32_t id = 0;
    for (Size i = 0; i < count; i++) {
        if (i % GROUP == 0) {
            uint32_t next = 0;
            for (int byte = 0; byte < width; byte++)
                next |= (uint32_t)*first++ << (8 * byte);
            source->broken |= i > 0 && next <= id;
            id = next;
        } else {
            uint32_t step = get_varint(source);
            source->broken |= step == 0;
            id += step;
        }
        if (source->broken || id >= (uint64_t)samples) {
            source->broken = 1;
            return 0;
        }
        room->ids[i] = id;
    }
    return count;
}

static int bit_of(const uint8_t *bits, Size at)
{
    return bits[at >> 3] >> (at & 7) & 1;
}

static void get_main(Source *source, int kind, const Room *room, const uint8_t *base, Size samples)
{
    const uint8_t *values = NULL;
    kind &= 7;
    if (kind == 0) {
        const uint8_t *bytes = get_bytes(source, (samples + 3) / 4);
        for (Size i = 0; bytes != NULL && i < samples; i++)
            room->codes[i] = bytes[i >> 2] >> (2 * (i & 3)) & 3;
        return;
    }
    if (kind == 1) {
        const uint8_t *which = get_bytes(source, 1), *bits = get_bytes(source, (samples + 7) / 8);
        if (bits == NULL)
            return;
        int low = *which >> 2, step = *which & 3;
        for (Size i = 0; i < samples; i++)
            room->codes[i] = (uint8_t)((low + step * bit_of(bits, i)) & 3);
    } else if (kind == 2 || kind == 3) {
        memcpy(room->codes, base, (size_t)samples);
    } else if (kind == 5) {
        source->broken = 1;
    } else {
        memset(room->codes, kind & 3, (size_t)samples);
    }
    Size count = get_list(source, room, samples, &values);
    for (Size i = 0; i < count; i++)
        room->codes[room->ids[i]] = values[i >> 2] >> (2 * (i & 3)) & 3;
    for (Size i = 0; kind == 3 && i < samples; i++)
        room->codes[i] = (uint8_t)(room->codes[i] == 0 ? 2 : room->codes[i] == 2 ? 0 : room->codes[i]);
}

/* Flags PHASED and SWAPPED of hets. */
static void get_phase(Source *source, const Room *room, Size samples)
{
    Size hets = 0, phased = 0, seen = 0;
    for (Size i = 0; i < samples; i++)
        hets += room->codes[i] == 1;
    const uint8_t *bits = get_bytes(source, (hets + 8) / 8);
    if (bits == NULL)
        return;
    int partly = bits[0] & 1;
    for (Size i = 0; i < samples; i++)
        if (room->codes[i] == 1) {
            seen++;
            int is_phased = !partly || bit_of(bits, seen);
            room->flags[i] = (uint8_t)(is_phased * PHASED | (!partly && bit_of(bits, seen)) * SWAPPED);
            phased += is_phased;
        }
    if (!partly || (bits = get_bytes(source, (phased + 7) / 8)) == NULL)
        return;
    seen = 0;
    for (Size i = 0; i < samples; i++)
        if (room->flags[i] & PHASED)
            room->flags[i] |= (uint8_t)(bit_of(bits, seen++) * SWAPPED);
}

static void mark_listed(Source *source, int kind, const Room *room, Size samples)
{
    if ((kind & BITS) == LIST) {
        Size count = get_list(source, room, samples, NULL);
        for (Size i = 0; i < count; i++)
            room->flags[room->ids[i]] |= LISTED;
        return;
    }
    const uint8_t *bits = (kind & BITS) == BITS ? get_bytes(source, (samples + 7) / 8) : NULL;
    for (Size i = 0; !source->broken && i < samples; i++)
        room->flags[i] |= (uint8_t)((bits == NULL || bit_of(bits, i)) * LISTED);
}

static uint32_t get_short(const uint8_t **at)
{
    uint32_t value = (*at)[0] | (uint32_t)(*at)[1] << 8;
    *at += 2;
    return value;
}

static Size count_listed(const Room *room, Size samples)
{
    Size count = 0;
    for (Size i = 0; i < samples; i++)
        count += (room->flags[i] & LISTED) != 0;
    return count;
}

static void get_dosages(Source *source, int kind, const Room *room, uint16_t *total, int16_t *delta,
                        Size samples)
{
    mark_listed(source, kind, room, samples);
    Size listed = count_listed(room, samples);
    const uint8_t *at = get_bytes(source, 2 * listed);
    for (Size i = 0; !source->broken && i < samples; i++)
        if (room->flags[i] & LISTED) {
            total[i] = (uint16_t)get_short(&at);
            int32_t sum = total[i], one_whole = sum < 2 * ONE - sum ? sum : 2 * ONE - sum;
            delta[i] = (int16_t)(room->flags[i] & PHASED ? room->flags[i] & SWAPPED ? one_whole : -one_whole : 0);
        }
    if (source->broken || !(kind & EXPLICIT))
        return;
    const uint8_t *bits = (kind & BITS) == EVERY ? NULL : get_bytes(source, (listed + 7) / 8);
    Size seen = 0, explicit = 0;
    for (Size i = 0; !source->broken && i < samples; i++)
        if (room->flags[i] & LISTED && (bits == NULL || bit_of(bits, seen++))) {
            room->flags[i] |= IS_EXPLICIT;
            explicit++;
        }
    at = get_bytes(source, 2 * explicit);
    for (Size i = 0; !source->broken && i < samples; i++)
        if (room->flags[i] & IS_EXPLICIT) {
            int16_t step = (int16_t)get_short(&at);
            delta[i] = step == INT16_MIN ? 0 : step;
        }
}

static int get_record(const uint8_t *data, Size length, int kind, const Room *room, uint8_t *base,
                      Size samples, uint16_t *total, int16_t *delta)
{
    Source source = {data, data + length, 0};
    memset(room->flags, 0, (size_t)samples);
    get_main(&source, kind, room, base, samples);
    if (source.broken || kind & 8)
        return 0;
    if ((kind & 7) != 2 && (kind & 7) != 3)
        memcpy(base, room->codes, (size_t)samples);
    if (kind & PHASE)
        get_phase(&source, room, samples);
    for (Size i = 0; i < samples; i++) {
        total[i] = (uint16_t)(room->codes[i] == ABSENT ? MISSING : room->codes[i] * ONE);
        delta[i] = (int16_t)(room->flags[i] & PHASED ? room->flags[i] & SWAPPED ? ONE : -ONE : 0);
    }
    if (kind & BITS)
        get_dosages(&source, kind, room, total, delta, samples);
    return !source.broken && source.at == source.end;
}

/* ---- BGEN blocks and PLINK 1 rows ----------------------------------------------------------------------- */

static uint32_t in_255(uint32_t units)
{
    return (units * 255 + HALF) >> 14;
}

static void put_shares(uint8_t *out, uint32_t sum, int32_t step, int has_step, int phased)
{
    uint32_t first = (uint32_t)((int32_t)sum + step) / 2, second = (uint32_t)((int32_t)sum - step) / 2;
    if (phased) {
        out[0] = (uint8_t)(255 - in_255(first));
        out[1] = (uint8_t)(255 - in_255(second));
        return;
    }
    uint32_t dosage = in_255(sum), least = dosage > 255 ? dosage - 255 : 0;
    uint32_t both = has_step ? ((first * second >> 8) * 255 + (1u << 19)) >> 20 : 0;
    both = both < least ? least : both > dosage / 2 ? dosage / 2 : both;
    uint32_t het = dosage - 2 * both;
    out[0] = (uint8_t)(255 - both - het);
    out[1] = (uint8_t)het;
}

static void put_block(uint8_t *out, const uint16_t *total, const int16_t *delta, Size samples, int phased)
{
    for (int byte = 0; byte < 4; byte++)
        out[byte] = (uint8_t)((uint64_t)samples >> (8 * byte));
    memcpy(out + 4, "\2\0\2\2", 4);
    uint8_t *ploidy = out + 8, *shares = out + 10 + samples;
    ploidy[samples] = (uint8_t)phased;
    ploidy[samples + 1] = 8;
    for (Size i = 0; i < samples; i++) {
        int lost = total[i] == MISSING;
        ploidy[i] = lost ? 0x82 : 2;
        if (lost)
            shares[2 * i] = shares[2 * i + 1] = 0;
        else
            put_shares(shares + 2 * i, total[i], delta == NULL ? 0 : delta[i], delta != NULL, phased);
    }
}

static int get_block(const uint8_t *block, Size samples, int phased, uint32_t *dosage)
{
    const uint8_t *ploidy = block + 8, *shares = block + 10 + samples;
    uint64_t people = 0;
    for (int byte = 0; byte < 4; byte++)
        people |= (uint64_t)block[byte] << (8 * byte);
    if (people != (uint64_t)samples || memcmp(block + 4, "\2\0\2\2", 4) != 0 || ploidy[samples + 1] != 8 ||
        ploidy[samples] != phased)
        return 0;
    for (Size i = 0; i < samples; i++) {
        uint32_t a = shares[2 * i], b = shares[2 * i + 1];
        if ((ploidy[i] & 63) != 2 || (!phased && a + b > 255))
            return 0;
        uint32_t value = phased ? (255 - a) | (255 - b) << 16 : 510 - 2 * a - b;
        dosage[i] = ploidy[i] & 128 ? UINT32_MAX : value;
    }
    return 1;
}

static Size put_bed_row(uint8_t *out, const uint16_t *total, Size samples, int32_t limit)
{
    static const uint8_t of_code[4] = {3, 2, 0, 1};
    Size lost = 0;
    memset(out, 0, (size_t)(samples + 3) / 4);
    for (Size i = 0; i < samples; i++) {
        uint8_t code = hard_call(total[i], limit);
        lost += code == ABSENT;
        out[i >> 2] |= (uint8_t)(of_code[code] << (2 * (i & 3)));
    }
    return lost;
}

/* ---- zlib, by the libdeflate that the `deflate` package has loaded --------------------------------------- */

typedef void *(*Allocate)(int);
typedef size_t (*Compress)(void *, const void *, size_t, void *, size_t);
typedef void (*Release)(void *);

static Allocate allocate;
static Compress compress;
static Release release_compressor;

/* Packs rows of one size; gives the bytes, -1 when memory or room was short. */
static Size pack_rows(const Py_buffer *rows_of_bytes, Size rows, Size size, int level, Py_buffer *out,
                      uint32_t *lengths)
{
    void *memory = allocate == NULL ? NULL : allocate(level);
    Size at = 0;
    if (memory == NULL)
        return -1;
    for (Size row = 0; row < rows && at >= 0; row++) {
        size_t made = compress(memory, (const uint8_t *)rows_of_bytes->buf + row * size, (size_t)size,
                               (uint8_t *)out->buf + at, (size_t)(out->len - at));
        lengths[row] = (uint32_t)made;
        at = made == 0 ? -1 : at + (Size)made;
    }
    release_compressor(memory);
    return at;
}

/* ---- sites and variants of BGEN -------------------------------------------------------------------------- */

/* Texts one after the other, as app/genotypes/texts.py has them: `ends[i]` is where text i ends. */
typedef struct {
    const uint8_t *text;
    const int64_t *ends;
} Column;

/* Sites of one chromosome: identifiers, REF and ALT. */
typedef struct {
    const uint8_t *chromosome;
    Size length;
    const int64_t *position;
    Column columns[3];
} Sites;

static const uint8_t *text_at(const Column *column, Size row, Size *length)
{
    int64_t start = row == 0 ? 0 : column->ends[row - 1];
    *length = (Size)(column->ends[row] - start);
    return column->text + start;
}

static uint8_t *put_bytes(uint8_t *out, const uint8_t *from, Size length)
{
    if (length > 0)
        memcpy(out, from, (size_t)length);
    return out + length;
}

static uint8_t *put_number(uint8_t *out, uint64_t value)
{
    uint8_t digits[20];
    int count = 0;
    do {
        digits[count++] = (uint8_t)('0' + value % 10);
    } while ((value /= 10) > 0);
    while (count > 0)
        *out++ = digits[--count];
    return out;
}

static uint8_t *put_little(uint8_t *out, uint64_t value, int bytes)
{
    for (int byte = 0; byte < bytes; byte++)
        *out++ = (uint8_t)(value >> (8 * byte));
    return out;
}

/* Chromosome, position, identifier, REF and ALT with tabs between them and a line end behind. */
static uint8_t *put_site(uint8_t *out, const Sites *sites, Size row)
{
    out = put_bytes(out, sites->chromosome, sites->length);
    *out++ = '\t';
    out = put_number(out, (uint64_t)sites->position[row]);
    for (int i = 0; i < 3; i++) {
        Size length;
        const uint8_t *text = text_at(&sites->columns[i], row, &length);
        *out++ = '\t';
        out = put_bytes(out, text, length);
    }
    *out++ = '\n';
    return out;
}

/* As `put_site`, in the order of a .bim. */
static uint8_t *put_bim(uint8_t *out, const Sites *sites, Size row)
{
    static const int order[3] = {0, 2, 1};
    out = put_bytes(out, sites->chromosome, sites->length);
    for (int i = 0; i < 3; i++) {
        Size length;
        const uint8_t *text = text_at(&sites->columns[order[i]], row, &length);
        *out++ = '\t';
        out = put_bytes(out, text, length);
        if (i == 0) {
            out = put_bytes(out, (const uint8_t *)"\t0\t", 3);
            out = put_number(out, (uint64_t)sites->position[row]);
        }
    }
    *out++ = '\n';
    return out;
}

static uint8_t *put_counted(uint8_t *out, const uint8_t *text, Size length, int bytes)
{
    return put_bytes(put_little(out, (uint64_t)length, bytes), text, length);
}

/* A variant before its packed block of `packed` bytes. */
static uint8_t *put_variant(uint8_t *out, const Sites *sites, Size row, Size size, Size packed)
{
    Size length;
    const uint8_t *name = text_at(&sites->columns[0], row, &length);
    out = put_counted(out, name, length, 2);
    out = put_counted(out, name, length, 2);
    out = put_counted(out, sites->chromosome, sites->length, 2);
    out = put_little(out, (uint64_t)sites->position[row], 4);
    out = put_little(out, 2, 2);
    for (int i = 1; i < 3; i++) {
        const uint8_t *allele = text_at(&sites->columns[i], row, &length);
        out = put_counted(out, allele, length, 4);
    }
    return put_little(put_little(out, (uint64_t)packed + 4, 4), (uint64_t)size, 4);
}

enum { NAME = 2, REF = 3, ALT = 4, FILTER = 6, INFO = 7, FIXED = 8, LONGEST_MADE = 900 };

/* Chromosome, position, identifier, REF, ALT, FILTER and INFO of a line, with an identifier where there is none;
 * NULL where the line has too few columns, there is no room, or the identifier would be long. */
static uint8_t *put_pvar(uint8_t *out, const uint8_t *end, const uint8_t *line, const uint8_t *stop,
                         const uint8_t *chromosome, Size length)
{
    const uint8_t *begins[FIXED + 1];
    begins[0] = line;
    for (int i = 1; i <= FIXED; i++) {
        const uint8_t *tab = memchr(begins[i - 1], '\t', (size_t)(stop - begins[i - 1]));
        if (tab == NULL && i < FIXED)
            return NULL;
        begins[i] = (tab == NULL ? stop : tab) + (tab != NULL || i == FIXED);
    }
    if (2 * (length + (begins[FIXED] - line)) + 16 > end - out)
        return NULL;
    int unnamed = begins[NAME + 1] - begins[NAME] == 2 && *begins[NAME] == '.';
    if (unnamed && length + (begins[ALT + 1] - begins[REF]) > LONGEST_MADE)
        return NULL;
    out = put_bytes(out, chromosome, length);
    for (int i = 1; i < FIXED; i++) {
        if (i == FILTER - 1)
            continue;
        *out++ = '\t';
        if (i != NAME || !unnamed) {
            out = put_bytes(out, begins[i], begins[i + 1] - begins[i] - 1);
            continue;
        }
        out = put_bytes(out, chromosome, length);
        for (int part = 1; part <= ALT; part += part == 1 ? NAME : 1) {
            *out++ = ':';
            out = put_bytes(out, begins[part], begins[part + 1] - begins[part] - 1);
        }
    }
    *out++ = '\n';
    return out;
}

/* ---- records of BCF ----------------------------------------------------------------------------------------- */

enum { A_BYTE = 1, A_SHORT = 2, A_LONG = 3, A_FLOAT = 5, A_TEXT = 7 };
enum { OF_NOTHING, OF_FLAG, OF_INTEGER, OF_FLOAT, OF_TEXT };
static const uint32_t MISSING_BITS = 0x7F800001u, END_BITS = 0x7F800002u;

/* Words of the header with their numbers; `types` are those of values of INFO. */
typedef struct {
    Column names;
    const int32_t *numbers;
    const uint8_t *types;
    Size count, likely;
} Words;

/* Figures of samples, NULL where the field is not written; `numbers` are those of the fields. */
typedef struct {
    const int8_t *calls;
    const uint8_t *phased;
    const float *doses, *pairs, *shares;
    int32_t numbers[4];
    Size samples;
    int count;
} Cells;

static int kind_of(int64_t low, int64_t high)
{
    return low >= -120 && high <= 127 ? A_BYTE : low >= -32760 && high <= 32767 ? A_SHORT : A_LONG;
}

static uint8_t *put_whole(uint8_t *out, int64_t value, int kind)
{
    return put_little(out, (uint64_t)value, kind == A_BYTE ? 1 : kind == A_SHORT ? 2 : 4);
}

static uint8_t *put_head(uint8_t *out, int kind, Size count)
{
    *out++ = (uint8_t)((count < 15 ? count : 15) << 4 | kind);
    if (count >= 15) {
        int wide = kind_of(count, count);
        *out++ = (uint8_t)(1 << 4 | wide);
        out = put_whole(out, count, wide);
    }
    return out;
}

static uint8_t *put_integer(uint8_t *out, int64_t value)
{
    int kind = kind_of(value, value);
    return put_whole(put_head(out, kind, 1), value, kind);
}

static uint8_t *put_text(uint8_t *out, const uint8_t *text, Size length)
{
    return put_bytes(put_head(out, A_TEXT, length), text, length);
}

static uint8_t *put_bits(uint8_t *out, uint32_t bits)
{
    return put_little(out, bits, 4);
}

static int is_dot(const uint8_t *p, const uint8_t *stop)
{
    return stop - p == 1 && *p == '.';
}

/* Digits as a whole number; the place behind them. They must be 15 at most with those before. */
static const uint8_t *read_digits(const uint8_t *p, const uint8_t *stop, uint64_t *value, int *count)
{
    for (; p < stop && is_digit(*p) && *count <= 15; p++, ++*count)
        *value = *value * 10 + (uint64_t)(*p - '0');
    return p;
}

/* The bits of a figure; 0 where it must be read by Python. Exact, for both parts of the division are. */
static int read_bits(const uint8_t *p, const uint8_t *stop, uint32_t *bits)
{
    static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                  1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    uint64_t digits = 0, power = 0;
    int count = 0, decimals = 0, powers = 0, minus = 0, down = 0;
    if (is_dot(p, stop)) {
        *bits = MISSING_BITS;
        return 1;
    }
    if (p < stop && *p == '-') {
        minus = 1;
        p++;
    }
    const uint8_t *begin = p;
    p = read_digits(p, stop, &digits, &count);
    if (p == begin)
        return 0;
    if (p < stop && *p == '.') {
        int before = count;
        p = read_digits(p + 1, stop, &digits, &count);
        decimals = count - before;
    }
    if (p < stop && (*p == 'e' || *p == 'E')) {
        p++;
        down = p < stop && *p == '-';
        p += p < stop && (*p == '-' || *p == '+');
        begin = p;
        p = read_digits(p, stop, &power, &powers);
        if (p == begin || powers > 2)
            return 0;
    }
    int scale = (down ? -(int)power : (int)power) - decimals;
    if (p != stop || count > 15 || scale < -22 || scale > 22)
        return 0;
    double value = scale < 0 ? (double)digits / tens[-scale] : (double)digits * tens[scale];
    float single = (float)(minus ? -value : value);
    if (value > 3e38)
        return 0;
    memcpy(bits, &single, 4);
    return 1;
}

/* The place of a word, -1 where the header has none. Words mostly come in the same order. */
static Size find_word(Words *words, const uint8_t *p, Size length, int info)
{
    for (Size i = 0; i < words->count; i++) {
        Size at = words->likely + i < words->count ? words->likely + i : words->likely + i - words->count, mine;
        const uint8_t *name = text_at(&words->names, at, &mine);
        if (mine == length && memcmp(name, p, (size_t)length) == 0 && (!info || words->types[at] != OF_NOTHING)) {
            words->likely = at + 1 < words->count ? at + 1 : 0;
            return at;
        }
    }
    return -1;
}

static const uint8_t *find_byte(const uint8_t *p, const uint8_t *stop, int byte)
{
    const uint8_t *found = p < stop ? memchr(p, byte, (size_t)(stop - p)) : NULL;
    return found == NULL ? stop : found;
}

static Size count_items(const uint8_t *p, const uint8_t *stop, uint8_t between)
{
    Size count = 1;
    for (; p < stop; p++)
        count += *p == between;
    return count;
}

static uint8_t *put_floats(uint8_t *out, const uint8_t *p, const uint8_t *stop)
{
    out = put_head(out, A_FLOAT, count_items(p, stop, ','));
    for (;; p++) {
        const uint8_t *end = find_byte(p, stop, ',');
        uint32_t bits;
        if (!read_bits(p, end, &bits))
            return NULL;
        out = put_bits(out, bits);
        if ((p = end) == stop)
            return out;
    }
}

/* Whether a whole number was read; `known` 0 for a dot. */
static int read_integer(const uint8_t *p, const uint8_t *stop, int64_t *value, int *known)
{
    uint64_t digits = 0;
    int count = 0, minus = p < stop && *p == '-';
    *known = !is_dot(p, stop);
    if (!*known)
        return 1;
    const uint8_t *end = read_digits(p + minus, stop, &digits, &count);
    *value = minus ? -(int64_t)digits : (int64_t)digits;
    return end == stop && count > 0 && count < 10;
}

static uint8_t *put_integers(uint8_t *out, const uint8_t *begin, const uint8_t *stop)
{
    static const int64_t missing[4] = {0, -128, -32768, INT32_MIN};
    int64_t low = 0, high = 0, value;
    int any = 0, known;
    for (const uint8_t *p = begin;; p++) {
        const uint8_t *end = find_byte(p, stop, ',');
        if (!read_integer(p, end, &value, &known))
            return NULL;
        if (known) {
            low = !any || value < low ? value : low;
            high = !any || value > high ? value : high;
            any = 1;
        }
        if ((p = end) == stop)
            break;
    }
    int kind = kind_of(low, high);
    out = put_head(out, kind, count_items(begin, stop, ','));
    for (const uint8_t *p = begin;; p++) {
        const uint8_t *end = find_byte(p, stop, ',');
        read_integer(p, end, &value, &known);
        out = put_whole(out, known ? value : missing[kind], kind);
        if ((p = end) == stop)
            return out;
    }
}

/* INFO as keys and typed values; NULL where Python must write it. */
static uint8_t *put_info(uint8_t *out, Words *words, const uint8_t *p, const uint8_t *stop, Size *count)
{
    *count = 0;
    if (p == stop || is_dot(p, stop))
        return out;
    for (;; p++) {
        const uint8_t *end = find_byte(p, stop, ';'), *equals = find_byte(p, end, '=');
        Size at = find_word(words, p, equals - p, 1);
        if (at < 0)
            return NULL;
        out = put_integer(out, words->numbers[at]);
        ++*count;
        if (equals == end || words->types[at] == OF_FLAG)
            *out++ = 0;
        else if (words->types[at] == OF_FLOAT)
            out = put_floats(out, equals + 1, end);
        else if (words->types[at] == OF_INTEGER)
            out = put_integers(out, equals + 1, end);
        else
            out = put_text(out, equals + 1, end - equals - 1);
        if (out == NULL || (p = end) == stop)
            return out;
    }
}

static uint8_t *put_filters(uint8_t *out, Words *words, const uint8_t *p, const uint8_t *stop)
{
    int64_t low = INT32_MAX, high = INT32_MIN;
    if (p == stop || is_dot(p, stop)) {
        *out++ = 0;
        return out;
    }
    for (int pass = 0, kind = 0; pass < 2; pass++) {
        for (const uint8_t *at = p;; at++) {
            const uint8_t *end = find_byte(at, stop, ';');
            Size word = find_word(words, at, end - at, 0);
            if (word < 0)
                return NULL;
            int32_t number = words->numbers[word];
            low = number < low ? number : low;
            high = number > high ? number : high;
            if (pass)
                out = put_whole(out, number, kind);
            if ((at = end) == stop)
                break;
        }
        if (!pass)
            out = put_head(out, kind = kind_of(low, high), count_items(p, stop, ';'));
    }
    return out;
}

/* One row of a field: `items` figures a sample; where `calls` say that there is one copy, without the last. */
static uint8_t *put_figures(uint8_t *out, const float *from, Size samples, int items, const int8_t *calls)
{
    for (Size i = 0; i < samples; i++, from += items) {
        int lost = 1;
        for (int item = 0; item < items; item++)
            lost &= from[item] != from[item];
        int alone = calls != NULL && calls[2 * i + 1] == -2;
        for (int item = 0; item < items; item++) {
            uint32_t bits;
            memcpy(&bits, &from[item], 4);
            bits = item > 0 && (lost || (alone && item == items - 1)) ? END_BITS : from[item] != from[item] ? MISSING_BITS : bits;
            out = put_bits(out, bits);
        }
    }
    return out;
}

static uint8_t *put_calls(uint8_t *out, const int8_t *calls, const uint8_t *phased, Size samples)
{
    for (Size i = 0; i < samples; i++)
        for (int item = 0; item < 2; item++) {
            int allele = calls[2 * i + item];
            int bar = item == 1 && phased != NULL && phased[i];
            *out++ = (uint8_t)(allele == -2 ? -127 : ((allele < -1 ? -1 : allele) + 1) << 1 | bar);
        }
    return out;
}

static uint8_t *put_cells(uint8_t *out, const Cells *cells, Size row)
{
    const float *figures[4] = {NULL, cells->doses, cells->pairs, cells->shares};
    const int items[4] = {2, 1, 2, 3};
    Size first = row * cells->samples;
    const int8_t *calls = cells->calls == NULL ? NULL : cells->calls + 2 * first;
    if (calls != NULL) {
        out = put_head(put_integer(out, cells->numbers[0]), A_BYTE, 2);
        out = put_calls(out, calls, cells->phased == NULL ? NULL : cells->phased + first, cells->samples);
    }
    for (int field = 1; field < 4; field++)
        if (figures[field] != NULL) {
            out = put_head(put_integer(out, cells->numbers[field]), A_FLOAT, items[field]);
            out = put_figures(out, figures[field] + items[field] * first, cells->samples, items[field], calls);
        }
    return out;
}

/* A record; NULL where there is no room or Python must write it. The line has the columns of a VCF. */
static uint8_t *put_bcf(uint8_t *out, const uint8_t *stop, int32_t contig, const Sites *sites, Words *words,
                        const Cells *cells, const uint8_t *line, const uint8_t *line_stop, Size row)
{
    const uint8_t *columns[FIXED + 1] = {line};
    const uint8_t *texts[3];
    Size lengths[3], needed = 256 + 26 * cells->samples, infos;
    uint32_t quality;
    for (int i = 1; i <= FIXED; i++) {
        const uint8_t *tab = find_byte(columns[i - 1], line_stop, '\t');
        if (tab == line_stop)
            return NULL;
        columns[i] = tab + 1;
    }
    for (int i = 0; i < 3; i++) {
        texts[i] = text_at(&sites->columns[i], row, &lengths[i]);
        needed += lengths[i];
    }
    if (needed + 6 * (columns[FIXED] - line) > stop - out || sites->position[row] - 1 > INT32_MAX ||
        !read_bits(columns[FILTER - 1], columns[FILTER] - 1, &quality))
        return NULL;
    uint8_t *begin = out;
    int single = is_dot(texts[2], texts[2] + lengths[2]), unnamed = is_dot(texts[0], texts[0] + lengths[0]);
    out = put_text(out + 32, texts[0], unnamed ? 0 : lengths[0]);
    out = put_text(out, texts[1], lengths[1]);
    if (!single)
        out = put_text(out, texts[2], lengths[2]);
    out = put_filters(out, words, columns[FILTER], columns[FILTER + 1] - 1);
    if (out == NULL || (out = put_info(out, words, columns[INFO], columns[INFO + 1] - 1, &infos)) == NULL)
        return NULL;
    uint8_t *behind = put_cells(out, cells, row), *at = begin;
    at = put_little(at, (uint64_t)(out - begin - 8), 4);
    at = put_little(at, (uint64_t)(behind - out), 4);
    at = put_little(at, (uint64_t)(int64_t)contig, 4);
    at = put_little(at, (uint64_t)(sites->position[row] - 1), 4);
    at = put_little(at, (uint64_t)lengths[1], 4);
    at = put_bits(at, quality);
    at = put_little(at, (uint64_t)(infos | (single ? 1 : 2) << 16), 4);
    put_little(at, (uint64_t)cells->count << 24 | (uint64_t)cells->samples, 4);
    return behind;
}

/* Where reading is in the bytes of a file. */
typedef struct {
    const uint8_t *data;
    Size at, end;
} Reading;

static int get_little(Reading *from, int bytes, uint64_t *value)
{
    if (from->end - from->at < bytes)
        return 0;
    *value = 0;
    for (int byte = 0; byte < bytes; byte++)
        *value |= (uint64_t)from->data[from->at + byte] << (8 * byte);
    from->at += bytes;
    return 1;
}

static const uint8_t *get_counted(Reading *from, int bytes, Size *length)
{
    uint64_t count;
    if (!get_little(from, bytes, &count) || count > (uint64_t)(from->end - from->at))
        return NULL;
    *length = (Size)count;
    from->at += *length;
    return from->data + from->at - *length;
}

typedef int (*Decompress)(void *, const void *, size_t, void *, size_t, size_t *);

static void *(*allocate_decompressor)(void);
static Decompress decompress;
static void (*release_decompressor)(void *);

/* The next variant: its line, and its block unpacked into `block`; NULL where it is not whole or is odd. */
static uint8_t *get_variant(Reading *from, void *memory, uint8_t *line, const uint8_t *stop, uint8_t *block,
                            Size size)
{
    Size lengths[5], packed;
    uint64_t position, alleles, said;
    const uint8_t *texts[5];
    for (int i = 0; i < 3; i++)
        if ((texts[i] = get_counted(from, 2, &lengths[i])) == NULL)
            return NULL;
    if (!get_little(from, 4, &position) || !get_little(from, 2, &alleles) || alleles != 2)
        return NULL;
    for (int i = 3; i < 5; i++)
        if ((texts[i] = get_counted(from, 4, &lengths[i])) == NULL)
            return NULL;
    Size room = 24 + lengths[1] + lengths[2] + lengths[3] + lengths[4];
    const uint8_t *data = get_counted(from, 4, &packed);
    if (data == NULL || packed <= 4 || room > stop - line)
        return NULL;
    Reading sizes = {data, 0, 4};
    get_little(&sizes, 4, &said);
    if (said != (uint64_t)size ||
        decompress(memory, data + 4, (size_t)packed - 4, block, (size_t)size, NULL) != 0)
        return NULL;
    line = put_bytes(line, texts[2], lengths[2]);
    *line++ = '\t';
    line = put_number(line, position);
    for (int i = 1; i < 5; i += i == 1 ? 2 : 1) {
        *line++ = '\t';
        line = put_bytes(line, texts[i], lengths[i]);
    }
    *line++ = '\n';
    return line;
}

/* ---- what Python calls -------------------------------------------------------------------------------- */

static int holds(const Py_buffer *buffer, Size rows, Size samples, Size size)
{
    if (rows >= 0 && samples >= 0 && (samples == 0 || rows <= PY_SSIZE_T_MAX / 16 / samples) &&
        buffer->len >= rows * samples * size)
        return 1;
    PyErr_SetString(PyExc_ValueError, "an array is smaller than it should be");
    return 0;
}

static void release(Py_buffer *buffers, int count)
{
    for (int i = 0; i < count; i++)
        if (buffers[i].obj != NULL)
            PyBuffer_Release(&buffers[i]);
}

static PyObject *export_quantise(PyObject *module, PyObject *args)
{
    Py_buffer b[3] = {{0}};
    Size rows, samples, row = 0;
    int state = 0, found = 0;
    PyObject *result = NULL;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*w*w*nn:quantise", &b[0], &b[1], &b[2], &rows, &samples))
        return NULL;
    if (holds(&b[0], rows, samples, 8) && holds(&b[1], rows, samples, 2) && holds(&b[2], rows, samples, 2)) {
        Py_BEGIN_ALLOW_THREADS
        for (; row < rows && found >= 0; row++) {
            found = quantise_row((const float *)b[0].buf + 2 * row * samples,
                                 (uint16_t *)b[1].buf + row * samples, (int16_t *)b[2].buf + row * samples,
                                 samples);
            state |= found > 0;
        }
        Py_END_ALLOW_THREADS
        result = PyLong_FromSsize_t(found < 0 ? -row : state);
    }
    release(b, 3);
    return result;
}

/* Lines from b[1] to b[2] of the text b[0]; `odd` 1 of a line that Python must read, 2 with haploid calls. */
static void read_lines(Py_buffer *b, Size rows, Size samples, int pair)
{
    const int64_t *starts = b[1].buf, *stops = b[2].buf;
    const uint8_t *text = b[0].buf;
    uint8_t *odd = b[5].buf;
    for (Size row = 0; row < rows; row++) {
        uint8_t *alone = b[6].obj == NULL ? NULL : (uint8_t *)b[6].buf + row * samples;
        int state = 0;
        if (0 <= starts[row] && starts[row] <= stops[row] && stops[row] <= b[0].len)
            state = read_line(text + starts[row], text + stops[row], samples, pair,
                              (uint16_t *)b[3].buf + row * samples, (int16_t *)b[4].buf + row * samples, alone);
        odd[row] = (uint8_t)(state == 0 ? 1 : state == 2 ? 2 : 0);
    }
}

static PyObject *export_lines(PyObject *module, PyObject *args)
{
    Py_buffer b[7] = {{0}};
    PyObject *alone, *result = NULL;
    Size rows, samples;
    int pair;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*y*y*nnpw*w*w*O:lines", &b[0], &b[1], &b[2], &rows, &samples, &pair, &b[3], &b[4],
                          &b[5], &alone))
        return NULL;
    if ((alone == Py_None || PyObject_GetBuffer(alone, &b[6], PyBUF_WRITABLE) == 0) && holds(&b[1], rows, 1, 8) &&
        holds(&b[2], rows, 1, 8) && holds(&b[3], rows, samples, 2) && (!pair || holds(&b[4], rows, samples, 2)) &&
        holds(&b[5], rows, 1, 1) && (alone == Py_None || holds(&b[6], rows, samples, 1))) {
        Py_BEGIN_ALLOW_THREADS
        read_lines(b, rows, samples, pair);
        Py_END_ALLOW_THREADS
        result = Py_NewRef(Py_None);
    }
    release(b, 7);
    return result;
}

static PyObject *export_beyond(PyObject *module, PyObject *args)
{
    Py_buffer b = {0};
    Size count, lost = 0, far[6] = {0};
    int limits[6];
    PyObject *result = NULL;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*niiiiii:beyond", &b, &count, &limits[0], &limits[1], &limits[2],
                          &limits[3], &limits[4], &limits[5]))
        return NULL;
    if (holds(&b, 1, count, 2)) {
        const uint16_t *total = b.buf;
        Py_BEGIN_ALLOW_THREADS
        for (Size i = 0; i < count; i++) {
            int known = total[i] != MISSING, apart = known ? distance(total[i]) : -1;
            lost += !known;
            for (int each = 0; each < 6; each++)
                far[each] += apart > limits[each];
        }
        Py_END_ALLOW_THREADS
        result = Py_BuildValue("nnnnnnn", lost, far[0], far[1], far[2], far[3], far[4], far[5]);
    }
    release(&b, 1);
    return result;
}

/* `delta` may be None. */
static int get_delta(PyObject *object, Py_buffer *buffer)
{
    return object == Py_None || PyObject_GetBuffer(object, buffer, PyBUF_SIMPLE) == 0;
}

static Size put_records(Py_buffer *b, Size rows, Size samples, int limit, const Room *room)
{
    uint8_t *out = b[2].buf, *kinds = b[4].buf;
    uint32_t *lengths = b[3].buf;
    for (Size row = 0; row < rows; row++) {
        const int16_t *delta = b[1].obj == NULL ? NULL : (const int16_t *)b[1].buf + row * samples;
        uint8_t *begin = out;
        out = put_record(out, (const uint16_t *)b[0].buf + row * samples, delta, samples, limit, room, &kinds[row]);
        lengths[row] = (uint32_t)(out - begin);
    }
    return out - (uint8_t *)b[2].buf;
}

static PyObject *export_pgen(PyObject *module, PyObject *args)
{
    Py_buffer b[5] = {{0}};
    PyObject *delta, *result = NULL;
    Size rows, samples, size = 0;
    int limit;
    Room room;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*Onniw*w*w*:pgen", &b[0], &delta, &rows, &samples, &limit, &b[2], &b[3], &b[4]))
        return NULL;
    if (get_delta(delta, &b[1]) && holds(&b[0], rows, samples, 2) &&
        (b[1].obj == NULL || holds(&b[1], rows, samples, 2)) && holds(&b[2], rows, 6 * samples + 64, 1) &&
        holds(&b[3], rows, 1, 4) && holds(&b[4], rows, 1, 1)) {
        if (!get_room(&room, samples)) {
            PyErr_NoMemory();
        } else {
            Py_BEGIN_ALLOW_THREADS
            size = put_records(b, rows, samples, limit, &room);
            Py_END_ALLOW_THREADS
            give_room(&room);
            result = PyLong_FromSsize_t(size);
        }
    }
    release(b, 5);
    return result;
}

/* The row that is broken, -1 when none is. */
static Size get_records(Py_buffer *b, Size rows, Size samples, const Room *room, uint8_t *base)
{
    const uint8_t *data = b[0].buf, *end = data + b[0].len, *kinds = b[2].buf;
    const uint32_t *lengths = b[1].buf;
    for (Size row = 0; row < rows; row++) {
        if (lengths[row] > (uint64_t)(end - data) ||
            !get_record(data, lengths[row], kinds[row], room, base, samples,
                        (uint16_t *)b[3].buf + row * samples, (int16_t *)b[4].buf + row * samples))
            return row;
        data += lengths[row];
    }
    return -1;
}

static PyObject *export_unpgen(PyObject *module, PyObject *args)
{
    Py_buffer b[6] = {{0}};
    PyObject *result = NULL;
    Size rows, samples, broken = -1;
    Room room;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*y*y*nnw*w*w*:unpgen", &b[0], &b[1], &b[2], &rows, &samples, &b[3], &b[4],
                          &b[5]))
        return NULL;
    if (holds(&b[1], rows, 1, 4) && holds(&b[2], rows, 1, 1) && holds(&b[3], rows, samples, 2) &&
        holds(&b[4], rows, samples, 2) && holds(&b[5], 1, samples, 1)) {
        if (!get_room(&room, samples)) {
            PyErr_NoMemory();
        } else {
            Py_BEGIN_ALLOW_THREADS
            broken = get_records(b, rows, samples, &room, b[5].buf);
            Py_END_ALLOW_THREADS
            give_room(&room);
            result = PyLong_FromSsize_t(broken);
        }
    }
    release(b, 6);
    return result;
}

static PyObject *export_bgen(PyObject *module, PyObject *args)
{
    Py_buffer b[3] = {{0}};
    PyObject *delta, *result = NULL;
    Size rows, samples;
    int phased;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*Onnpw*:bgen", &b[0], &delta, &rows, &samples, &phased, &b[2]))
        return NULL;
    if (get_delta(delta, &b[1]) && holds(&b[0], rows, samples, 2) &&
        (b[1].obj == NULL || holds(&b[1], rows, samples, 2)) && holds(&b[2], rows, 3 * samples + 10, 1)) {
        Py_BEGIN_ALLOW_THREADS
        for (Size row = 0; row < rows; row++)
            put_block((uint8_t *)b[2].buf + row * (3 * samples + 10),
                      (const uint16_t *)b[0].buf + row * samples,
                      b[1].obj == NULL ? NULL : (const int16_t *)b[1].buf + row * samples, samples, phased);
        Py_END_ALLOW_THREADS
        result = Py_NewRef(Py_None);
    }
    release(b, 3);
    return result;
}

static PyObject *export_unbgen(PyObject *module, PyObject *args)
{
    Py_buffer b[2] = {{0}};
    PyObject *result = NULL;
    Size samples;
    int phased;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*npw*:unbgen", &b[0], &samples, &phased, &b[1]))
        return NULL;
    if (holds(&b[0], 1, 3 * samples + 10, 1) && holds(&b[1], 1, samples, 4))
        result = PyLong_FromLong(b[0].len == 3 * samples + 10 && get_block(b[0].buf, samples, phased, b[1].buf));
    release(b, 2);
    return result;
}

static PyObject *export_use(PyObject *module, PyObject *args)
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
    static const char *const names[6] = {"libdeflate_alloc_compressor",   "libdeflate_zlib_compress",
                                         "libdeflate_free_compressor",    "libdeflate_alloc_decompressor",
                                         "libdeflate_zlib_decompress",    "libdeflate_free_decompressor"};
    void *found[6];
    int there = 1;
    for (int i = 0; i < 6; i++)
        there &= (found[i] = dlsym(library, names[i])) != NULL;
    if (there) {
        memcpy(&allocate, &found[0], sizeof allocate);
        memcpy(&compress, &found[1], sizeof compress);
        memcpy(&release_compressor, &found[2], sizeof release_compressor);
        memcpy(&allocate_decompressor, &found[3], sizeof allocate_decompressor);
        memcpy(&decompress, &found[4], sizeof decompress);
        memcpy(&release_decompressor, &found[5], sizeof release_decompressor);
        return PyBool_FromLong(1);
    }
    dlclose(library);
#endif
    return PyBool_FromLong(0);
}

static PyObject *export_zlib(PyObject *module, PyObject *args)
{
    Py_buffer b[3] = {{0}};
    PyObject *result = NULL;
    Size rows, size, made = -1;
    int level;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*nniw*w*:zlib", &b[0], &rows, &size, &level, &b[1], &b[2]))
        return NULL;
    if (holds(&b[0], rows, size, 1) && holds(&b[2], rows, 1, 4)) {
        Py_BEGIN_ALLOW_THREADS
        made = pack_rows(&b[0], rows, size, level, &b[1], b[2].buf);
        Py_END_ALLOW_THREADS
        result = PyLong_FromSsize_t(made);
    }
    release(b, 3);
    return result;
}

/* Whether a column is of so many texts that lie in its bytes. */
static int holds_texts(const Py_buffer *text, const Py_buffer *ends, Size rows)
{
    const int64_t *at = ends->buf;
    int64_t before = 0;
    if (!holds(ends, rows, 1, 8))
        return 0;
    for (Size row = 0; row < rows; row++) {
        if (at[row] < before || at[row] > text->len) {
            PyErr_SetString(PyExc_ValueError, "a text ends where there is none");
            return 0;
        }
        before = at[row];
    }
    return 1;
}

enum { SITE_BUFFERS = 8 };

/* The sites of eight buffers, and whether their lines with `more` bytes for each fit into `room`. */
static int get_sites(Py_buffer *b, Size rows, Size times, Size more, Size room, Sites *sites)
{
    *sites = (Sites){b[0].buf, b[0].len, b[1].buf, {{0}}};
    Size needed = rows < 0 || rows > (1 << 28) || b[0].len > 0xFFFF ? room + 1 : rows * (b[0].len + more);
    for (int i = 0; i < 3; i++) {
        if (!holds_texts(&b[2 + 2 * i], &b[3 + 2 * i], rows))
            return 0;
        sites->columns[i] = (Column){b[2 + 2 * i].buf, b[3 + 2 * i].buf};
        needed += (i == 0 ? times : 1) * (rows > 0 ? (Size)sites->columns[i].ends[rows - 1] : 0);
    }
    if (needed <= room)
        return holds(&b[1], rows, 1, 8);
    PyErr_SetString(PyExc_ValueError, "there is no room for the sites");
    return 0;
}

static PyObject *export_sites(PyObject *module, PyObject *args)
{
    Py_buffer b[SITE_BUFFERS + 1] = {{0}};
    PyObject *result = NULL;
    Size rows;
    Sites sites;
    int bim = 0;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*y*y*y*nw*|p:sites", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5], &b[6],
                          &b[7], &rows, &b[8], &bim))
        return NULL;
    if (get_sites(b, rows, 1, 28, b[8].len, &sites)) {
        uint8_t *out = b[8].buf;
        for (Size row = 0; row < rows; row++)
            out = bim ? put_bim(out, &sites, row) : put_site(out, &sites, row);
        result = PyLong_FromSsize_t(out - (uint8_t *)b[8].buf);
    }
    release(b, SITE_BUFFERS + 1);
    return result;
}

/* Buffers: eight of sites, packed blocks, their lengths, room for the variants, lengths of these. */
static Size put_variants(Py_buffer *b, const Sites *sites, Size rows, Size size)
{
    const uint8_t *packed = b[8].buf;
    const uint32_t *lengths = b[9].buf;
    uint32_t *made = b[11].buf;
    uint8_t *out = b[10].buf;
    for (Size row = 0; row < rows; row++) {
        uint8_t *begin = out;
        out = put_bytes(put_variant(out, sites, row, size, lengths[row]), packed, lengths[row]);
        packed += lengths[row];
        made[row] = (uint32_t)(out - begin);
    }
    return out - (uint8_t *)b[10].buf;
}

static PyObject *export_variants(PyObject *module, PyObject *args)
{
    Py_buffer b[SITE_BUFFERS + 4] = {{0}};
    PyObject *result = NULL;
    Size rows, size;
    Sites sites;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*y*y*y*nny*y*w*w*:variants", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
                          &b[6], &b[7], &rows, &size, &b[8], &b[9], &b[10], &b[11]))
        return NULL;
    if (holds(&b[9], rows, 1, 4) && holds(&b[11], rows, 1, 4) &&
        get_sites(b, rows, 2, 28, b[10].len - b[8].len, &sites)) {
        uint64_t sum = 0;
        for (Size row = 0; row < rows; row++)
            sum += ((const uint32_t *)b[9].buf)[row];
        if (sum == (uint64_t)b[8].len)
            result = PyLong_FromSsize_t(put_variants(b, &sites, rows, size));
        else
            PyErr_SetString(PyExc_ValueError, "the lengths of blocks are not theirs");
    }
    release(b, SITE_BUFFERS + 4);
    return result;
}

/* Rows that were read, where the next begins, and the bytes of lines. */
static PyObject *get_variants(Py_buffer *b, Size at, Size samples, int phased, Size rows, uint8_t *block,
                              void *memory)
{
    Reading from = {b[0].buf, at, b[0].len};
    uint8_t *line = b[1].buf, *stop = line + b[1].len;
    Size row = 0;
    Py_BEGIN_ALLOW_THREADS
    for (; row < rows; row++) {
        Reading next = from;
        uint8_t *behind = get_variant(&next, memory, line, stop, block, 3 * samples + 10);
        if (behind == NULL || !get_block(block, samples, phased, (uint32_t *)b[2].buf + row * samples))
            break;
        from = next;
        line = behind;
    }
    Py_END_ALLOW_THREADS
    return Py_BuildValue("nnn", row, from.at, (Size)(line - (uint8_t *)b[1].buf));
}

static PyObject *export_unvariants(PyObject *module, PyObject *args)
{
    Py_buffer b[3] = {{0}};
    PyObject *result = NULL;
    Size at, samples, rows;
    int phased;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*nnpnw*w*:unvariants", &b[0], &at, &samples, &phased, &rows, &b[1], &b[2]))
        return NULL;
    if (holds(&b[2], rows, samples, 4)) {
        uint8_t *block = malloc((size_t)(3 * samples + 10));
        void *memory = allocate_decompressor == NULL ? NULL : allocate_decompressor();
        if (at < 0 || at > b[0].len)
            PyErr_SetString(PyExc_ValueError, "there is nothing to read");
        else if (block == NULL || memory == NULL)
            PyErr_NoMemory();
        else
            result = get_variants(b, at, samples, phased, rows, block, memory);
        free(block);
        if (memory != NULL)
            release_decompressor(memory);
    }
    release(b, 3);
    return result;
}

static PyObject *export_pvar(PyObject *module, PyObject *args)
{
    Py_buffer b[5] = {{0}};
    PyObject *result = NULL;
    Size rows;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*y*y*ny*w*:pvar", &b[0], &b[1], &b[2], &rows, &b[3], &b[4]))
        return NULL;
    if (holds(&b[1], rows, 1, 8) && holds(&b[2], rows, 1, 8)) {
        const int64_t *starts = b[1].buf, *stops = b[2].buf;
        uint8_t *out = b[4].buf, *end = out + b[4].len;
        for (Size row = 0; row < rows && out != NULL; row++) {
            int inside = starts[row] >= 0 && stops[row] >= starts[row] && stops[row] <= b[0].len;
            const uint8_t *text = b[0].buf;
            out = !inside ? NULL : put_pvar(out, end, text + starts[row], text + stops[row], b[3].buf, b[3].len);
        }
        result = PyLong_FromSsize_t(out == NULL ? -1 : out - (uint8_t *)b[4].buf);
    }
    release(b, 5);
    return result;
}

static PyObject *export_bed(PyObject *module, PyObject *args)
{
    Py_buffer b[2] = {{0}};
    PyObject *result = NULL;
    Size rows, samples, lost = 0;
    int limit;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*nniw*:bed", &b[0], &rows, &samples, &limit, &b[1]))
        return NULL;
    if (holds(&b[0], rows, samples, 2) && holds(&b[1], rows, (samples + 3) / 4, 1)) {
        Py_BEGIN_ALLOW_THREADS
        for (Size row = 0; row < rows; row++)
            lost += put_bed_row((uint8_t *)b[1].buf + row * ((samples + 3) / 4),
                                (const uint16_t *)b[0].buf + row * samples, samples, limit);
        Py_END_ALLOW_THREADS
        result = PyLong_FromSsize_t(lost);
    }
    release(b, 2);
    return result;
}

/* A buffer that may be None, of so many bytes a row at least. */
static int get_optional(PyObject *object, Py_buffer *buffer, Size rows, Size bytes)
{
    if (object == Py_None)
        return 1;
    return PyObject_GetBuffer(object, buffer, PyBUF_SIMPLE) == 0 && holds(buffer, rows, 1, bytes);
}

enum { LINES = SITE_BUFFERS, WORDS = LINES + 3, FIELDS = WORDS + 4, ROOM = FIELDS + 5, MADE, BCF_BUFFERS };

/* Rows from `first` on up to one that Python must write or for which there is no room: how many, and the bytes. */
static PyObject *put_bcfs(Py_buffer *b, const Sites *sites, Words *words, const Cells *cells, int contig, Size first,
                          Size rows)
{
    const int64_t *starts = b[LINES + 1].buf, *stops = b[LINES + 2].buf;
    const uint8_t *text = b[LINES].buf;
    uint8_t *out = b[ROOM].buf, *stop = out + b[ROOM].len;
    uint32_t *made = b[MADE].buf;
    Size row = first;
    for (; row < rows; row++) {
        if (starts[row] < 0 || stops[row] < starts[row] || stops[row] > b[LINES].len)
            break;
        uint8_t *behind =
            put_bcf(out, stop, contig, sites, words, cells, text + starts[row], text + stops[row], row);
        if (behind == NULL)
            break;
        made[row - first] = (uint32_t)(behind - out);
        out = behind;
    }
    return Py_BuildValue("nn", row - first, (Size)(out - (uint8_t *)b[ROOM].buf));
}

static PyObject *export_bcf(PyObject *module, PyObject *args)
{
    static const Size widths[5] = {2, 1, 4, 8, 12};
    Py_buffer b[BCF_BUFFERS] = {{0}};
    PyObject *fields[5], *sites_of, *lines_of, *words_of, *cells_of, *result = NULL;
    Cells cells = {0};
    Sites sites;
    Size first, rows;
    int contig, good = 1;
    (void)module;
    if (!PyArg_ParseTuple(args, "O!O!O!O!inny*y*:bcf", &PyTuple_Type, &sites_of, &PyTuple_Type, &lines_of,
                          &PyTuple_Type, &words_of, &PyTuple_Type, &cells_of, &contig, &first, &rows, &b[ROOM],
                          &b[MADE]))
        return NULL;
    good = PyArg_ParseTuple(sites_of, "y*y*y*y*y*y*y*y*", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5], &b[6], &b[7]) &&
           PyArg_ParseTuple(lines_of, "y*y*y*", &b[LINES], &b[LINES + 1], &b[LINES + 2]) &&
           PyArg_ParseTuple(words_of, "y*y*y*y*", &b[WORDS], &b[WORDS + 1], &b[WORDS + 2], &b[WORDS + 3]) &&
           PyArg_ParseTuple(cells_of, "nOOOOOiiii", &cells.samples, &fields[0], &fields[1], &fields[2], &fields[3],
                            &fields[4], &cells.numbers[0], &cells.numbers[1], &cells.numbers[2], &cells.numbers[3]) &&
           first >= 0 && first <= rows && cells.samples >= 0 && cells.samples < (1 << 24) &&
           get_sites(b, rows, 1, 0, PY_SSIZE_T_MAX / 2, &sites) && holds(&b[LINES + 1], rows, 1, 8) &&
           holds(&b[LINES + 2], rows, 1, 8) && holds(&b[MADE], rows - first, 1, 4) && !b[ROOM].readonly &&
           !b[MADE].readonly;
    Size count = b[WORDS + 3].len;
    good = good && holds_texts(&b[WORDS], &b[WORDS + 1], count) && holds(&b[WORDS + 2], count, 1, 4);
    for (int i = 0; good && i < 5; i++)
        good = get_optional(fields[i], &b[FIELDS + i], rows, widths[i] * cells.samples);
    if (good) {
        Words words = {{b[WORDS].buf, b[WORDS + 1].buf}, b[WORDS + 2].buf, b[WORDS + 3].buf, count, 0};
        cells.calls = b[FIELDS].obj == NULL ? NULL : b[FIELDS].buf;
        cells.phased = b[FIELDS + 1].obj == NULL ? NULL : b[FIELDS + 1].buf;
        cells.doses = b[FIELDS + 2].obj == NULL ? NULL : b[FIELDS + 2].buf;
        cells.pairs = b[FIELDS + 3].obj == NULL ? NULL : b[FIELDS + 3].buf;
        cells.shares = b[FIELDS + 4].obj == NULL ? NULL : b[FIELDS + 4].buf;
        cells.count = (cells.calls != NULL) + (cells.doses != NULL) + (cells.pairs != NULL) + (cells.shares != NULL);
        result = put_bcfs(b, &sites, &words, &cells, contig, first, rows);
    } else if (!PyErr_Occurred()) {
        PyErr_SetString(PyExc_ValueError, "these are no rows");
    }
    release(b, BCF_BUFFERS);
    return result;
}

/* Whole records of BCF in `data` from `at` on: how many, where the next begins, and the bytes that it needs. */
static PyObject *export_walk(PyObject *module, PyObject *args)
{
    Py_buffer data;
    Size at, count = 0;
    uint64_t shared = 0, own = 0, needed = 8;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*n:walk", &data, &at))
        return NULL;
    Reading from = {data.buf, at, data.len};
    while (at >= 0 && at <= data.len && get_little(&from, 4, &shared) && get_little(&from, 4, &own)) {
        needed = 8 + shared + own;
        if (needed > (uint64_t)(data.len - at))
            break;
        at += (Size)needed;
        from.at = at;
        needed = 8;
        count++;
    }
    PyBuffer_Release(&data);
    return Py_BuildValue("nnK", count, at, (unsigned long long)needed);
}

static PyMethodDef module_methods[] = {
    {"walk", export_walk, METH_VARARGS,
     "walk(data, at): whole records of BCF; how many, where the next begins, the bytes that it needs."},
    {"bcf", export_bcf, METH_VARARGS,
     "bcf(sites, lines, words, cells, contig, first, rows, out, made): records of BCF from the row `first` up to one "
     "that must be written by Python or has no room; how many, and the bytes."},
    {"quantise", export_quantise, METH_VARARGS,
     "quantise(haplotypes, total, delta, rows, samples): 0, 1 with haploid calls, -1 - row with one outside."},
    {"lines", export_lines, METH_VARARGS,
     "lines(text, starts, stops, rows, samples, pair, total, delta, odd, alone): HDS (pair) or DS of lines of a "
     "VCF; `odd` is 1 for lines that are to be read otherwise, 2 with haploid calls."},
    {"beyond", export_beyond, METH_VARARGS,
     "beyond(total, count, *limits): missing dosages, then those farther than each of six limits."},
    {"pgen", export_pgen, METH_VARARGS,
     "pgen(total, delta, rows, samples, limit, out, lengths, kinds): bytes of records written."},
    {"unpgen", export_unpgen, METH_VARARGS,
     "unpgen(data, lengths, kinds, rows, samples, total, delta, base): the row that is broken, else -1."},
    {"bgen", export_bgen, METH_VARARGS, "bgen(total, delta, rows, samples, phased, out): raw blocks."},
    {"unbgen", export_unbgen, METH_VARARGS,
     "unbgen(block, samples, phased, dosage): whether it is a block of 8 bits; its dosages in 1/255."},
    {"use", export_use, METH_VARARGS,
     "use(path): take the functions of libdeflate from a loaded library; whether they are there."},
    {"zlib", export_zlib, METH_VARARGS,
     "zlib(rows_of_bytes, rows, size, level, out, lengths): each row packed; the bytes, -1 when it cannot be."},
    {"sites", export_sites, METH_VARARGS,
     "sites(chromosome, position, ids, ends, refs, ends, alts, ends, rows, out[, bim]): a line for each, as a .bim "
     "has them if wanted; the bytes."},
    {"variants", export_variants, METH_VARARGS,
     "variants(chromosome, position, ids, ends, refs, ends, alts, ends, rows, size, packed, lengths, out, made): "
     "variants of a BGEN with their packed blocks; the bytes."},
    {"unvariants", export_unvariants, METH_VARARGS,
     "unvariants(data, at, samples, phased, rows, lines, dosage): variants of a BGEN up to one that is not whole "
     "or odd; how many, where the next begins, the bytes of their lines."},
    {"pvar", export_pvar, METH_VARARGS,
     "pvar(text, starts, stops, rows, chromosome, out): lines of a .pvar from those of a VCF; -1 without room or "
     "columns."},
    {"bed", export_bed, METH_VARARGS, "bed(total, rows, samples, limit, out): packed rows; gives missing calls."},
    {NULL, NULL, 0, NULL},
};

static int module_exec(PyObject *module)
{
    (void)module;
    fill_thousandths();
    return 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
    {0, NULL},
};

static struct PyModuleDef module_def = {
    PyModuleDef_HEAD_INIT,
    .m_name = "app.results._export",
    .m_doc = "Rows of dosages packed for other programs.",
    .m_size = 0,
    .m_methods = module_methods,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__export(void)
{
    return PyModuleDef_Init(&module_def);
}
