/* Whole batches: what library.c hands out. */

/* The weights of a task, from *begin up to the value returned. */
static size_t weights_of(const Network *net, int part, size_t *begin) {
    *begin = (size_t)part * PART;
    return *begin + PART < net->weights ? *begin + PART : net->weights;
}

/* The sum of the squares of some gradients. */
static void squares_of_part(void *context, int part, int thread) {
    const Work *work = context;
    size_t i, end = weights_of(work->net, part, &i);
    V sum = zeros();
    float lanes[LANES];
    double total = 0;
    (void)thread;
    for (; i < end; i += LANES) {
        V dw = get(work->dw + i, end - i < LANES ? (int)(end - i) : LANES);
        sum = mul_add(dw, dw, sum);
    }
    store(lanes, sum);
    for (int k = 0; k < LANES; k++) total += lanes[k];
    work->net->sums[part] = total;
}

static void step_part(void *context, int part, int thread) {
    const Work *work = context;
    size_t i, end = weights_of(work->net, part, &i);
    (void)thread;
    for (; i < end; i += LANES) {
        int n = end - i < LANES ? (int)(end - i) : LANES;
        float dw[LANES];
        store(dw, mul(get(work->dw + i, n), broadcast(work->clip)));
        step_block(work->rule, work->w, i, dw, 1, 0, n);
    }
}

/* A step from gradients that are all there, clipped by their norm. */
static void step_clipped(Work *work, const Rule *rule) {
    const Network *net = work->net;
    int parts = (int)((net->weights + PART - 1) / PART);
    double norm = 0;
    work->rule = rule;
    each(net->threads, parts, squares_of_part, work);
    for (int i = 0; i < parts; i++) norm += net->sums[i];
    norm = sqrt(norm);
    if (norm <= rule->clip_norm)
        work->clip = 1;
    else /* an infinite or undefined norm makes every gradient undefined, as in Keras */
        work->clip = isfinite(norm) ? (float)(rule->clip_norm / norm) : NAN;
    each(net->threads, parts, step_part, work);
}

static void add_losses(const Work *work, Batch *batch) {
    int tasks = blocks(work->B, IMAGES_OF_TASK);
    each(work->net->threads, tasks, loss_of_images, (void *)work);
    for (int n = 0; n < work->B; n++) {
        batch->loss += work->net->sums[n];
        batch->correct += work->net->hits[n];
    }
}

/* fl_pass of library.h: at most `capacity` images at a time. The step is made while the last of
   them go backward, when the gradients of all are there. */
static int pass(const Network *net, Batch *batch, const Rule *rule, float *w, float *dw,
                const Bits *const *bits, int training) {
    Work work = {.net = net, .batch = batch, .w = w, .dw = dw, .bits = bits, .training = training};
    int clips = rule && rule->clip_norm > 0;
    batch->loss = 0, batch->correct = 0;
    if (batch->N > net->capacity) pack_weights(&work);
    for (int64_t left = batch->N; left; left -= work.B, work.first += work.B) {
        work.B = left < net->capacity ? (int)left : net->capacity;
        forward(&work);
        if (batch->outputs)
            each(net->threads, blocks(work.B, IMAGES_OF_TASK), write_outputs, &work);
        if (batch->targets || batch->labels) add_losses(&work, batch);
        if (!training) continue;
        if (!isfinite(batch->loss)) return 1;
        work.rule = left == work.B && !clips ? rule : 0;
        backward(&work);
        work.adds = 1;
    }
    if (training && clips) step_clipped(&work, rule);
    return 0;
}

const Passes PASSES = {pass};
