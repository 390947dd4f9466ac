/* Kernels of phasing: neighbours by positional Burrows-Wheeler transforms, and two-chain Li-Stephens walks.
 *
 * Alleles lie in words: bit s % 32 of words[s / 32][h] is the allele of haplotype h at typed site s, so that a
 * sweep over the sites reads one row of words for 32 sites. The states of a walk are slots: each holds one
 * haplotype after another along the chromosome. The inner loops run over LANES states with plain arithmetic
 * that compilers turn into vector code. The twin in NumPy is numpy_phasing.py. Every size is checked
 * before memory is touched. Only the limited API of Python 3.11 is used.
 */
#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__linux__)
#define FAST __attribute__((target_clones("avx2", "default")))
#else
#define FAST
#endif

#if defined(_MSC_VER)
#define RESTRICT __restrict
#else
#define RESTRICT restrict
#endif

enum { LANES = 16 };

/* ---- neighbours ---- */

typedef struct {
    const uint32_t *words; /* [words][haplotypes] */
    int64_t sites, haplotypes, panel;
    const int64_t *steps; /* ascending sites */
    int64_t count, most;
    int32_t *picks; /* [count][haplotypes - panel][most] */
} Sweep;

/* The nearest of each target haplotype in the present order, longest matches first. */
static void pick(const Sweep *s, const int32_t *order, const int32_t *start, int32_t *out)
{
    for (int64_t at = 0; at < s->haplotypes; at++) {
        int64_t own = order[at] - s->panel;
        if (own < 0)
            continue;
        int32_t *found = out + own * s->most;
        int64_t up = at, down = at + 1, n = 0;
        int32_t above = start[at], below = down < s->haplotypes ? start[down] : INT32_MAX;
        if (up == 0)
            above = INT32_MAX;
        while (n < s->most && (above != INT32_MAX || below != INT32_MAX)) {
            int32_t next;
            if (above <= below) {
                next = order[--up];
                if (up == 0)
                    above = INT32_MAX;
                else if (start[up] > above)
                    above = start[up];
            } else {
                next = order[down++];
                if (down == s->haplotypes)
                    below = INT32_MAX;
                else if (start[down] > below)
                    below = start[down];
            }
            if (next < s->panel || ((next - s->panel) ^ own) > 1)
                found[n++] = next;
        }
        while (n < s->most)
            found[n++] = -1;
    }
}

static int sweep(const Sweep *s, int backward)
{
    int64_t n = s->haplotypes;
    int32_t *memory = malloc((size_t)(n + 1) * 6 * sizeof(int32_t));
    if (!memory)
        return 0;
    int32_t *order = memory, *start = order + n + 1, *order0 = start + n + 1, *start0 = order0 + n + 1;
    int32_t *order1 = start0 + n + 1, *start1 = order1 + n + 1;
    for (int64_t i = 0; i < n; i++) {
        order[i] = (int32_t)i;
        start[i] = 0;
    }
    int64_t step = backward ? s->count - 1 : 0;
    for (int64_t i = 0; i < s->sites && step >= 0 && step < s->count; i++) {
        int64_t site = backward ? s->sites - 1 - i : i;
        const uint32_t *row = s->words + site / 32 * n;
        int shift = (int)(site % 32);
        int64_t zeros = 0, ones = 0;
        int32_t p = (int32_t)(i + 1), q = p;
        for (int64_t j = 0; j < n; j++) {
            int32_t h = order[j], d = start[j];
            uint32_t bit = row[h] >> shift & 1u;
            p = d > p ? d : p;
            q = d > q ? d : q;
            order0[zeros] = order1[ones] = h;
            start0[zeros] = p;
            start1[ones] = q;
            zeros += 1 - bit;
            ones += bit;
            p = bit ? p : 0;
            q = bit ? 0 : q;
        }
        memcpy(order0 + zeros, order1, (size_t)ones * sizeof(int32_t));
        memcpy(start0 + zeros, start1, (size_t)ones * sizeof(int32_t));
        int32_t *swap = order;
        order = order0, order0 = swap;
        swap = start;
        start = start0, start0 = swap;
        if (site == s->steps[step]) {
            pick(s, order, start, s->picks + step * (n - s->panel) * s->most);
            step += backward ? -1 : 1;
        }
    }
    free(memory);
    return 1;
}

/* ---- relatives of people whose phase is not known ---- */

