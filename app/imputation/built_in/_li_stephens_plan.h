/* A stretch of a panel cut into model blocks; made by _li_stephens_plan.c, read by _li_stephens_lanes.h.
 *
 * A block goes from one typed site to another, neighbours share their border site. Haplotypes with the same
 * typed alleles in a block are one group. Sites that were not typed stand in pieces of at most 64 between two
 * typed ones; haplotypes with the same alleles in a piece have one pattern.
 */
#ifndef LI_STEPHENS_PLAN_H
#define LI_STEPHENS_PLAN_H
#include <stddef.h>
#include <stdint.h>

enum { PIECE_SITES = 64, LONGEST_BLOCK = 128 };

/* How many numbers are added one by one: more are added in parts, so that sums keep their digits. Runs of a
 * part belong to any groups; their number is a prime, so that no order of groups keeps one from being the last.
 * Lists, also those of groups (`whole`), and lists of a group (`mixed`) are at most LONGEST_LIST. */
enum { LONGEST_RUN = 64, LONGEST_LIST = 127, RUNS_A_PART = 61, GROUPS_A_PART = 256, MIXED_A_PART = 256 };
enum { GOES_ON = LONGEST_LIST + 1 }; /* a bit, so LONGEST_LIST is one less than a power of two */

/* Haplotypes that follow one another in the order of two neighbouring blocks, in one group of each. Runs, of
 * LONGEST_RUN at most, stand in the order of the later block, whose groups begin with a run with NEW_GROUP (by
 * its size) in its count. Half of a plan may be runs. */
typedef struct {
    uint32_t from, from_group, count;
} LongRun;

/* The same of a panel with at most MOST_SHORT haplotypes; the group follows from the place. */
typedef struct {
    uint16_t from, count;
} ShortRun;

enum { MOST_SHORT = 0x7fff, SHORT_NEW_GROUP = 0x8000 };
#define LONG_NEW_GROUP 0x80000000u

typedef struct {
    uint32_t first, last; /* typed sites, both inside */
    uint32_t groups;
    size_t alleles; /* in Plan.alleles, [last - first + 1][groups] */
    size_t sizes;   /* in Plan.sizes, [groups]: members of each */
    size_t runs;    /* in Plan.runs: how the order of the block before goes over into this one's */
    uint32_t run_count;
    uint32_t first_piece, pieces; /* in Plan.pieces, by typed site */
    size_t loners;                /* in Plan.loners: places of members that its pieces look at one by one */
    uint32_t loner_count;
} Block;

/* Untyped sites between typed site `after` and the next one. The words hold, one behind the other:
 * mixed: [group, pattern of most, lists, (pattern, how many, loner ...) ...] - those that have another one,
 *   by their number among the loners of the block; GOES_ON in `lists` says that it is more of the group before;
 * whole: [pattern, how many, group ...] - groups all of whose members have one pattern that is not 0;
 * lists: for each site [how many, pattern ...] - the patterns with the rarer allele. */
typedef struct {
    uint32_t after, first_site, sites, patterns;
    uint32_t whole, mixed;
    size_t words;
} Piece;

typedef struct {
    size_t haplotypes, typed, sites;
    Block *blocks;
    size_t block_count;
    Piece *pieces;
    size_t piece_count;
    void *runs;   /* ShortRun or LongRun */
    int is_short; /* runs are ShortRun, words and loners have 16 bits, else 32 */
    size_t run_count;
    uint8_t *alleles;
    size_t allele_count;
    float *sizes;
    size_t size_count;
    void *words, *loners;
    size_t word_count, loner_count;
    uint8_t *swapped;    /* [sites]: the rarer allele is REF */
    float *rarer;        /* [sites]: haplotypes with the rarer allele */
    double *typed_share; /* [typed]: frequency of ALT */
    uint32_t most_groups, most_patterns, most_loners;
    size_t most_rows; /* groups times typed sites of the largest block */
    size_t exceptions;
} Plan;

/* What the planner reads: a PanelStretch (app/imputation/built_in/stretch.py). */
typedef struct {
    size_t haplotypes, rows;
    const uint8_t *form;
    const int64_t *start, *count;
    const uint32_t *carriers;
    size_t carrier_count;
    const uint8_t *bits;
    size_t bit_bytes;
} Stretch;

/* `typed` are rows of the stretch, -1 for a site without data; `untyped` are the wanted rows between them,
 * the `after`-th typed site is the last one before each. NULL and *why on an error. */
Plan *make_plan(const Stretch *stretch, const int64_t *typed, size_t typed_count, const int64_t *untyped,
                const int64_t *after, size_t untyped_count, double border_cost, const char **why);
void free_plan(Plan *plan);

#endif
