/* The parts of the vector code that read runs and words of a plan, whose numbers have 16 bits where the panel
 * is small enough: less memory, and less of it to read.
 *
 * Included twice by _li_stephens_lanes.h, with WORD, RUN, NEW_GROUP, GROUPS_OF, FROM_GROUP and SIZED defined.
 */

/* The forward row of a block's first site from that of the block before, whose N and C are made. */
static void SIZED(cross)(const Job *job, const NAME(Room) *room, size_t block_at, const V *from, V *to)
{
    const Block *block = job->plan->blocks + block_at;
    const RUN *runs = (const RUN *)job->plan->runs + block->runs;
    const V *stay = room->stay, *come = room->come;
    V *sums = to + job->plan->haplotypes;
    GROUPS_OF(block - 1)
    for (size_t g = 0; g < block->groups; g++)
        sums[g] = SPLAT(0);
    V *first = sums--; /* the first run goes on to the first group */
    size_t parts = 0;
    for (uint32_t i = 0; i < block->run_count;) {
        uint32_t end = block->run_count - i > RUNS_A_PART ? i + RUNS_A_PART : block->run_count;
        for (; i < end; i++) {
            RUN run = runs[i];
            uint32_t count = run.count & (NEW_GROUP - 1), is_new = run.count / NEW_GROUP;
            const V *source = from + run.from;
            size_t group = FROM_GROUP(run);
            V n = stay[group], c = come[group], sum = SPLAT(0);
            for (uint32_t k = 0; k < count; k++) {
                V now = MULADD(n, source[k], c);
                to[k] = now;
                sum = ADD(sum, now);
            }
            to += count;
            sums += is_new;
            *sums = ADD(*sums, sum);
        }
        room->part_of[parts] = (uint32_t)(sums - first);
        room->parts[parts++] = *sums;
        *sums = SPLAT(0);
    }
    for (size_t i = 0; i < parts; i++)
        first[room->part_of[i]] = ADD(first[room->part_of[i]], room->parts[i]);
}

/* The backward row of a block's last site from that of the block behind; M and D are of its first site. */
static void SIZED(cross_back)(const Job *job, NAME(Room) *room, size_t block_at, const V *x)
{
    const Block *before = job->plan->blocks + block_at - 1, *block = before + 1;
    const RUN *runs = (const RUN *)job->plan->runs + block->runs;
    const V *y = room->y;
    GROUPS_OF(before)
    size_t groups_done = 0, parts = 0;
    for (size_t g = 0; g < before->groups; g++)
        room->next_big_y[g] = room->next_big_z[g] = SPLAT(0);
    for (uint32_t i = 0; i < block->run_count;) {
        size_t group = 0;
        uint32_t end = block->run_count - i > RUNS_A_PART ? i + RUNS_A_PART : block->run_count;
        for (; i < end; i++) {
            RUN run = runs[i];
            uint32_t count = run.count & (NEW_GROUP - 1), is_new = run.count / NEW_GROUP;
            groups_done += is_new;
            V *to = room->next_y + run.from;
            const V *forward = x + run.from;
            V m = room->stay_back[groups_done - 1], d = room->come_back[groups_done - 1], sum = SPLAT(0),
              both = SPLAT(0);
            for (uint32_t k = 0; k < count; k++) {
                V now = MULADD(m, y[k], d);
                to[k] = now;
                sum = ADD(sum, now);
                both = MULADD(now, forward[k], both);
            }
            y += count;
            group = FROM_GROUP(run);
            room->next_big_y[group] = ADD(room->next_big_y[group], sum);
            room->next_big_z[group] = ADD(room->next_big_z[group], both);
        }
        room->part_of[parts] = (uint32_t)group;
        room->parts[2 * parts] = room->next_big_y[group];
        room->parts[2 * parts++ + 1] = room->next_big_z[group];
        room->next_big_y[group] = room->next_big_z[group] = SPLAT(0);
    }
    for (size_t i = 0; i < parts; i++) {
        size_t group = room->part_of[i];
        room->next_big_y[group] = ADD(room->next_big_y[group], room->parts[2 * i]);
        room->next_big_z[group] = ADD(room->next_big_z[group], room->parts[2 * i + 1]);
    }
    V *swap = room->y;
    room->y = room->next_y;
    room->next_y = swap;
    swap = room->big_y;
    room->big_y = room->next_big_y;
    room->next_big_y = swap;
    swap = room->big_z;
    room->big_z = room->next_big_z;
    room->next_big_z = swap;
}

