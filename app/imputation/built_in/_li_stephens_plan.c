/* Cuts a stretch of a panel into model blocks (see _li_stephens_plan.h).
 *
 * Partitions of the haplotypes are refined site by site, and only carriers of the rarer allele are touched,
 * so the cost is that of the carriers. Where a block ends is a matter of cost: long ones have more groups,
 * short ones have more borders, where all haplotypes are looked at.
 */
#include "_li_stephens_heap.h"
#include "_li_stephens_partition.h"
#include <stdlib.h>
#include <string.h>

/* Groups times typed sites of a block, at most, as their rows are kept. */
enum { ROWS_A_HAPLOTYPE = 8, FEW_ROWS = 8192 };
static const double SITE_COST = 8.0; /* of a typed site, in groups */
static const double GIVE_UP = 1.25;  /* a block this much dearer than the best is long enough */

static const uint32_t ALL = 1u << 31; /* the whole group has the pattern */
static const char *const NO_MEMORY = "memory";

typedef struct {
    const Stretch *stretch;
    const int64_t *typed;
    uint32_t *rare; /* [haplotypes]: carriers of the rarer allele of a row */
    uint32_t *order, *place, *old_place, *old_group, *group, *counts, *other, *tally, *wholes, *loner;
    Partition parts;
    Heap blocks, pieces, runs, alleles, sizes, words, loners;
    Plan *plan;
} Maker;

static const char *refine_by_row(Maker *maker, int64_t row, uint64_t bit)
{
    int is_ref;
    uint32_t count = find_rare(maker->stretch, row, maker->rare, &is_ref);
    if (count == NEVER)
        return "the panel's alleles are broken";
    refine(&maker->parts, maker->rare, count, bit);
    return NULL;
}

/* The last typed site of the block that begins at `first`, by the cost of a site. */
static const char *end_of_block(Maker *maker, size_t first, double border_cost, size_t *last)
{
    double least = 0;
    size_t most_rows = ROWS_A_HAPLOTYPE * maker->plan->haplotypes + FEW_ROWS;
    one_class(&maker->parts, maker->plan->haplotypes);
    const char *why = refine_by_row(maker, maker->typed[first], 0);
    *last = first;
    for (size_t at = first + 1; why == NULL && at < maker->plan->typed && at - first < LONGEST_BLOCK; at++) {
        why = refine_by_row(maker, maker->typed[at], 0);
        if (at > first + 1 && (at - first + 1) * classes(&maker->parts) > most_rows)
            break;
        double border = border_cost * (double)maker->plan->haplotypes;
        double cost = border / (double)(at - first) + classes(&maker->parts) + SITE_COST;
        if (*last == first || cost <= least) {
            least = cost;
            *last = at;
        } else if (cost > GIVE_UP * least)
            break;
    }
    return why;
}

/* Groups numbered as the order of the block before meets them; maker->group and ->counts are set. */
static uint32_t number_groups(Maker *maker)
{
    uint32_t groups = 0;
    memset(maker->other, 0xff, (maker->plan->haplotypes + 2) * sizeof *maker->other);
    for (size_t i = 0; i < maker->plan->haplotypes; i++) {
        uint32_t haplotype = maker->order[i], part = maker->parts.of[haplotype];
        if (maker->other[part] == NEVER) {
            maker->counts[groups] = 0;
            maker->other[part] = groups++;
        }
        maker->group[haplotype] = maker->other[part];
        maker->counts[maker->other[part]]++;
    }
    return groups;
}

/* Put members of a group side by side, in the order they had. */
static void sort_by_group(Maker *maker, uint32_t groups)
{
    size_t size = maker->plan->haplotypes;
    uint32_t *next = maker->rare, at = 0;
    for (uint32_t g = 0; g < groups; g++) {
        next[g] = at;
        at += maker->counts[g];
    }
    for (size_t i = 0; i < size; i++) {
        uint32_t haplotype = maker->order[i];
        maker->place[haplotype] = next[maker->group[haplotype]]++;
    }
    for (size_t k = 0; k < size; k++)
        maker->other[maker->place[k]] = (uint32_t)k;
    memcpy(maker->order, maker->other, size * sizeof *maker->order);
}

