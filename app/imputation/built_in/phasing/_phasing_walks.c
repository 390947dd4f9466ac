/* Walks of two Li-Stephens chains along the chromosome. The inner loops run over states with plain arithmetic
 * that compilers turn into vector code. */
#include "_phasing.h"
#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__) && \
    !defined(__SANITIZE_ADDRESS__)
#define FAST __attribute__((target_clones("avx2", "default")))
#else
#define FAST
#endif

#if defined(_MSC_VER)
#define RESTRICT __restrict
#else
#define RESTRICT restrict
#endif

#define SECOND 0x80000000u /* added to the site for the second random number of a genotype */

typedef struct {
    uint32_t *composite;     /* [width][states]: the alleles of the slots */
    float *rows;             /* kept forward rows of both chains */
    float *even, *odd;       /* rows of the present site and the last */
    int64_t kept;
    int32_t *slot_of;        /* of each haplotype, -1 where it is in none */
    int32_t *held, *newer, *older, *begun;
    int64_t *last;
} Scratch;

typedef struct {
    const uint32_t *own; /* its two haplotypes, in words of all */
    const uint32_t *het, *missing;
    uint32_t *out;
    uint64_t key;
    int64_t place;
    int right, beyond; /* the allele of chain 0 at the last heterozygous genotype and the one before; or -1 */
    int crossed;       /* whether chain 0 goes on as the second haplotype had it */
} Person;

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

/* The loops over states. The order in which sums are added may be chosen by the compiler. The second chain has
 * pointers of its own: with -fwrapv, which Python's extensions are built with, `states + k` might wrap, and the
 * loops were not turned into vector code. */
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
    const float *RESTRICT from2 = from + states;
    float *RESTRICT to2 = to + states;
    for (int k = 0; k < states; k++) {
        float has = (float)(int32_t)(word[k] >> shift & 1u);
        float x = (from[k] * stay1 + drawn1) * (zero1 + has * more1);
        float y = (from2[k] * stay2 + drawn2) * (zero2 + has * more2);
        to[k] = x;
        to2[k] = y;
        first += x;
        second += y;
    }
    sums[0] = first;
    sums[1] = second;
}

/* Sums of products of both forward with both (moved) backward rows, by the allele of the state:
 * joint[chain on the left][chain on the right][allele]. Never a difference: one of the two may be a thousandth
 * of the other. */