/* Adds sums of f h, f and h to others: many of them, so in parts, with what each addition of a part loses. */
static void SIZED(add_many)(const V *threes, const WORD *words, uint32_t count, V *both, V *f, V *h)
{
    V lost[3] = {SPLAT(0), SPLAT(0), SPLAT(0)};
    for (uint32_t i = 0; i < count;) {
        V part[3] = {SPLAT(0), SPLAT(0), SPLAT(0)};
        for (uint32_t end = count - i > LONGEST_LIST ? i + LONGEST_LIST : count; i < end; i++) {
            const V *three = threes + 3 * (size_t)words[i];
            part[0] = ADD(part[0], three[0]);
            part[1] = ADD(part[1], three[1]);
            part[2] = ADD(part[2], three[2]);
        }
        NAME(add_part)(both, lost, part[0]);
        NAME(add_part)(f, lost + 1, part[1]);
        NAME(add_part)(h, lost + 2, part[2]);
    }
    *both = ADD(*both, lost[0]);
    *f = ADD(*f, lost[1]);
    *h = ADD(*h, lost[2]);
}

/* The members of a group to the patterns that they have; the words behind those of the group. */
static const WORD *SIZED(add_mixed)(const NAME(Room) *room, size_t row, const WORD *words)
{
    uint32_t group = words[0], most = words[1], lists = words[2] & (GOES_ON - 1), goes_on = words[2] / GOES_ON;
    V *patterns = room->patterns;
    const V *loners = room->loners, *shares = room->shares + 3 * (size_t)group;
    V n = room->stay[row + group], c = room->come[row + group];
    V back = room->stay_back[group], add = room->come_back[group];
    V all_both = SPLAT(0), all_f = SPLAT(0), all_h = SPLAT(0);
    words += 3;
    for (uint32_t list = 0; list < lists; list++) {
        V *pattern = patterns + 3 * (size_t)words[0];
        uint32_t count = words[1];
        V both = SPLAT(0), f = both, h = both;
        words += 2;
        for (uint32_t k = 0; k < count; k++) {
            const V *xy = loners + 2 * (size_t)words[k];
            V forward = MULADD(n, xy[0], c), backward = MULADD(back, xy[1], add);
            both = MULADD(forward, backward, both);
            f = ADD(f, forward);
            h = ADD(h, backward);
        }
        words += count;
        pattern[0] = ADD(pattern[0], both);
        pattern[1] = ADD(pattern[1], f);
        pattern[2] = ADD(pattern[2], h);
        all_both = ADD(all_both, both);
        all_f = ADD(all_f, f);
        all_h = ADD(all_h, h);
    }
    if (most) {
        V *pattern = patterns + 3 * (size_t)most, whole = SPLAT(goes_on ? 0 : 1);
        pattern[0] = ADD(pattern[0], SUB(MUL(whole, shares[0]), all_both));
        pattern[1] = ADD(pattern[1], SUB(MUL(whole, shares[1]), all_f));
        pattern[2] = ADD(pattern[2], SUB(MUL(whole, shares[2]), all_h));
    }
    return words;
}

/* Some groups to the one pattern that all of their members have. */
static const WORD *SIZED(add_whole)(const NAME(Room) *room, const WORD *words)
{
    V *pattern = room->patterns + 3 * (size_t)words[0];
    V both = SPLAT(0), f = both, h = both;
    uint32_t count = words[1];
    words += 2;
    for (uint32_t j = 0; j < count; j++) {
        const V *share = room->shares + 3 * (size_t)words[j];
        both = ADD(both, share[0]);
        f = ADD(f, share[1]);
        h = ADD(h, share[2]);
    }
    pattern[0] = ADD(pattern[0], both);
    pattern[1] = ADD(pattern[1], f);
    pattern[2] = ADD(pattern[2], h);
    return words + count;
}