static const char *push_run(Maker *maker, LongRun run)
{
    void *place = more(&maker->runs, 1);
    if (place == NULL)
        return NO_MEMORY;
    if (maker->plan->is_short) {
        uint32_t is_new = run.count & LONG_NEW_GROUP ? SHORT_NEW_GROUP : 0;
        *(ShortRun *)place = (ShortRun){(uint16_t)run.from, (uint16_t)(run.count | is_new)};
    } else
        *(LongRun *)place = run;
    return NULL;
}

static const char *add_runs(Maker *maker, Block *block)
{
    block->runs = maker->runs.used;
    LongRun run = {0};
    uint32_t group = NEVER;
    for (size_t i = 0; i < maker->plan->haplotypes; i++) {
        uint32_t haplotype = maker->order[i], from = maker->old_place[haplotype];
        uint32_t old = maker->old_group[haplotype], now = maker->group[haplotype];
        if (now == group && run.from_group == old && run.from + (run.count & ~LONG_NEW_GROUP) == from &&
            (run.count & ~LONG_NEW_GROUP) < LONGEST_RUN) {
            run.count++;
            continue;
        }
        if (run.count && push_run(maker, run))
            return NO_MEMORY;
        run = (LongRun){from, old, now == group ? 1 : 1 | LONG_NEW_GROUP};
        group = now;
    }
    if (push_run(maker, run))
        return NO_MEMORY;
    block->run_count = (uint32_t)(maker->runs.used - block->runs);
    return NULL;
}

static const char *add_alleles(Maker *maker, Block *block)
{
    size_t sites = block->last - block->first + 1, groups = block->groups;
    block->alleles = maker->alleles.used;
    block->sizes = maker->sizes.used;
    uint8_t *alleles = more(&maker->alleles, sites * groups);
    float *sizes = more(&maker->sizes, groups);
    if (alleles == NULL || sizes == NULL)
        return NO_MEMORY;
    for (size_t g = 0; g < groups; g++)
        sizes[g] = (float)maker->counts[g];
    for (size_t s = 0; s < sites; s++) {
        int is_ref;
        uint32_t count = find_rare(maker->stretch, maker->typed[block->first + s], maker->rare, &is_ref);
        memset(alleles + s * groups, is_ref, groups);
        for (uint32_t i = 0; i < count; i++)
            alleles[s * groups + maker->group[maker->rare[i]]] = (uint8_t)!is_ref;
        double share = (double)count / (double)maker->plan->haplotypes;
        maker->plan->typed_share[block->first + s] = is_ref ? 1.0 - share : share;
    }
    return NULL;
}

static const char *add_block(Maker *maker, size_t first, size_t last)
{
    Block *block = more(&maker->blocks, 1);
    if (block == NULL)
        return NO_MEMORY;
    one_class(&maker->parts, maker->plan->haplotypes);
    for (size_t at = first; at <= last; at++) {
        const char *why = refine_by_row(maker, maker->typed[at], 0);
        if (why != NULL)
            return why;
    }
    memcpy(maker->old_place, maker->place, maker->plan->haplotypes * sizeof *maker->place);
    memcpy(maker->old_group, maker->group, maker->plan->haplotypes * sizeof *maker->group);
    *block = (Block){.first = (uint32_t)first, .last = (uint32_t)last, .groups = number_groups(maker)};
    sort_by_group(maker, block->groups);
    size_t rows = (last - first + 1) * block->groups;
    if (rows > maker->plan->most_rows)
        maker->plan->most_rows = rows;
    if (block->groups > maker->plan->most_groups)
        maker->plan->most_groups = block->groups;
    const char *why = first > 0 ? add_runs(maker, block) : NULL;
    return why != NULL ? why : add_alleles(maker, block);
}

/* Patterns without the rarer allele anywhere become 0, the others 1, 2 ...; how many there are. */
static uint32_t number_patterns(Partition *parts)
{
    uint32_t patterns = 1;
    for (uint32_t part = 0; part < parts->made; part++)
        parts->child[part] = parts->size[part] && parts->alleles[part] ? patterns++ : 0;
    return patterns;
}

static void set_word(Maker *maker, size_t at, uint32_t word)
{
    if (maker->plan->is_short)
        ((uint16_t *)maker->words.data)[at] = (uint16_t)word;
    else
        ((uint32_t *)maker->words.data)[at] = word;
}