FAST static void overlaps(const uint32_t *RESTRICT word, int shift, int states, const float *RESTRICT f,
                          const float *RESTRICT b, const float stay[2], const float drawn[2], float joint[2][2][2])
{
    float stay1 = stay[0], stay2 = stay[1], drawn1 = drawn[0], drawn2 = drawn[1];
    float zeros0 = 0, zeros1 = 0, zeros2 = 0, zeros3 = 0, ones0 = 0, ones1 = 0, ones2 = 0, ones3 = 0;
    const float *RESTRICT f2 = f + states, *RESTRICT b2 = b + states;
    for (int k = 0; k < states; k++) {
        float has = (float)(int32_t)(word[k] >> shift & 1u), lacks = 1.0f - has;
        float x = b[k] * stay1 + drawn1, y = b2[k] * stay2 + drawn2;
        float p = f[k] * x, q = f[k] * y, r = f2[k] * x, t = f2[k] * y;
        zeros0 += p * lacks;
        zeros1 += q * lacks;
        zeros2 += r * lacks;
        zeros3 += t * lacks;
        ones0 += p * has;
        ones1 += q * has;
        ones2 += r * has;
        ones3 += t * has;
    }
    float zeros[4] = {zeros0, zeros1, zeros2, zeros3}, ones[4] = {ones0, ones1, ones2, ones3};
    for (int n = 0; n < 4; n++) {
        joint[n / 2][n % 2][0] = zeros[n];
        joint[n / 2][n % 2][1] = ones[n];
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

static Move moved(float stay, float drawn, int allele, float error)
{
    Move move = {stay, drawn, allele ? 1.0f : error, allele ? error : 1.0f};
    return move;
}

/* Fills the slots and both chains with the start of a walk. */
static void begin(const Walk *w, Scratch *s, int64_t person)
{
    if (w->flags & EVERY)
        fill_all(w, s, person);
    else
        compose(w, s, person);
    for (int64_t k = 0; k < 2 * w->states; k++)
        s->even[k] = 1.0f / (float)w->states;
}

static void forward(const Walk *w, Scratch *s, const Person *p)
{
    int n = (int)w->states;
    int64_t kept = 0;
    float sums[2] = {1.0f, 1.0f};
    const float *from = s->even;
    for (int64_t site = 0; site < w->sites; site++) {
        int is_het = bit_at(p->het, 1, site), is_missing = bit_at(p->missing, 1, site);
        Move move[2];
        for (int c = 0; c < 2; c++) {
            float stay = (1.0f - w->change[site]) / sums[c], drawn = w->change[site] / (float)n;
            move[c] = moved(stay, drawn, bit_at(p->own + c, w->haplotypes, site), w->error);
            if (is_missing || (is_het && w->flags & UNKNOWN_HETS))
                move[c].one = move[c].zero = 1.0f;
        }
        float *to = from == s->even ? s->odd : s->even;
        if (is_het || is_missing)
            to = s->rows + 2 * n * kept++;
        advance(s->composite + site / 32 * n, (int)(site % 32), n, from, to, move, sums);
        from = to;
    }
    s->kept = kept;
}

/* How likely each way is: weight[left side crossed][allele of chain 0]. */
static void weigh(const Walk *w, float joint[2][2][2], const int allele[2], double weight[2][2])
{
    for (int c = 0; c < 2; c++)
        for (int x = 0; x < 2; x++) {
            weight[c][x] = 1.0;
            for (int chain = 0; chain < 2; chain++) {
                int prefix = chain ^ c, wanted = x ^ chain;
                double sum = 0;
                for (int y = 0; y < 2; y++) {
                    double term = joint[prefix][chain][y] * (y == wanted ? 1.0 : w->error);
                    if (!(w->flags & UNKNOWN_HETS) && y != allele[prefix])
                        term /= w->error; /* take its own evidence out of the row from the left */
                    sum += term;
                }
                weight[c][x] *= sum;
            }
        }
}

/* Decides a heterozygous genotype: the allele of chain 0, and whether the chains cross on its left. */
static void turn(const Walk *w, Person *p, int64_t site, double weight[2][2])
{
    double total = weight[0][0] + weight[0][1] + weight[1][0] + weight[1][1];
    double one = total > 0 ? (weight[0][1] + weight[1][1]) / total : 0.5;
    int x = 0, c = 0;
    if (w->flags & DRAW) {
        x = uniform(p->key, (uint64_t)site) < one;
        double line = weight[0][x] + weight[1][x];
        c = line > 0 && uniform(p->key, (uint64_t)site + SECOND) * line >= weight[0][x];
    } else
        for (int i = 1; i < 4; i++)
            if (weight[i / 2][i % 2] > weight[c][x]) {
                c = i / 2;
                x = i % 2;
            }
    float *behind = w->votes + w->places[(w->haplotypes - w->panel) / 2];
    p->place--;
    if (w->flags & VOTE && p->right >= 0)
        w->votes[p->place] += (float)(p->right ? 2 * one - 1 : 1 - 2 * one);
    if (w->flags & VOTE && p->beyond >= 0)
        behind[p->place] += (float)(p->beyond ? 2 * one - 1 : 1 - 2 * one);
    p->beyond = p->right;
    p->right = x;
    p->crossed = c;
}

static void decide(const Walk *w, Person *p, int64_t site, int is_het, float joint[2][2][2], int allele[2])
{
    if (is_het) {
        double weight[2][2];
        int old[2] = {bit_at(p->own, w->haplotypes, site), bit_at(p->own + 1, w->haplotypes, site)};
        weigh(w, joint, old, weight);
        turn(w, p, site, weight);
        allele[0] = p->right;
        allele[1] = 1 - p->right;
        return;
    }
    for (int chain = 0; chain < 2; chain++) {
        float *both = joint[chain ^ p->crossed][chain];
        double total = (double)both[0] + both[1], one = total > 0 ? both[1] / total : 0.0;
        double line = w->flags & DRAW ? uniform(p->key, (uint64_t)site + SECOND * (uint64_t)chain) : 0.5;
        allele[chain] = line < one;
    }
}

static void backward(const Walk *w, Scratch *s, Person *p)
{
    int n = (int)w->states;
    int64_t targets = w->haplotypes - w->panel, kept = s->kept;
    float *b = s->even, *spare = s->odd, sums[2], stay[2] = {1.0f, 1.0f}, drawn[2] = {0, 0};
    for (int k = 0; k < 2 * n; k++)
        b[k] = 1.0f;
    for (int64_t site = w->sites - 1; site >= 0; site--) {
        const uint32_t *word = s->composite + site / 32 * n;
        int is_het = bit_at(p->het, 1, site), is_missing = bit_at(p->missing, 1, site), allele[2];
        for (int c = 0; c < 2; c++)
            allele[c] = bit_at(p->own + (c ^ p->crossed), w->haplotypes, site);
        if (is_het || is_missing) {
            float joint[2][2][2];
            overlaps(word, (int)(site % 32), n, s->rows + 2 * n * --kept, b, stay, drawn, joint);
            decide(w, p, site, is_het, joint, allele);
        }
        Move move[2];
        for (int c = 0; c < 2; c++) {
            put_bit(p->out + c, targets, site, allele[c]);
            move[c] = moved(stay[c], drawn[c], allele[c], w->error);
            if (is_missing)
                move[c].one = move[c].zero = 1.0f;
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

static void walk_person(const Walk *w, Scratch *s, int64_t person)
{
    int64_t targets = w->haplotypes - w->panel;
    Person p = {w->words + w->panel + 2 * person,
                w->het + person * w->width,
                w->missing + person * w->width,
                w->out + 2 * person,
                mixed(w->seed ^ mixed((uint64_t)person + 1)),
                w->places[person + 1],
                -1,
                -1,
                0};
    uint32_t any = 0;
    for (int64_t at = 0; at < w->width; at++) {
        any |= p.het[at] | p.missing[at];
        p.out[at * targets] = p.own[at * w->haplotypes];
        p.out[at * targets + 1] = p.own[at * w->haplotypes + 1];
    }
    if (!any)
        return;
    begin(w, s, person);
    forward(w, s, &p);
    backward(w, s, &p);
}

static int64_t most_kept(const Walk *w, int64_t first, int64_t stop)
{
    int64_t most = 0;
    for (int64_t p = first; p < stop; p++) {
        int64_t kept = 0;
        for (int64_t at = 0; at < w->width; at++)
            for (uint32_t x = w->het[p * w->width + at] | w->missing[p * w->width + at]; x; x &= x - 1)
                kept++;
        most = kept > most ? kept : most;
    }
    return most;
}

static void leave(Scratch *s)
{
    free(s->composite);
    free(s->rows);
    free(s->slot_of);
    free(s->held);
    free(s->last);
}

/* Room for walks that keep the rows of `kept` sites; 0 when there is not enough memory. */
static int enter(const Walk *w, Scratch *s, int64_t kept)
{
    size_t n = (size_t)w->states, rows = (size_t)kept;
    s->composite = calloc((size_t)w->width * n, sizeof(uint32_t));
    s->rows = malloc(2 * n * (rows + 2) * sizeof(float));
    s->slot_of = malloc((size_t)w->haplotypes * sizeof(int32_t));
    s->held = malloc((n + 1) * 4 * sizeof(int32_t));
    s->last = malloc((n + 1) * sizeof(int64_t));
    if (!s->composite || !s->rows || !s->slot_of || !s->held || !s->last) {
        leave(s);
        return 0;
    }
    s->even = s->rows + 2 * n * rows;
    s->odd = s->even + 2 * n;
    s->newer = s->held + (n + 1);
    s->older = s->newer + (n + 1);
    s->begun = s->older + (n + 1);
    for (int64_t h = 0; h < w->haplotypes; h++)
        s->slot_of[h] = -1;
    return 1;
}

int walk_people(const Walk *w, int64_t first, int64_t stop)
{
    Scratch s;
    if (!enter(w, &s, most_kept(w, first, stop)))
        return 0;
    for (int64_t person = first; person < stop; person++)
        walk_person(w, &s, person);
    leave(&s);
    return 1;
}
