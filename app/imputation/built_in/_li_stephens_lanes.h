/* The folded forward-backward for LANES target haplotypes side by side.
 *
 * Included once for each kind of machine with NAME, LANES, V (LANES floats) and the operations on V defined.
 * A row is one V. In a block a forward row is f(k) = N x(k) + C with x that of the block's first typed site,
 * a backward row b(k) = M y(k) + D with y that of its last one; N, C, M, D are those of k's group. So the sums
 * over a group follow from X = sum x, Y = sum y and Z = sum x y: nothing is as long as the panel but x and y,
 * and all terms are positive. Rows are scaled to mean 1. Sums over thousands of haplotypes or groups are sums
 * of parts: floats that are added one by one to a growing sum lose digits, always the same way where they are
 * alike.
 */

typedef struct {
    V *emission;              /* [typed][2] */
    V *slots;                 /* forward rows of blocks and their sums, [.][haplotypes + groups] */
    V *y, *next_y;            /* [haplotypes] */
    V *big_y, *next_big_y;    /* [groups] */
    V *big_z, *next_big_z;    /* [groups] */
    V *stay, *come;           /* N and C of all typed sites of a block, [site][group] */
    V *stay_back, *come_back; /* M and D, [group] */
    V *sums;                  /* of the forward rows of a block */
    V *shares;                /* [group][3]: sums of f h, f and h */
    V *patterns;              /* [pattern][3]: the same */
    V *loners;                /* [loner][2]: x and y of the members that are looked at one by one */
    V *group_of;              /* [haplotypes] of 16 bits: the group of each place where runs are short */
    V *patterns_parts;        /* [pattern][3]: what many groups added to them so far */
    V *parts;                 /* [haplotypes / RUNS_A_PART + 1][2]: sums of some runs, and of which group */
    uint32_t *part_of;
    size_t slot;
} NAME(Room);

static size_t NAME(slots)(const Job *job)
{
    size_t blocks = job->plan->block_count;
    return (blocks + job->stride - 1) / job->stride + (job->stride > 3 ? job->stride - 1 : 2);
}

