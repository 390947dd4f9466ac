/* Haplotypes near a target: by positional Burrows-Wheeler transforms, or by genotypes whose phase is not known. */
#include "_phasing.h"
#include <stdlib.h>
#include <string.h>

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

typedef struct {
    int32_t *order, *start; /* haplotypes, and where the match of each with the one before it starts */
} Order;

/* Sorts by one more site, stably; `next` takes the result, `ones` is room for those with allele 1. */
static void partition(const uint32_t *row, int shift, int64_t n, int32_t here, Order now, Order next, Order ones)
{
    int64_t zero = 0, one = 0;
    int32_t p = here, q = here;
    for (int64_t j = 0; j < n; j++) {
        int32_t h = now.order[j], d = now.start[j];
        uint32_t bit = row[h] >> shift & 1u;
        p = d > p ? d : p;
        q = d > q ? d : q;
        next.order[zero] = ones.order[one] = h;
        next.start[zero] = p;
        ones.start[one] = q;
        zero += 1 - bit;
        one += bit;
        p = bit ? p : 0;
        q = bit ? 0 : q;
    }
    memcpy(next.order + zero, ones.order, (size_t)one * sizeof(int32_t));
    memcpy(next.start + zero, ones.start, (size_t)one * sizeof(int32_t));
}

int sweep(const Sweep *s, int backward)
{
    int64_t n = s->haplotypes, room = n + 1, step = backward ? s->count - 1 : 0;
    int32_t *memory = malloc((size_t)room * 6 * sizeof(int32_t));
    if (!memory)
        return 0;
    Order now = {memory, memory + room}, next = {memory + 2 * room, memory + 3 * room};
    Order ones = {memory + 4 * room, memory + 5 * room};
    for (int64_t i = 0; i < n; i++) {
        now.order[i] = (int32_t)i;
        now.start[i] = 0;
    }
    for (int64_t i = 0; i < s->sites && step >= 0 && step < s->count; i++) {
        int64_t site = backward ? s->sites - 1 - i : i;
        partition(s->words + site / 32 * n, (int)(site % 32), n, (int32_t)(i + 1), now, next, ones);
        Order swap = now;
        now = next;
        next = swap;
        if (site == s->steps[step]) {
            pick(s, now.order, now.start, s->picks + step * (n - s->panel) * s->most);
            step += backward ? -1 : 1;
        }
    }
    free(memory);
    return 1;
}

/* ---- relatives of people whose phase is not known ---- */

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

int kin(const Kin *k, int64_t first, int64_t stop)
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