static const char *push(Maker *maker, uint32_t word)
{
    if (more(&maker->words, 1) == NULL)
        return NO_MEMORY;
    set_word(maker, maker->words.used - 1, word);
    return NULL;
}

/* The pattern that most of a group has; maker->tally is all 0 before and after. */
static uint32_t most_common(const Maker *maker, const uint32_t *members, uint32_t count)
{
    uint32_t best = 0, many = 0;
    const Partition *parts = &maker->parts;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t pattern = parts->child[parts->of[members[i]]];
        uint32_t now = ++maker->tally[pattern];
        if (now > many || (now == many && pattern < best)) {
            many = now;
            best = pattern;
        }
    }
    for (uint32_t i = 0; i < count; i++)
        maker->tally[parts->child[parts->of[members[i]]]] = 0;
    return many == count ? best | ALL : best;
}

/* Chains of the members of a group with the same pattern; `heads` has the first one of each. */
static void chain_members(Maker *maker, uint32_t first, uint32_t count, uint32_t *heads, uint32_t *next)
{
    const Partition *parts = &maker->parts;
    for (uint32_t i = first; i < first + count; i++)
        heads[parts->child[parts->of[maker->order[i]]]] = NEVER;
    for (uint32_t i = first + count; i-- > first;) {
        uint32_t pattern = parts->child[parts->of[maker->order[i]]];
        next[i] = heads[pattern];
        heads[pattern] = i;
    }
}

/* The number of a member among those of the block that are looked at one by one. */
static const char *push_loner(Maker *maker, uint32_t place)
{
    if (maker->loner[place] == NEVER) {
        const Block *block = (const Block *)maker->blocks.data + maker->blocks.used - 1;
        maker->loner[place] = (uint32_t)(maker->loners.used - block->loners);
        void *loner = more(&maker->loners, 1);
        if (loner == NULL)
            return NO_MEMORY;
        if (maker->plan->is_short)
            *(uint16_t *)loner = (uint16_t)place;
        else
            *(uint32_t *)loner = place;
    }
    maker->plan->exceptions++;
    return push(maker, maker->loner[place]);
}

/* A pattern with those of a chain that have it, at most LONGEST_LIST; `at` goes on to the others. */
static const char *push_list(Maker *maker, uint32_t pattern, uint32_t *at, const uint32_t *next,
                             const char *(*push_one)(Maker *, uint32_t))
{
    if (push(maker, pattern) || push(maker, 0))
        return NO_MEMORY;
    size_t head = maker->words.used - 1;
    uint32_t count = 0;
    for (; *at != NEVER && count < LONGEST_LIST; *at = next[*at], count++)
        if (push_one(maker, *at))
            return NO_MEMORY;
    set_word(maker, head, count);
    return NULL;
}

/* A group whose members have several patterns; long lists, and many of them, are cut. */
static const char *add_mixed(Maker *maker, Piece *piece, uint32_t group, uint32_t first, uint32_t count,
                             uint32_t most)
{
    const Partition *parts = &maker->parts;
    uint32_t *heads = maker->other, *next = maker->rare, lists = LONGEST_LIST;
    size_t head = 0;
    chain_members(maker, first, count, heads, next);
    for (uint32_t i = first; i < first + count; i++) {
        uint32_t pattern = parts->child[parts->of[maker->order[i]]];
        if (pattern == most || heads[pattern] != i)
            continue;
        for (uint32_t at = i; at != NEVER;) {
            if ((lists & LONGEST_LIST) == LONGEST_LIST) {
                lists = head > 0 ? GOES_ON : 0;
                if (push(maker, group) || push(maker, most) || push(maker, lists))
                    return NO_MEMORY;
                head = maker->words.used - 1;
                piece->mixed++;
            }
            if (push_list(maker, pattern, &at, next, push_loner))
                return NO_MEMORY;
            set_word(maker, head, ++lists);
        }
    }
    return NULL;
}

