/* What the parts of the phasing kernels share: see _phasing.c. */
#ifndef HAPLODESK_PHASING_H
#define HAPLODESK_PHASING_H
#include <stdint.h>

enum { LANES = 16 }; /* states are a multiple of it */

enum { UNKNOWN_HETS = 1, DRAW = 2, VOTE = 4, EVERY = 8 }; /* flags, in step with kernels.py */

typedef struct {
    const uint32_t *words; /* [words][haplotypes] */
    int64_t sites, haplotypes, panel;
    const int64_t *steps; /* ascending sites */
    int64_t count, most;
    int32_t *picks; /* [count][haplotypes - panel][most] */
} Sweep;

typedef struct {
    const uint32_t *words; /* [width][haplotypes] */
    int64_t sites, haplotypes, panel, width;
    const uint32_t *het, *missing; /* [people][width] */
    const int64_t *steps;
    int64_t count, most, stride; /* every `stride`-th haplotype of the panel is looked at */
    int32_t *before, *after;     /* picks for the two haplotypes of a person */
} Kin;

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
    float *votes;                  /* [2][genotypes]: the same way round as the next one, as the one behind it */
    int64_t states;
    uint64_t seed;
    float error;
    int flags;
} Walk;

/* Each gives 0 when there is not enough memory. */
int sweep(const Sweep *s, int backward);
int kin(const Kin *k, int64_t first, int64_t stop);
int walk_people(const Walk *w, int64_t first, int64_t stop);

#endif