typedef struct {
    const uint32_t *words; /* [width][haplotypes] */
    int64_t sites, haplotypes, panel, width;
    const uint32_t *het, *missing; /* [people][width] */
    const int64_t *steps;
    int64_t count, most, stride; /* every `stride`-th haplotype of the panel is looked at */
    int32_t *before, *after;     /* picks for the two haplotypes of a person */
} Kin;

static int first_bit(uint32_t x)
{
    int at = 0;
    while (!(x & 1u)) {
        x >>= 1;
        at++;
    }
    return at;
}

/* How many sites around each step a haplotype could be one of a person's: no homozygous genotype differs. */
static void reaches(const Kin *k, int64_t person, int64_t haplotype, int64_t column, int64_t columns, int32_t *reach)
{
    int64_t step = 0, begin = 0;
    for (int64_t at = 0; at <= k->width; at++) {
        uint32_t clash = 1u;
        if (at < k->width) {
            const uint32_t *row = k->words + at * k->haplotypes;
            int64_t cell = person * k->width + at;
            clash = (row[haplotype] ^ row[k->panel + 2 * person]) & ~k->het[cell] & ~k->missing[cell];
            if (at == k->width - 1 && k->sites % 32)
                clash &= ~(~0u << (k->sites % 32));
        }
        for (; clash; clash &= clash - 1) {
            int64_t site = at < k->width ? at * 32 + first_bit(clash) : k->sites;
            for (; step < k->count && k->steps[step] < site; step++)
                reach[step * columns + column] = (int32_t)(site - begin);
            begin = site;
        }
    }
}

static void best_of(const int32_t *reach, int64_t columns, int64_t stride, int64_t most, int32_t *best, int32_t *size)
{
    int64_t n = 0;
    for (int64_t c = 0; c < columns; c++) {
        if (n == most && reach[c] <= size[n - 1])
            continue;
        int64_t at = n < most ? n++ : n - 1;
        for (; at > 0 && size[at - 1] < reach[c]; at--) {
            size[at] = size[at - 1];
            best[at] = best[at - 1];
        }
        size[at] = reach[c];
        best[at] = (int32_t)(c * stride);
    }
    for (; n < most; n++)
        best[n] = -1;
}

static int kin(const Kin *k, int64_t first, int64_t stop)
{
    int64_t columns = (k->panel + k->stride - 1) / k->stride, people = (k->haplotypes - k->panel) / 2;
    int32_t *reach = malloc((size_t)(columns * (k->count + 1)) * sizeof(int32_t));
    int32_t *best = malloc((size_t)k->most * 8 * sizeof(int32_t)), *size = best ? best + 4 * k->most : NULL;
    if (reach && best)
        for (int64_t person = first; person < stop; person++) {
            for (int64_t c = 0; c < columns; c++)
                reaches(k, person, c * k->stride, c, columns, reach);
            for (int64_t step = 0; step < k->count; step++) {
                best_of(reach + step * columns, columns, k->stride, 4 * k->most, best, size);
                int64_t at = (step * people + person) * 2 * k->most;
                for (int64_t i = 0; i < 2 * k->most; i++) {
                    k->before[at + i] = best[2 * i];
                    k->after[at + i] = best[2 * i + 1];
                }
            }
        }
    int fine = reach && best;
    free(reach);
    free(best);
    return fine;
}

/* ---- walks ---- */

enum { UNKNOWN_HETS = 1, DRAW = 2, VOTE = 4, FREE = 8 }; /* flags, in step with walking.py */

typedef struct {
    const uint32_t *words;
    int64_t sites, haplotypes, panel, width; /* width: words a haplotype */
    const int64_t *steps;
    int64_t count, most;
    const int32_t *before, *after; /* picks of the sweeps, [count][haplotypes - panel][most] */
    const float *change;           /* [sites]: the chance of a switch before each site */
    const uint32_t *het, *missing; /* [people][width] */
    uint32_t *out;                 /* [width][haplotypes - panel] */
    const int64_t *places;         /* [people + 1]: where the heterozygous genotypes of a person are in votes */
    float *votes;                  /* [heterozygous genotypes] */
    int64_t states;
    uint64_t seed;
    float error;
    int flags;
} Walk;

typedef struct {
    uint32_t *composite; /* [width][states] */
    float *rows;         /* kept forward rows, two of `states` each */
    float *f, *b;        /* two chains */
    float *kept_scale;
    int64_t kept_room;
    int32_t *slot_of, *held, *newer, *older;
    int64_t *last;
    int32_t *begun;
} Scratch;

