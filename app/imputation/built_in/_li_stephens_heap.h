/* Arrays that grow while a plan is made. Part of _li_stephens_plan.c. */
#ifndef LI_STEPHENS_HEAP_H
#define LI_STEPHENS_HEAP_H
#include <stdlib.h>

typedef struct {
    void *data;
    size_t used, room, width;
} Heap;

static void *more(Heap *heap, size_t count)
{
    if (heap->used + count > heap->room) {
        size_t room = heap->room * 2 > heap->used + count ? heap->room * 2 : heap->used + count + 64;
        void *data = realloc(heap->data, room * heap->width);
        if (data == NULL)
            return NULL;
        heap->data = data;
        heap->room = room;
    }
    void *place = (char *)heap->data + heap->used * heap->width;
    heap->used += count;
    return place;
}

#endif