/* `wholes` gets the pattern of each group that has one other than 0, else 0. */
static const char *add_groups(Maker *maker, const Block *block, Piece *piece, uint32_t *wholes)
{
    const float *sizes = (const float *)maker->sizes.data + block->sizes;
    uint32_t first = 0;
    for (uint32_t g = 0; g < block->groups; g++) {
        uint32_t count = (uint32_t)sizes[g], most = most_common(maker, maker->order + first, count);
        wholes[g] = most & ALL ? most & ~ALL : 0;
        if (!(most & ALL) && add_mixed(maker, piece, g, first, count, most))
            return NO_MEMORY;
        first += count;
    }
    return NULL;
}

/* Groups by pattern. `next` and `heads` have room for all haplotypes. */
static const char *add_wholes(Maker *maker, const Block *block, Piece *piece, const uint32_t *wholes)
{
    uint32_t *heads = maker->other, *next = maker->rare;
    memset(heads, 0xff, piece->patterns * sizeof *heads);
    for (uint32_t g = block->groups; g-- > 0;) {
        next[g] = heads[wholes[g]];
        heads[wholes[g]] = g;
    }
    for (uint32_t pattern = 1; pattern < piece->patterns; pattern++)
        for (uint32_t g = heads[pattern]; g != NEVER; piece->whole++)
            if (push_list(maker, pattern, &g, next, push))
                return NO_MEMORY;
    return NULL;
}

static const char *add_lists(Maker *maker, const Piece *piece)
{
    const Partition *parts = &maker->parts;
    for (uint32_t site = 0; site < piece->sites; site++) {
        if (push(maker, 0))
            return NO_MEMORY;
        size_t head = maker->words.used - 1;
        uint32_t count = 0;
        for (uint32_t part = 0; part < parts->made; part++)
            if (parts->child[part] && parts->alleles[part] >> site & 1) {
                if (push(maker, parts->child[part]))
                    return NO_MEMORY;
                count++;
            }
        set_word(maker, head, count);
    }
    return NULL;
}

static const char *add_piece(Maker *maker, size_t block_at, const int64_t *untyped, size_t first,
                             size_t count, size_t after)
{
    const Block *block = (const Block *)maker->blocks.data + block_at;
    Piece *piece = more(&maker->pieces, 1);
    if (piece == NULL)
        return NO_MEMORY;
    *piece = (Piece){(uint32_t)after, (uint32_t)first, (uint32_t)count, 0, 0, 0, maker->words.used};
    one_class(&maker->parts, maker->plan->haplotypes);
    for (size_t i = 0; i < count; i++) {
        int is_ref;
        uint32_t rare = find_rare(maker->stretch, untyped[first + i], maker->rare, &is_ref);
        if (rare == NEVER)
            return "the panel's alleles are broken";
        refine(&maker->parts, maker->rare, rare, (uint64_t)1 << i);
        maker->plan->swapped[first + i] = (uint8_t)is_ref;
        maker->plan->rarer[first + i] = (float)rare;
    }
    piece->patterns = number_patterns(&maker->parts);
    if (piece->patterns > maker->plan->most_patterns)
        maker->plan->most_patterns = piece->patterns;
    if (add_groups(maker, block, piece, maker->wholes) || add_wholes(maker, block, piece, maker->wholes))
        return NO_MEMORY;
    return add_lists(maker, piece);
}

/* The pieces between two typed sites of a block; *site goes on to the first behind them. */
static const char *add_pieces(Maker *maker, size_t block_at, const int64_t *untyped, const int64_t *after,
                              size_t *site)
{
    Block *block = (Block *)maker->blocks.data + block_at;
    const char *why = NULL;
    size_t sites = maker->plan->sites, at = *site, last = block->last;
    block->first_piece = (uint32_t)maker->pieces.used;
    block->loners = maker->loners.used;
    memset(maker->loner, 0xff, maker->plan->haplotypes * sizeof *maker->loner);
    while (why == NULL && at < sites && (uint64_t)after[at] < last) {
        size_t stop = at + 1;
        while (stop < sites && after[stop] == after[at] && stop - at < PIECE_SITES)
            stop++;
        why = add_piece(maker, block_at, untyped, at, stop - at, (size_t)after[at]);
        at = stop;
    }
    *site = at;
    block->pieces = (uint32_t)(maker->pieces.used - block->first_piece);
    block->loner_count = (uint32_t)(maker->loners.used - block->loners);
    if (block->loner_count > maker->plan->most_loners)
        maker->plan->most_loners = block->loner_count;
    return why;
}

