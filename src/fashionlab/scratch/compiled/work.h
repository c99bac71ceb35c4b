/* What the tasks of a pass read. */

typedef struct {
    const Network *net;
    const Batch *batch;
    const Rule *rule;     /* 0: gradients are kept, for a later step or for the caller */
    float *w, *dw;        /* the vectors of weights and of their gradients */
    const float *outputs; /* the last layer's, of this pass */
    const Bits *const *bits; /* of each layer that draws */
    size_t first;         /* the batch's image that is image 0 of these */
    int N;                /* images that go through together */
    int more;             /* whether gradients are added to those that are there */
    int training;
    float clip;           /* what gradients are multiplied by */
    int l;                /* the layer */
} Work;
