/* What the tasks of a pass share. */

typedef struct {
    const Network *net;
    const Batch *batch;
    const Rule *rule;     /* 0: gradients are kept, for a later step or for the caller */
    float *w, *dw;        /* the vectors of weights and of their gradients */
    const float *outputs; /* of the last layer, in panels */
    const Bits *const *bits; /* of each layer, 0 for those that draw nothing */
    size_t first;         /* the batch's image that is image 0 of these B */
    int B;
    int packed;           /* whether W of all dense layers was packed */
    int adds;             /* whether gradients are added to those of earlier images */
    int training;
    float clip;           /* what gradients are multiplied by */
    int l;                /* the layer */
} Work;

static float *panel_of(const Network *net, float *values, int panel) {
    return values + (size_t)panel * net->capacity * LANES;
}

/* The values that layer l reads: a dropout passes on what it gets, unless it is trained. */
static float *input_of(const Work *work, int l) {
    while (l && work->net->layer[l - 1].spec.kind == DROPOUT && !work->training) l--;
    return work->net->values[l].a;
}

/* The images of a task, from *n up to the value returned. */
static int images_of(const Work *work, int task, int *n) {
    *n = task * IMAGES_OF_TASK;
    return *n + IMAGES_OF_TASK < work->B ? *n + IMAGES_OF_TASK : work->B;
}
