/* What _li_stephens.c asks of the vector code (_li_stephens_lanes.h), compiled once for each machine. */
#ifndef LI_STEPHENS_JOB_H
#define LI_STEPHENS_JOB_H
#include "_li_stephens_plan.h"

typedef struct {
    const Plan *plan;
    double error;
    const float *switches;     /* [typed]: chance of a switch on the way to it; the first is not used */
    const float *left, *right; /* [sites]: chance of a switch between it and the typed site on either side */
    const int64_t *target_row; /* [typed]: row of `targets` and `left_out`, -1 for a site without data */
    const int64_t *typed_row;  /* [typed]: row of `imputed`, -1 where it is not wanted */
    const int64_t *site_row;   /* [sites]: row of `imputed` */
    const int8_t *targets;     /* [rows][columns] of 0, 1 and other values for a missing allele */
    float *imputed, *left_out; /* [rows][columns] */
    size_t columns;
    size_t stride; /* blocks from one kept forward row to the next */
} Job;

/* Where the part that begins at a group ends: what more groups have is added in parts. */
static inline size_t end_of_part(size_t first, size_t groups)
{
    return groups - first > GROUPS_A_PART ? first + GROUPS_A_PART : groups;
}

/* One kind of machine. */
typedef struct {
    const char *name;
    size_t lanes;
    size_t (*scratch)(const Job *job);             /* bytes that `impute` needs, aligned to 64 */
    void (*impute)(const Job *job, void *scratch); /* all columns */
} Machine;

#endif
