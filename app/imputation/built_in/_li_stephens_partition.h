/* The carriers of an allele in a PanelStretch, and partitions of the haplotypes that they refine.
 *
 * Part of _li_stephens_plan.c.
 */
#ifndef LI_STEPHENS_PARTITION_H
#define LI_STEPHENS_PARTITION_H
#include "_li_stephens_plan.h"
#include <string.h>
#ifdef _MSC_VER
#include <intrin.h>
#endif

enum { ALT_CARRIERS, REF_CARRIERS, BIT_ROWS }; /* in step with stretch.py */
static const uint32_t NEVER = 0xffffffff;

static int lowest_bit(uint32_t byte)
{
#ifdef _MSC_VER
    unsigned long at;
    _BitScanForward(&at, byte);
    return (int)at;
#else
    return __builtin_ctz(byte);
#endif
}

/* A partition of the haplotypes; numbers of classes that lost all members are used again. */
typedef struct {
    uint32_t *of;                          /* [haplotypes] */
    uint32_t *size, *child, *stamp, *free; /* [haplotypes + 2] */
    uint64_t *alleles; /* [haplotypes + 2]: the rarer alleles of a class, one bit a site */
    uint32_t made, freed, clock;
} Partition;

/* The haplotypes with the rarer allele of a row into `rare`; NEVER when the row is broken. */
static uint32_t find_rare(const Stretch *stretch, int64_t row, uint32_t *rare, int *is_ref)
{
    *is_ref = 0;
    if (row < 0)
        return 0;
    int64_t start = stretch->start[row], count = stretch->count[row];
    size_t size = stretch->haplotypes, bytes = (size + 7) / 8;
    if (stretch->form[row] != BIT_ROWS) {
        if (start < 0 || count < 0 || (uint64_t)count > size || (uint64_t)start > stretch->carrier_count ||
            (uint64_t)count > stretch->carrier_count - (uint64_t)start)
            return NEVER;
        const uint32_t *from = stretch->carriers + start;
        for (int64_t i = 0; i < count; i++) {
            if (from[i] >= size || (i > 0 && from[i] <= from[i - 1]))
                return NEVER;
            rare[i] = from[i];
        }
        *is_ref = stretch->form[row] == REF_CARRIERS;
        return (uint32_t)count;
    }
    if (start < 0 || bytes == 0 || (uint64_t)start >= stretch->bit_bytes / bytes)
        return NEVER;
    const uint8_t *bits = stretch->bits + (size_t)start * bytes;
    *is_ref = (uint64_t)count > size / 2;
    uint8_t flip = *is_ref ? 0xff : 0;
    uint32_t found = 0;
    for (size_t b = 0; b < bytes; b++) {
        uint32_t byte = (uint8_t)(bits[b] ^ flip);
        if (b == bytes - 1 && size % 8)
            byte &= (1u << size % 8) - 1;
        for (; byte; byte &= byte - 1)
            rare[found++] = (uint32_t)(b * 8 + (size_t)lowest_bit(byte));
    }
    return found;
}

static void one_class(Partition *parts, size_t haplotypes)
{
    memset(parts->of, 0, haplotypes * sizeof *parts->of);
    parts->size[0] = (uint32_t)haplotypes;
    parts->alleles[0] = 0;
    parts->made = 1;
    parts->freed = 0;
}

static uint32_t classes(const Partition *parts)
{
    return parts->made - parts->freed;
}

static uint32_t new_class(Partition *parts, uint64_t alleles)
{
    uint32_t made = parts->freed ? parts->free[--parts->freed] : parts->made++;
    parts->size[made] = 0;
    parts->stamp[made] = 0;
    parts->alleles[made] = alleles;
    return made;
}

/* Split each class by who is among `some`; these get `bit`. */
static void refine(Partition *parts, const uint32_t *some, uint32_t count, uint64_t bit)
{
    parts->clock++;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t haplotype = some[i], old = parts->of[haplotype];
        if (parts->stamp[old] != parts->clock) {
            uint32_t child = new_class(parts, parts->alleles[old] | bit);
            parts->stamp[old] = parts->clock;
            parts->child[old] = child;
        }
        parts->of[haplotype] = parts->child[old];
        parts->size[parts->child[old]]++;
        if (--parts->size[old] == 0)
            parts->free[parts->freed++] = old;
    }
}

#endif