static const char *add_all(Maker *maker, const int64_t *untyped, const int64_t *after, double border_cost)
{
    size_t first = 0, last, site = 0;
    do {
        const char *why = end_of_block(maker, first, border_cost, &last);
        if (why == NULL)
            why = add_block(maker, first, last);
        if (why == NULL)
            why = add_pieces(maker, maker->blocks.used - 1, untyped, after, &site);
        if (why != NULL)
            return why;
        first = last;
    } while (last + 1 < maker->plan->typed);
    return NULL;
}

static int get_room(Maker *maker, uint32_t **memory)
{
    size_t size = maker->plan->haplotypes + 2;
    uint32_t **arrays[] = {&maker->rare,        &maker->order,       &maker->place,     &maker->old_place,
                           &maker->old_group,   &maker->group,       &maker->counts,    &maker->other,
                           &maker->tally,       &maker->wholes,      &maker->loner,     &maker->parts.of,
                           &maker->parts.size,  &maker->parts.child, &maker->parts.stamp, &maker->parts.free};
    size_t count = sizeof arrays / sizeof *arrays;
    *memory = calloc(size, count * sizeof(uint32_t));
    maker->parts.alleles = calloc(size, sizeof(uint64_t));
    if (*memory == NULL || maker->parts.alleles == NULL)
        return 0;
    for (size_t i = 0; i < count; i++)
        *arrays[i] = *memory + i * size;
    for (size_t k = 0; k < maker->plan->haplotypes; k++)
        maker->order[k] = maker->place[k] = (uint32_t)k;
    return 1;
}

static void hand_over(Maker *maker)
{
    Plan *plan = maker->plan;
    plan->blocks = maker->blocks.data;
    plan->block_count = maker->blocks.used;
    plan->pieces = maker->pieces.data;
    plan->piece_count = maker->pieces.used;
    plan->runs = maker->runs.data;
    plan->run_count = maker->runs.used;
    plan->alleles = maker->alleles.data;
    plan->allele_count = maker->alleles.used;
    plan->sizes = maker->sizes.data;
    plan->size_count = maker->sizes.used;
    plan->words = maker->words.data;
    plan->loners = maker->loners.data;
    plan->loner_count = maker->loners.used;
    plan->word_count = maker->words.used;
}

Plan *make_plan(const Stretch *stretch, const int64_t *typed, size_t typed_count, const int64_t *untyped,
                const int64_t *after, size_t untyped_count, double border_cost, const char **why)
{
    Maker maker = {.stretch = stretch, .typed = typed, .blocks.width = sizeof(Block), .alleles.width = 1};
    uint32_t *memory = NULL;
    maker.pieces.width = sizeof(Piece);
    maker.sizes.width = sizeof(float);
    *why = NO_MEMORY;
    Plan *plan = maker.plan = calloc(1, sizeof *plan);
    if (plan == NULL)
        return NULL;
    plan->haplotypes = stretch->haplotypes;
    plan->typed = typed_count;
    plan->sites = untyped_count;
    plan->most_patterns = 1;
    plan->is_short = stretch->haplotypes <= MOST_SHORT;
    maker.runs.width = plan->is_short ? sizeof(ShortRun) : sizeof(LongRun);
    maker.words.width = maker.loners.width = plan->is_short ? sizeof(uint16_t) : sizeof(uint32_t);
    plan->swapped = calloc(untyped_count + 1, 1);
    plan->rarer = calloc(untyped_count + 1, sizeof(float));
    plan->typed_share = calloc(typed_count + 1, sizeof(double));
    if (plan->swapped != NULL && plan->rarer != NULL && plan->typed_share != NULL &&
        get_room(&maker, &memory))
        *why = add_all(&maker, untyped, after, border_cost);
    hand_over(&maker);
    free(memory);
    free(maker.parts.alleles);
    if (*why == NULL)
        return plan;
    free_plan(plan);
    return NULL;
}

void free_plan(Plan *plan)
{
    free(plan->blocks);
    free(plan->pieces);
    free(plan->runs);
    free(plan->alleles);
    free(plan->sizes);
    free(plan->words);
    free(plan->loners);
    free(plan->swapped);
    free(plan->rarer);
    free(plan->typed_share);
    free(plan);
}