/* Lay the scratch memory out; how many rows it takes. */
static size_t NAME(lay_out)(const Job *job, NAME(Room) *room, V *memory)
{
    const Plan *plan = job->plan;
    size_t groups = plan->most_groups, used = 0, slot = plan->haplotypes + groups;
    size_t parts = plan->haplotypes / RUNS_A_PART + 1;
    V *part_of;
    struct {
        V **place;
        size_t count;
    } rows[] = {{&room->emission, 2 * plan->typed},
                 {&room->slots, NAME(slots)(job) * slot},
                 {&room->y, plan->haplotypes},
                 {&room->next_y, plan->haplotypes},
                 {&room->big_y, groups},
                 {&room->next_big_y, groups},
                 {&room->big_z, groups},
                 {&room->next_big_z, groups},
                 {&room->stay, plan->most_rows},
                 {&room->come, plan->most_rows},
                 {&room->stay_back, groups},
                 {&room->come_back, groups},
                 {&room->sums, LONGEST_BLOCK + 1},
                 {&room->shares, 3 * groups},
                 {&room->patterns, 3 * (size_t)plan->most_patterns},
                 {&room->loners, 2 * (size_t)plan->most_loners},
                 {&room->group_of, plan->is_short ? plan->haplotypes * 2 / sizeof(V) + 1 : 0},
                 {&room->patterns_parts, 3 * (size_t)plan->most_patterns},
                 {&room->parts, 2 * parts},
                 {&part_of, parts * sizeof(uint32_t) / sizeof(V) + 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        *rows[i].place = memory == NULL ? NULL : memory + used;
        used += rows[i].count;
    }
    room->slot = slot;
    room->part_of = (uint32_t *)(void *)part_of;
    return used;
}

static size_t NAME(scratch)(const Job *job)
{
    NAME(Room) room;
    return NAME(lay_out)(job, &room, NULL) * sizeof(V);
}

/* The chance of each target's allele where a haplotype has REF and where it has ALT. */
static void NAME(emissions)(const Job *job, const NAME(Room) *room, size_t first, size_t count)
{
    for (size_t m = 0; m < job->plan->typed; m++) {
        float chances[2][LANES];
        const int8_t *alleles =
            job->target_row[m] < 0 ? NULL : job->targets + (size_t)job->target_row[m] * job->columns;
        double alt = job->plan->typed_share[m];
        for (size_t lane = 0; lane < LANES; lane++) {
            int allele = alleles == NULL || lane >= count ? -1 : alleles[first + lane];
            double drawn = job->error * (allele == 1 ? alt : 1.0 - alt);
            double match = 1.0 - job->error + drawn;
            double differ = drawn > job->error * 1e-3 ? drawn : job->error * 1e-3;
            chances[0][lane] = (float)(allele == 0 ? match : allele == 1 ? differ : 1.0);
            chances[1][lane] = (float)(allele == 1 ? match : allele == 0 ? differ : 1.0);
        }
        memcpy(room->emission + 2 * m, chances, sizeof chances);
    }
}

/* The forward rows of a block as N and C; with `keep` of all typed sites, else of the last one only. */
static void NAME(forward)(const Job *job, const NAME(Room) *room, const Block *block, const V *big_x,
                          int keep)
{
    const Plan *plan = job->plan;
    size_t groups = block->groups, row = keep ? groups : 0;
    const float *sizes = plan->sizes + block->sizes;
    V sum = SPLAT(0);
    for (size_t g = 0; g < groups;) {
        V part = SPLAT(0);
        for (size_t end = end_of_part(g, groups); g < end; g++) {
            room->stay[g] = SPLAT(1);
            room->come[g] = SPLAT(0);
            part = ADD(part, big_x[g]);
        }
        sum = ADD(sum, part);
    }
    room->sums[0] = sum;
    for (uint32_t m = block->first + 1; m <= block->last; m++) {
        size_t at = m - block->first;
        const uint8_t *alleles = plan->alleles + block->alleles + at * groups;
        const V *stay = room->stay + (at - 1) * row, *come = room->come + (at - 1) * row;
        V *new_stay = room->stay + at * row, *new_come = room->come + at * row;
        V kept = DIV(SPLAT((1 - job->switches[m]) * (float)plan->haplotypes), sum),
          moved = SPLAT(job->switches[m]);
        V by[2][2];
        for (int allele = 0; allele < 2; allele++) {
            by[allele][0] = MUL(room->emission[2 * m + (size_t)allele], kept);
            by[allele][1] = MUL(room->emission[2 * m + (size_t)allele], moved);
        }
        sum = SPLAT(0);
        for (size_t g = 0; g < groups;) {
            V part = SPLAT(0);
            for (size_t end = end_of_part(g, groups); g < end; g++) {
                const V *chance = by[alleles[g]];
                V n = MUL(stay[g], chance[0]), c = MULADD(come[g], chance[0], chance[1]);
                new_stay[g] = n;
                new_come[g] = c;
                part = MULADD(n, big_x[g], MULADD(c, SPLAT(sizes[g]), part));
            }
            sum = ADD(sum, part);
        }
        room->sums[at] = sum;
    }
}

/* The forward row of the very first typed site. */
static void NAME(begin)(const Job *job, const NAME(Room) *room, V *to)
{
    const Block *block = job->plan->blocks;
    const uint8_t *alleles = job->plan->alleles + block->alleles;
    V *sums = to + job->plan->haplotypes;
    for (size_t g = 0; g < block->groups; g++) {
        float size = job->plan->sizes[block->sizes + g];
        V chance = room->emission[alleles[g]];
        sums[g] = MUL(chance, SPLAT(size));
        for (size_t k = (size_t)size; k-- > 0;)
            *to++ = chance;
    }
}

/* The backward row of the very last typed site; `x` is the forward row of the last block's first one. */
static void NAME(begin_back)(const Job *job, const NAME(Room) *room, const V *x)
{
    const Plan *plan = job->plan;
    const Block *block = plan->blocks + plan->block_count - 1;
    for (size_t k = 0; k < plan->haplotypes; k++)
        room->y[k] = SPLAT(1);
    for (size_t g = 0; g < block->groups; g++) {
        room->big_y[g] = SPLAT(plan->sizes[block->sizes + g]);
        room->big_z[g] = x[plan->haplotypes + g];
    }
}

static void NAME(write)(float *row, const float *values, size_t count)
{
    for (size_t lane = 0; lane < count; lane++)
        row[lane] = values[lane] < 0 ? 0.0f : values[lane] > 1 ? 1.0f : values[lane];
}

/* Dosages of a typed site from the unscaled posterior. */
static void NAME(write_typed)(const Job *job, const NAME(Room) *room, size_t m, V zeros, V ones,
                              size_t first, size_t count)
{
    float values[LANES];
    if (job->typed_row[m] >= 0) {
        V share = DIV(ones, ADD(zeros, ones));
        memcpy(values, &share, sizeof values);
        NAME(write)(job->imputed + (size_t)job->typed_row[m] * job->columns + first, values, count);
    }
    if (job->target_row[m] >= 0) {
        V zero = DIV(zeros, room->emission[2 * m]), one = DIV(ones, room->emission[2 * m + 1]);
        V share = DIV(one, ADD(zero, one));
        memcpy(values, &share, sizeof values);
        NAME(write)(job->left_out + (size_t)job->target_row[m] * job->columns + first, values, count);
    }
}

typedef struct {
    V both, forward, backward; /* sums of f h, f and h over the panel */
    V by_allele[2],
        forward_by_allele[2]; /* of f h and f, by the allele at the left site: never a difference */
} NAME(Sums);

/* One typed site further back: M and D get its evidence, the sums are of the interval before it. */
static NAME(Sums) NAME(step_back)(const Job *job, const NAME(Room) *room, const Block *block, size_t at,
                                  const V *big_x, V kept, V moved)
{
    size_t groups = block->groups, m = block->first + at;
    const float *sizes = job->plan->sizes + block->sizes;
    const uint8_t *alleles = job->plan->alleles + block->alleles + at * groups, *left = alleles - groups;
    const V *stay = room->stay + (at - 1) * groups, *come = room->come + (at - 1) * groups;
    V *stay_back = room->stay_back, *come_back = room->come_back, *shares = room->shares;
    const V *big_y = room->big_y, *big_z = room->big_z;
    V all_h = SPLAT(0), ones_both = all_h, zeros_both = all_h, ones_f = all_h, zeros_f = all_h;
    V by[2][2];
    for (int allele = 0; allele < 2; allele++) {
        by[allele][0] = MUL(room->emission[2 * m + (size_t)allele], kept);
        by[allele][1] = MUL(room->emission[2 * m + (size_t)allele], moved);
    }
    for (size_t g = 0; g < groups;) {
        V part_h = SPLAT(0), part_one = part_h, part_zero = part_h, part_f_one = part_h, part_f_zero = part_h;
        for (size_t end = end_of_part(g, groups); g < end; g++) {
            const V *chance = by[alleles[g]];
            V back = MUL(stay_back[g], chance[0]), add = MULADD(come_back[g], chance[0], chance[1]);
            V n = stay[g], c = come[g], size = SPLAT(sizes[g]), stayed = MUL(n, big_x[g]);
            V h = MULADD(back, big_y[g], MUL(add, size));
            V f = MULADD(c, size, stayed);
            V both = MULADD(MUL(n, big_z[g]), back, MULADD(stayed, add, MUL(c, h)));
            stay_back[g] = back;
            come_back[g] = add;
            shares[3 * g] = both;
            shares[3 * g + 1] = f;
            shares[3 * g + 2] = h;
            V one = SPLAT((float)left[g]), zero = SPLAT((float)(1 - left[g]));
            part_h = ADD(part_h, h);
            part_one = MULADD(both, one, part_one);
            part_zero = MULADD(both, zero, part_zero);
            part_f_one = MULADD(f, one, part_f_one);
            part_f_zero = MULADD(f, zero, part_f_zero);
        }
        all_h = ADD(all_h, part_h);
        ones_both = ADD(ones_both, part_one);
        zeros_both = ADD(zeros_both, part_zero);
        ones_f = ADD(ones_f, part_f_one);
        zeros_f = ADD(zeros_f, part_f_zero);
    }
    return (NAME(Sums)){
        ADD(ones_both, zeros_both), room->sums[at - 1], all_h, {zeros_both, ones_both}, {zeros_f, ones_f}};
}

/* Add to a sum; `lost` gathers the digits that it had no room for (Dekker, 1971). */
static void NAME(add_part)(V *sum, V *lost, V more)
{
    V after = ADD(*sum, more);
    *lost = ADD(*lost, SUB(more, SUB(after, *sum)));
    *sum = after;
}

/* The group of each place in the order of a block. */
static const uint16_t *NAME(groups_of)(const Job *job, const NAME(Room) *room, const Block *block)
{
    uint16_t *group_of = (uint16_t *)(void *)room->group_of, *to = group_of;
    for (uint32_t g = 0; g < block->groups; g++)
        for (uint32_t left = (uint32_t)job->plan->sizes[block->sizes + g]; left > 0; left--)
            *to++ = (uint16_t)g;
    return group_of;
}

#define WORD uint16_t
#define RUN ShortRun
#define GROUPS_OF(before) const uint16_t *group_of = NAME(groups_of)(job, room, before);
#define FROM_GROUP(run) group_of[(run).from]
#define NEW_GROUP SHORT_NEW_GROUP
#define SIZED(x) NAME(x##_short)
#include "_li_stephens_words.h"
#undef WORD
#undef RUN
#undef GROUPS_OF
#undef FROM_GROUP
#undef NEW_GROUP
#undef SIZED
#define WORD uint32_t
#define RUN LongRun
#define GROUPS_OF(before)
#define FROM_GROUP(run) (run).from_group
#define NEW_GROUP LONG_NEW_GROUP
#define SIZED(x) NAME(x##_long)
#include "_li_stephens_words.h"
#undef WORD
#undef RUN
#undef GROUPS_OF
#undef FROM_GROUP
#undef NEW_GROUP
#undef SIZED

static void NAME(cross)(const Job *job, const NAME(Room) *room, size_t block_at, const V *from, V *to)
{
    (job->plan->is_short ? NAME(cross_short) : NAME(cross_long))(job, room, block_at, from, to);
}

/* The way back through a block; leaves M and D of its first site. */
static void NAME(backward)(const Job *job, const NAME(Room) *room, size_t block_at, const V *x, size_t first,
                           size_t count)
{
    const Plan *plan = job->plan;
    const Block *block = plan->blocks + block_at;
    const V *big_x = x + plan->haplotypes;
    uint32_t piece = block->first_piece + block->pieces;
    V kept = SPLAT(1), moved = SPLAT(0);
    for (size_t i = 0; i < block->loner_count; i++) {
        size_t at = block->loners + i;
        uint32_t place =
            plan->is_short ? ((const uint16_t *)plan->loners)[at] : ((const uint32_t *)plan->loners)[at];
        room->loners[2 * i] = x[place];
        room->loners[2 * i + 1] = room->y[place];
    }
    for (size_t g = 0; g < block->groups; g++) {
        room->stay_back[g] = SPLAT(1);
        room->come_back[g] = SPLAT(0);
    }
    for (size_t at = block->last - block->first; at > 0; at--) {
        size_t m = block->first + at;
        NAME(Sums) sums = NAME(step_back)(job, room, block, at, big_x, kept, moved);
        kept = DIV(SPLAT((1 - job->switches[m]) * (float)plan->haplotypes), sums.backward);
        moved = SPLAT(job->switches[m]);
        NAME(write_typed)
        (job, room, m - 1, MULADD(kept, sums.by_allele[0], MUL(moved, sums.forward_by_allele[0])),
         MULADD(kept, sums.by_allele[1], MUL(moved, sums.forward_by_allele[1])), first, count);
        while (piece > block->first_piece && plan->pieces[piece - 1].after == m - 1)
            (plan->is_short ? NAME(fill_short) : NAME(fill_long))(job, room, block, plan->pieces + --piece, &sums,
                                                                  first, count);
    }
    for (size_t g = 0; g < block->groups; g++) {
        room->stay_back[g] = MUL(room->stay_back[g], kept);
        room->come_back[g] = MULADD(room->come_back[g], kept, moved);
    }
}

/* The posterior of the very last typed site is its forward row. */
static void NAME(write_last)(const Job *job, const NAME(Room) *room, const V *big_x, size_t first,
                             size_t count)
{
    const Plan *plan = job->plan;
    const Block *block = plan->blocks + plan->block_count - 1;
    size_t at = block->last - block->first, row = at * block->groups;
    const uint8_t *alleles = plan->alleles + block->alleles + row;
    const float *sizes = plan->sizes + block->sizes;
    V by_allele[2] = {SPLAT(0), SPLAT(0)};
    for (size_t g = 0; g < block->groups;) {
        V part[2] = {SPLAT(0), SPLAT(0)};
        for (size_t end = end_of_part(g, block->groups); g < end; g++) {
            V share = MULADD(room->stay[row + g], big_x[g], MUL(room->come[row + g], SPLAT(sizes[g])));
            part[alleles[g]] = ADD(part[alleles[g]], share);
        }
        by_allele[0] = ADD(by_allele[0], part[0]);
        by_allele[1] = ADD(by_allele[1], part[1]);
    }
    NAME(write_typed)(job, room, block->last, by_allele[0], by_allele[1], first, count);
}

/* Forward rows of the blocks whose number is a multiple of the stride; kept slots stand before the others. */
static void NAME(keep_some)(const Job *job, const NAME(Room) *room, size_t kept_slots)
{
    V *from = room->slots;
    NAME(begin)(job, room, from);
    for (size_t block = 1; block <= (kept_slots - 1) * job->stride; block++) {
        V *to = room->slots +
                (block % job->stride == 0 ? block / job->stride : kept_slots + block % 2) * room->slot;
        NAME(forward)(job, room, job->plan->blocks + block - 1, from + job->plan->haplotypes, 0);
        NAME(cross)(job, room, block, from, to);
        from = to;
    }
}

static void NAME(some_lanes)(const Job *job, NAME(Room) *room, size_t first, size_t count)
{
    const Plan *plan = job->plan;
    size_t stride = job->stride, kept_slots = (plan->block_count + stride - 1) / stride;
    NAME(emissions)(job, room, first, count);
    NAME(keep_some)(job, room, kept_slots);
    for (size_t part = kept_slots; part-- > 0;) {
        size_t begin = part * stride;
        size_t end = begin + stride < plan->block_count ? begin + stride : plan->block_count;
#define SLOT(block) (room->slots + ((block) == begin ? part : kept_slots + (block) - begin - 1) * room->slot)
        for (size_t block = begin + 1; block < end; block++) {
            NAME(forward)(job, room, plan->blocks + block - 1, SLOT(block - 1) + plan->haplotypes, 0);
            NAME(cross)(job, room, block, SLOT(block - 1), SLOT(block));
        }
        for (size_t block = end; block-- > begin;) {
            const V *x = SLOT(block);
            NAME(forward)(job, room, plan->blocks + block, x + plan->haplotypes, 1);
            if (block + 1 == plan->block_count) {
                NAME(begin_back)(job, room, x);
                NAME(write_last)(job, room, x + plan->haplotypes, first, count);
            } else
                (plan->is_short ? NAME(cross_back_short) : NAME(cross_back_long))(job, room, block + 1, x);
            NAME(backward)(job, room, block, x, first, count);
        }
#undef SLOT
    }
}

static void NAME(impute)(const Job *job, void *scratch)
{
    NAME(Room) room;
    NAME(lay_out)(job, &room, scratch);
    for (size_t first = 0; first < job->columns; first += LANES)
        NAME(some_lanes)(job, &room, first, job->columns - first < LANES ? job->columns - first : LANES);
}
