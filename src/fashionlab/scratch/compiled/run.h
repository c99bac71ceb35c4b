/* The calls of one instruction set: what library.c hands out. */

/* Sums of squares in a fixed number of parts, added up in their order. */
enum { PART = 4096 };

static void squares_of_part(void *work, int i, int thread) {
    const Work *s = work;
    size_t end = s->net->weights;
    (void)thread;
    if ((size_t)(i + 1) * PART < end) end = (size_t)(i + 1) * PART;
    V sum = zeros();
    for (size_t k = (size_t)i * PART; k < end; k += LANES) {
        V g = get(s->dw + k, end - k < LANES ? (int)(end - k) : LANES);
        sum = mul_add(g, g, sum);
    }
    float lanes[LANES];
    store(lanes, sum);
    double total = 0;
    for (int j = 0; j < LANES; j++) total += lanes[j];
    s->net->sums[i] = total;
}

static void step_part(void *work, int i, int thread) {
    const Work *s = work;
    size_t end = s->net->weights;
    (void)thread;
    if ((size_t)(i + 1) * PART < end) end = (size_t)(i + 1) * PART;
    V clip = all(s->clip);
    for (size_t k = (size_t)i * PART; k < end; k += LANES) {
        int n = end - k < LANES ? (int)(end - k) : LANES;
        float dw[LANES];
        store(dw, mul(get(s->dw + k, n), clip));
        step_block(s->rule, s->w, k, dw, 1, 0, n);
    }
}

/* A step from gradients that are all there, clipped by their norm. */
static void step_clipped(Work *s) {
    const Network *net = s->net;
    int parts = (int)((net->weights + PART - 1) / PART);
    each(net->threads, parts, squares_of_part, s);
    double norm = 0;
    for (int i = 0; i < parts; i++) norm += net->sums[i];
    norm = sqrt(norm);
    /* an infinite or undefined norm makes every gradient undefined, as in Keras */
    s->clip = norm <= s->rule->clip_norm ? 1 : norm < INFINITY ? (float)(s->rule->clip_norm / norm) : NAN;
    each(net->threads, parts, step_part, s);
}

/* Forward, and with targets the loss, of all images; with `training` backward, with a rule a step.
   Returns 0; 1 where the loss is not finite, and the weights are as before. */
static int pass(const Network *net, Batch *batch, const Rule *rule, float *w, float *dw,
                const Bits *const *bits, int training) {
    Work s = {.net = net, .batch = batch, .w = w, .dw = dw, .bits = bits, .training = training};
    int has_loss = batch->targets || batch->labels;
    batch->loss = 0, batch->correct = 0;
    for (s.first = 0; (int64_t)s.first < batch->N; s.first += s.N) {
        int64_t left = batch->N - (int64_t)s.first;
        s.N = left < net->capacity ? (int)left : net->capacity;
        forward(&s);
        if (batch->outputs) each(net->threads, blocks(s.N, IMAGES_OF_TASK), write_outputs, &s);
        if (has_loss) {
            each(net->threads, blocks(s.N, IMAGES_OF_TASK), loss_of_images, &s);
            for (int n = 0; n < s.N; n++) batch->loss += net->sums[n], batch->correct += net->hits[n];
        }
        if (!training) continue;
        if (!(batch->loss - batch->loss == 0)) return 1;
        s.rule = s.N == left && rule && !(rule->clip_norm > 0) ? rule : 0;
        backward(&s);
        s.more = 1;
    }
    if (training && rule && rule->clip_norm > 0) s.rule = rule, step_clipped(&s);
    return 0;
}

const Form FORM = {pass};