static uint64_t mixed(uint64_t z)
{
    z += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static double uniform(uint64_t key, uint64_t at)
{
    return (double)(mixed(key ^ mixed(at)) >> 11) * (1.0 / 9007199254740992.0);
}

/* Gives a slot the alleles of a haplotype at sites from `begin` to `stop` (excluded). */
static void fill(const Walk *w, uint32_t *composite, int64_t slot, int64_t haplotype, int64_t begin, int64_t stop)
{
    if (begin >= stop)
        return;
    for (int64_t at = begin / 32; at <= (stop - 1) / 32; at++) {
        uint32_t *cell = composite + at * w->states + slot, mask = ~0u;
        if (at == begin / 32)
            mask &= ~0u << (begin % 32);
        if (at == (stop - 1) / 32 && stop % 32)
            mask &= ~(~0u << (stop % 32));
        *cell = (*cell & ~mask) | (w->words[at * w->haplotypes + haplotype] & mask);
    }
}

static void fill_all(const Walk *w, Scratch *s, int64_t person)
{
    int64_t n = 0;
    while (n < w->states)
        for (int64_t h = 0; h < w->haplotypes && n < w->states; h++)
            if (h < w->panel || (h - w->panel) / 2 != person)
                fill(w, s->composite, n++, h, 0, w->sites);
}

/* Slots in order of their last use, oldest first, as a ring through `states` (the head). */
static void renew(Scratch *s, int64_t head, int32_t slot)
{
    s->newer[s->older[slot]] = s->newer[slot];
    s->older[s->newer[slot]] = s->older[slot];
    int32_t newest = s->older[head];
    s->newer[newest] = slot;
    s->older[slot] = newest;
    s->newer[slot] = (int32_t)head;
    s->older[head] = slot;
}

static void use(const Walk *w, Scratch *s, int32_t haplotype, int64_t step)
{
    int32_t slot = s->slot_of[haplotype];
    if (slot < 0) {
        slot = s->newer[w->states];
        if (s->last[slot] == step)
            return; /* all slots are taken at this very step */
        if (s->held[slot] >= 0) {
            int64_t border = (w->steps[s->last[slot]] + w->steps[step] + 1) / 2;
            fill(w, s->composite, slot, s->held[slot], s->begun[slot], border);
            s->slot_of[s->held[slot]] = -1;
            s->begun[slot] = (int32_t)border;
        } else
            s->begun[slot] = 0;
        s->held[slot] = haplotype;
        s->slot_of[haplotype] = slot;
    }
    s->last[slot] = step;
    renew(s, w->states, slot);
}

static void compose(const Walk *w, Scratch *s, int64_t person)
{
    int64_t n = w->states, targets = w->haplotypes - w->panel;
    for (int64_t i = 0; i <= n; i++) {
        s->newer[i] = (int32_t)(i == n ? 0 : i + 1);
        s->older[i] = (int32_t)(i == 0 ? n : i - 1);
    }
    for (int64_t i = 0; i < n; i++) {
        s->held[i] = -1;
        s->last[i] = -1;
    }
    for (int64_t step = 0; step < w->count; step++)
        for (int64_t rank = 0; rank < w->most; rank++)
            for (int64_t own = 2 * person; own < 2 * person + 2; own++) {
                int64_t at = (step * targets + own) * w->most + rank;
                if (w->before[at] >= 0 && w->before[at] < w->haplotypes)
                    use(w, s, w->before[at], step);
                if (w->after[at] >= 0 && w->after[at] < w->haplotypes)
                    use(w, s, w->after[at], step);
            }
    for (int64_t i = 0; i < n; i++)
        if (s->held[i] >= 0) {
            fill(w, s->composite, i, s->held[i], s->begun[i], w->sites);
            s->slot_of[s->held[i]] = -1;
        } else {
            int64_t any = (int64_t)(uniform(w->seed + 7, (uint64_t)(person * n + i)) * (double)w->panel);
            fill(w, s->composite, i, any, 0, w->sites);
        }
}

typedef struct {
    float stay, drawn, one, zero; /* row * stay + drawn, times the chance where the state has allele 1 or 0 */
} Move;

/* The loops over states. The order in which sums are added may be chosen by the compiler. */
#if defined(__clang__)
#pragma clang fp reassociate(on)
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC optimize("O3", "associative-math", "no-signed-zeros", "no-trapping-math")
#elif defined(_MSC_VER)
#pragma float_control(precise, off, push)
#endif

/* One site for both chains; gives the sums of the new rows. */
FAST static void advance(const uint32_t *RESTRICT word, int shift, int states, const float *RESTRICT from,
                         float *RESTRICT to, const Move move[2], float sums[2])
{
    float stay1 = move[0].stay, drawn1 = move[0].drawn, zero1 = move[0].zero, more1 = move[0].one - zero1;
    float stay2 = move[1].stay, drawn2 = move[1].drawn, zero2 = move[1].zero, more2 = move[1].one - zero2;
    float first = 0, second = 0;
    for (int k = 0; k < states; k++) {
        float has = (float)(int32_t)(word[k] >> shift & 1u);
        float x = (from[k] * stay1 + drawn1) * (zero1 + has * more1);
        float y = (from[states + k] * stay2 + drawn2) * (zero2 + has * more2);
        to[k] = x;
        to[states + k] = y;
        first += x;
        second += y;
    }
    sums[0] = first;
    sums[1] = second;
}

/* Sums of products of both forward with both (moved) backward rows, by the allele of the state:
 * joint[chain on the left][chain on the right][allele]. */
FAST static void overlaps(const uint32_t *RESTRICT word, int shift, int states, const float *RESTRICT f,
                          const float *RESTRICT b, const float stay[2], const float drawn[2], float joint[2][2][2])
{
    float stay1 = stay[0], stay2 = stay[1], drawn1 = drawn[0], drawn2 = drawn[1];
    float all0 = 0, all1 = 0, all2 = 0, all3 = 0, ones0 = 0, ones1 = 0, ones2 = 0, ones3 = 0;
    for (int k = 0; k < states; k++) {
        float has = (float)(int32_t)(word[k] >> shift & 1u);
        float x = b[k] * stay1 + drawn1, y = b[states + k] * stay2 + drawn2;
        float p = f[k] * x, q = f[k] * y, r = f[states + k] * x, t = f[states + k] * y;
        all0 += p;
        all1 += q;
        all2 += r;
        all3 += t;
        ones0 += p * has;
        ones1 += q * has;
        ones2 += r * has;
        ones3 += t * has;
    }
    float all[4] = {all0, all1, all2, all3}, ones[4] = {ones0, ones1, ones2, ones3};
    for (int n = 0; n < 4; n++) {
        joint[n / 2][n % 2][1] = ones[n];
        joint[n / 2][n % 2][0] = all[n] > ones[n] ? all[n] - ones[n] : 0.0f;
    }
}

#if defined(__clang__)
#pragma clang fp reassociate(off)
#elif defined(__GNUC__)
#pragma GCC pop_options
#elif defined(_MSC_VER)
#pragma float_control(pop)
#endif

static int bit_at(const uint32_t *words, int64_t stride, int64_t site)
{
    return (int)(words[site / 32 * stride] >> (site % 32) & 1u);
}

static void put_bit(uint32_t *words, int64_t stride, int64_t site, int bit)
{
    uint32_t mask = 1u << (site % 32), *cell = words + site / 32 * stride;
    *cell = bit ? *cell | mask : *cell & ~mask;
}

static void walk_person(const Walk *w, Scratch *s, int64_t person)
{
    int64_t targets = w->haplotypes - w->panel, kept = 0;
    int n = (int)w->states;
    const uint32_t *het = w->het + person * w->width, *missing = w->missing + person * w->width;
    const uint32_t *own = w->words + w->panel + 2 * person;
    uint32_t *out = w->out + 2 * person;
    uint64_t key = mixed(w->seed ^ mixed((uint64_t)person + 1));
    uint32_t any = 0;
    for (int64_t at = 0; at < w->width; at++) {
        any |= het[at] | missing[at];
        out[at * targets] = own[at * w->haplotypes];
        out[at * targets + 1] = own[at * w->haplotypes + 1];
    }
    if (!any)
        return;
    if (w->flags & FREE)
        fill_all(w, s, person);
    else
        compose(w, s, person);
    for (int k = 0; k < 2 * n; k++)
        s->f[k] = 1.0f / (float)n;
    float sums[2] = {1.0f, 1.0f};
    const float *from = s->f;
    float *even = s->f, *odd = s->b;
    for (int64_t site = 0; site < w->sites; site++) {
        const uint32_t *word = s->composite + site / 32 * n;
        uint32_t bit = 1u << (site % 32);
        int is_het = (het[site / 32] & bit) != 0, is_missing = (missing[site / 32] & bit) != 0;
        int unknown = is_missing || (is_het && (w->flags & UNKNOWN_HETS));
        Move move[2];
        for (int c = 0; c < 2; c++) {
            int allele = bit_at(own + c, w->haplotypes, site);
            move[c].stay = (1.0f - w->change[site]) / sums[c];
            move[c].drawn = w->change[site] / (float)n;
            move[c].one = unknown || allele ? 1.0f : w->error;
            move[c].zero = unknown || !allele ? 1.0f : w->error;
        }
        float *to = from == even ? odd : even;
        if (is_het || is_missing)
            to = s->rows + 2 * n * kept++;
        advance(word, (int)(site % 32), n, from, to, move, sums);
        from = to;
    }
    float *b = s->f, *spare = s->b;
    for (int k = 0; k < 2 * n; k++)
        b[k] = 1.0f;
    float stay[2] = {1.0f, 1.0f}, drawn[2] = {0, 0};
    int crossed = 0, right = -1;
    int64_t place = w->places[person + 1];
    for (int64_t site = w->sites - 1; site >= 0; site--) {
        const uint32_t *word = s->composite + site / 32 * n;
        uint32_t bit = 1u << (site % 32);
        int is_het = (het[site / 32] & bit) != 0, is_missing = (missing[site / 32] & bit) != 0;
        int allele[2] = {bit_at(own, w->haplotypes, site), bit_at(own + 1, w->haplotypes, site)};
        if (is_het || is_missing) {
            float joint[2][2][2];
            kept--;
            overlaps(word, (int)(site % 32), n, s->rows + 2 * n * kept, b, stay, drawn, joint);
            if (is_het) {
                double weight[2][2]; /* prefix crossed, allele of chain 0 */
                for (int c = 0; c < 2; c++)
                    for (int x = 0; x < 2; x++) {
                        double product = 1.0;
                        for (int chain = 0; chain < 2; chain++) {
                            int prefix = chain ^ c, wanted = x ^ chain;
                            double sum = 0;
                            for (int y = 0; y < 2; y++) {
                                double term = joint[prefix][chain][y] * (y == wanted ? 1.0 : w->error);
                                if (!(w->flags & UNKNOWN_HETS) && y != allele[prefix])
                                    term /= w->error; /* take its own evidence out of the forward row */
                                sum += term;
                            }
                            product *= sum;
                        }
                        weight[c][x] = product;
                    }
                double total = weight[0][0] + weight[0][1] + weight[1][0] + weight[1][1];
                int c = crossed, x = allele[0];
                double one = total > 0 ? (weight[0][1] + weight[1][1]) / total : 0.5;
                if (w->flags & DRAW) {
                    x = uniform(key, (uint64_t)site) < one;
                    double line = weight[0][x] + weight[1][x];
                    c = line > 0 && uniform(key, (uint64_t)site + 0x80000000u) * line >= weight[0][x];
                } else if (total > 0) {
                    double best = -1;
                    for (int i = 0; i < 4; i++)
                        if (weight[i / 2][i % 2] > best * (1 + 1e-12)) {
                            best = weight[i / 2][i % 2];
                            c = i / 2;
                            x = i % 2;
                        }
                }
                place--;
                if (w->flags & VOTE && right >= 0)
                    w->votes[place] += (float)(right ? 2 * one - 1 : 1 - 2 * one);
                right = x;
                crossed = c;
                allele[0] = x;
                allele[1] = 1 - x;
            } else {
                for (int chain = 0; chain < 2; chain++) {
                    float *both = joint[chain ^ crossed][chain];
                    double one = both[0] + both[1] > 0 ? both[1] / ((double)both[0] + both[1]) : 0.0;
                    double line = w->flags & DRAW ? uniform(key, (uint64_t)site + 0x80000000u * chain) : 0.5;
                    allele[chain] = line < one;
                }
            }
        } else if (crossed) {
            int swap = allele[0];
            allele[0] = allele[1];
            allele[1] = swap;
        }
        put_bit(out, targets, site, allele[0]);
        put_bit(out + 1, targets, site, allele[1]);
        Move move[2];
        for (int c = 0; c < 2; c++) {
            move[c].stay = stay[c];
            move[c].drawn = drawn[c];
            move[c].one = is_missing || allele[c] ? 1.0f : w->error;
            move[c].zero = is_missing || !allele[c] ? 1.0f : w->error;
        }
        advance(word, (int)(site % 32), n, b, spare, move, sums);
        float *swap = b;
        b = spare, spare = swap;
        for (int c = 0; c < 2; c++) {
            stay[c] = (1.0f - w->change[site]) / sums[c] * (float)n;
            drawn[c] = w->change[site];
        }
    }
}

static int most_kept(const Walk *w, int64_t first, int64_t stop)
{
    int64_t most = 0;
    for (int64_t p = first; p < stop; p++) {
        int64_t kept = 0;
        for (int64_t at = 0; at < w->width; at++) {
            uint32_t x = w->het[p * w->width + at] | w->missing[p * w->width + at];
            for (; x; x &= x - 1)
                kept++;
        }
        most = kept > most ? kept : most;
    }
    return (int)most;
}

static int walk_people(const Walk *w, int64_t first, int64_t stop)
{
    size_t n = (size_t)w->states, kept = (size_t)most_kept(w, first, stop);
    Scratch s;
    s.composite = calloc((size_t)w->width * n, sizeof(uint32_t));
    s.rows = malloc((2 * n * (kept + 2)) * sizeof(float));
    s.slot_of = malloc((size_t)w->haplotypes * sizeof(int32_t));
    int32_t *slots = malloc((n + 1) * 4 * sizeof(int32_t));
    s.last = malloc((n + 1) * sizeof(int64_t));
    int fine = s.composite && s.rows && s.slot_of && slots && s.last;
    if (fine) {
        s.f = s.rows + 2 * n * kept;
        s.b = s.f + 2 * n;
        s.held = slots;
        s.newer = slots + (n + 1);
        s.older = s.newer + (n + 1);
        s.begun = s.older + (n + 1);
        for (int64_t h = 0; h < w->haplotypes; h++)
            s.slot_of[h] = -1;
        for (int64_t person = first; person < stop; person++)
            walk_person(w, &s, person);
    }
    free(s.composite);
    free(s.rows);
    free(s.slot_of);
    free(slots);
    free(s.last);
    return fine;
}

/* ---- Python ---- */

static PyObject *py_neighbours(PyObject *module, PyObject *args)
{
    Py_buffer words, steps, picks;
    Py_ssize_t sites, haplotypes, panel, most;
    int backward, fine = 0;
    if (!PyArg_ParseTuple(args, "y*y*w*nnnni", &words, &steps, &picks, &sites, &haplotypes, &panel, &most, &backward))
        return NULL;
    Py_ssize_t count = steps.len / 8;
    int good = sites > 0 && haplotypes > 0 && panel >= 0 && panel <= haplotypes && most > 0 &&
               haplotypes < INT32_MAX / 8 && sites < INT32_MAX &&
               words.len == (sites + 31) / 32 * haplotypes * 4 &&
               picks.len == count * (haplotypes - panel) * most * 4;
    if (good) {
        Sweep s = {words.buf, sites, haplotypes, panel, steps.buf, count, most, picks.buf};
        Py_BEGIN_ALLOW_THREADS
        fine = sweep(&s, backward);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&words);
    PyBuffer_Release(&steps);
    PyBuffer_Release(&picks);
    if (!good) {
        PyErr_SetString(PyExc_ValueError, "sizes of the arrays do not fit");
        return NULL;
    }
    if (!fine)
        return PyErr_NoMemory();
    Py_RETURN_NONE;
}

static PyObject *py_kin(PyObject *module, PyObject *args)
{
    Py_buffer v[6];
    Py_ssize_t sites, haplotypes, panel, most, stride, first, stop;
    int fine = 0;
    if (!PyArg_ParseTuple(args, "y*y*y*y*w*w*nnnnnnn", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &sites, &haplotypes,
                          &panel, &most, &stride, &first, &stop))
        return NULL;
    Py_ssize_t width = (sites + 31) / 32, people = (haplotypes - panel) / 2, count = v[1].len / 8;
    int good = sites > 0 && sites < INT32_MAX && panel > 0 && haplotypes >= panel && (haplotypes - panel) % 2 == 0 &&
               haplotypes < INT32_MAX / 8 && most > 0 && stride > 0 && first >= 0 && first <= stop &&
               stop <= people && v[0].len == width * haplotypes * 4 && v[2].len == people * width * 4 &&
               v[3].len == v[2].len && v[4].len == count * 2 * people * most * 4 && v[5].len == v[4].len;
    if (good) {
        Kin k = {v[0].buf, sites, haplotypes, panel, width, v[2].buf, v[3].buf, v[1].buf, count, most, stride,
                 v[4].buf, v[5].buf};
        Py_BEGIN_ALLOW_THREADS
        fine = kin(&k, first, stop);
        Py_END_ALLOW_THREADS
    }
    for (int i = 0; i < 6; i++)
        PyBuffer_Release(&v[i]);
    if (!good) {
        PyErr_SetString(PyExc_ValueError, "sizes of the arrays do not fit");
        return NULL;
    }
    if (!fine)
        return PyErr_NoMemory();
    Py_RETURN_NONE;
}

enum { WORDS, STEPS, BEFORE, AFTER, CHANGE, HET, MISSING, PLACES, OUT, VOTES, ARRAYS };

/* Whether the places are those of the heterozygous genotypes, and the votes have room for them. */
static int counted(const Py_buffer *het, const Py_buffer *places, const Py_buffer *votes, int64_t people,
                   int64_t width)
{
    const int64_t *place = places->buf;
    const uint32_t *word = het->buf;
    int64_t n = 0;
    for (int64_t p = 0; p < people; p++) {
        if (place[p] != n)
            return 0;
        for (int64_t at = 0; at < width; at++)
            for (uint32_t x = word[p * width + at]; x; x &= x - 1)
                n++;
    }
    return place[people] == n && votes->len == n * 4;
}

static PyObject *py_walk(PyObject *module, PyObject *args)
{
    Py_buffer v[ARRAYS];
    Py_ssize_t sites, haplotypes, panel, most, states, first, stop;
    unsigned long long seed;
    float error;
    int flags, fine = 0;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*y*y*y*w*w*nnnnnnnKfi", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6],
                          &v[7], &v[8], &v[9], &sites, &haplotypes, &panel, &most, &states, &first, &stop, &seed, &error,
                          &flags))
        return NULL;
    Py_ssize_t width = (sites + 31) / 32, people = (haplotypes - panel) / 2, count = v[STEPS].len / 8;
    int good = sites > 0 && sites < INT32_MAX && panel > 0 && haplotypes >= panel && (haplotypes - panel) % 2 == 0 &&
               haplotypes < INT32_MAX / 8 && most > 0 && states > 0 && states % LANES == 0 && states < 1 << 20 &&
               first >= 0 && first <= stop && stop <= people && v[WORDS].len == width * haplotypes * 4 &&
               v[BEFORE].len == count * 2 * people * most * 4 && v[AFTER].len == v[BEFORE].len &&
               v[CHANGE].len == sites * 4 && v[HET].len == people * width * 4 && v[MISSING].len == v[HET].len &&
               v[OUT].len == width * 2 * people * 4 && v[PLACES].len == (people + 1) * 8 &&
               counted(&v[HET], &v[PLACES], &v[VOTES], people, width);
    for (Py_ssize_t i = 0; good && i < count; i++) {
        int64_t step = ((int64_t *)v[STEPS].buf)[i];
        good = step >= 0 && step < sites;
    }
    if (good) {
        Walk w = {v[WORDS].buf, sites, haplotypes, panel, width, v[STEPS].buf, count, most, v[BEFORE].buf,
                  v[AFTER].buf, v[CHANGE].buf, v[HET].buf, v[MISSING].buf, v[OUT].buf, v[PLACES].buf, v[VOTES].buf,
                  states, seed, error, flags};
        Py_BEGIN_ALLOW_THREADS
        fine = walk_people(&w, first, stop);
        Py_END_ALLOW_THREADS
    }
    for (int i = 0; i < ARRAYS; i++)
        PyBuffer_Release(&v[i]);
    if (!good) {
        PyErr_SetString(PyExc_ValueError, "sizes of the arrays do not fit");
        return NULL;
    }
    if (!fine)
        return PyErr_NoMemory();
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"neighbours", py_neighbours, METH_VARARGS, "Sweep along the sites and pick the nearest haplotypes."},
    {"kin", py_kin, METH_VARARGS, "Pick haplotypes that people of unknown phase could have."},
    {"walk", py_walk, METH_VARARGS, "One pass of phasing over some people."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_phasing", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__phasing(void)
{
    return PyModule_Create(&definition);
}