/* Sums of f h, f and h over the haplotypes of each pattern; the words behind those of the groups. What many
 * groups add to a pattern is added in parts. */
static const WORD *SIZED(sum_patterns)(const NAME(Room) *room, const Block *block, const Piece *piece,
                                       const WORD *words)
{
    size_t row = (size_t)(piece->after - block->first) * block->groups, sums = 3 * (size_t)piece->patterns;
    V *patterns = room->patterns, *parts = room->patterns_parts;
    for (size_t i = 0; i < sums; i++)
        patterns[i] = SPLAT(0);
    if (piece->mixed > MIXED_A_PART)
        memset(parts, 0, sums * sizeof *parts);
    for (uint32_t i = 0; i < piece->mixed;) {
        for (uint32_t end = piece->mixed - i > MIXED_A_PART ? i + MIXED_A_PART : piece->mixed; i < end; i++)
            words = SIZED(add_mixed)(room, row, words);
        if (piece->mixed <= MIXED_A_PART)
            break;
        for (size_t j = 0; j < sums; j++) {
            parts[j] = ADD(parts[j], patterns[j]);
            patterns[j] = SPLAT(0);
        }
    }
    if (piece->mixed > MIXED_A_PART)
        memcpy(patterns, parts, sums * sizeof *patterns);
    for (uint32_t i = 0; i < piece->whole; i++)
        words = SIZED(add_whole)(room, words);
    return words;
}

/* Dosages of the sites of a piece. At a site with switch chances r and q to the two ends the posterior of
 * haplotype k is ((1-r) f(k) + r) ((1-q) h(k) + q), f and h scaled to mean 1. */
static void SIZED(fill)(const Job *job, const NAME(Room) *room, const Block *block, const Piece *piece,
                       const NAME(Sums) *sums, size_t first, size_t count)
{
    const Plan *plan = job->plan;
    float haplotypes = (float)plan->haplotypes;
    V size = SPLAT(haplotypes);
    V by_f = DIV(size, sums->forward), by_h = DIV(size, sums->backward), by_both = MUL(by_f, by_h);
    V all_both = MUL(sums->both, by_both);
    const WORD *words = SIZED(sum_patterns)(room, block, piece, (const WORD *)plan->words + piece->words);
    V *patterns = room->patterns;
    for (size_t p = 0; p < piece->patterns; p++) {
        patterns[3 * p] = MUL(patterns[3 * p], by_both);
        patterns[3 * p + 1] = MUL(patterns[3 * p + 1], by_f);
        patterns[3 * p + 2] = MUL(patterns[3 * p + 2], by_h);
    }
    for (size_t site = piece->first_site; site < (size_t)piece->first_site + piece->sites; site++) {
        V both = SPLAT(0), f = SPLAT(0), h = SPLAT(0);
        uint32_t listed = *words++;
        if (listed > LONGEST_LIST)
            SIZED(add_many)(patterns, words, listed, &both, &f, &h);
        else
            for (uint32_t i = 0; i < listed; i++) {
                const V *pattern = patterns + 3 * (size_t)words[i];
                both = ADD(both, pattern[0]);
                f = ADD(f, pattern[1]);
                h = ADD(h, pattern[2]);
            }
        words += listed;
        float r = job->left[site], q = job->right[site];
        float neither = (1 - r) * (1 - q);
        V rare =
            MULADD(f, SPLAT((1 - r) * q), MULADD(h, SPLAT(r * (1 - q)), SPLAT(r * q * plan->rarer[site])));
        V total = MULADD(all_both, SPLAT(neither), SPLAT(haplotypes * ((1 - r) * q + r * (1 - q) + r * q)));
        V share = DIV(MULADD(both, SPLAT(neither), rare), total);
        if (plan->swapped[site])
            share = SUB(SPLAT(1), share);
        float values[LANES];
        memcpy(values, &share, sizeof values);
        NAME(write)(job->imputed + (size_t)job->site_row[site] * job->columns + first, values, count);
    }
}
