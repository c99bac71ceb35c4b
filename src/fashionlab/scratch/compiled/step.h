/* A training step of a network: forward, loss, backward, optimizer. */

static inline int panels(int columns) { return (columns + LANES - 1) / LANES; }

typedef struct { /* what the tasks of a step read */
    const Network *net;
    const uint8_t *images; /* (N, D); or floats */
    const float *floats;
    const float *targets;  /* (N, K) */
    const float *scale;    /* (N,), weight / N of an image; 0 for 1 / N */
    int N, more, l, from_logits;
    float smoothing;
    double *losses;        /* (N,) */
    int *hits;
    const Step *rule;      /* 0: gradients alone */
    const int32_t *at;
} Work;

/* Panel i of X from the images, converted while it is packed. */
static void pack(void *of, int i) {
    const Work *s = of;
    int D = s->net->D, left = D - i * LANES < LANES ? D - i * LANES : LANES;
    float *x = s->net->x + (size_t)i * s->net->rows * LANES, scale = s->net->scale, offset = s->net->offset;
    for (int n = 0; n < s->N; n++, x += LANES) {
        size_t from = (size_t)n * D + i * LANES;
        if (s->images) for (int q = 0; q < left; q++) x[q] = s->images[from + q] * scale + offset;
        else for (int q = 0; q < left; q++) x[q] = s->floats[from + q] * scale + offset;
    }
}

static const float *input(const Network *net, int l) { return l ? net->layer[l - 1].a : net->x; }

/* Rows of a task: small batches have fewer panels than threads want tasks. */
enum { ROWS_OF_TASK = 64 };

static void forward(void *of, int task) {
    const Work *s = of;
    const Layer *l = &s->net->layer[s->l];
    int j = task % panels(l->U), row = task / panels(l->U) * ROWS_OF_TASK;
    int left = s->N - row < ROWS_OF_TASK ? s->N - row : ROWS_OF_TASK;
    float *a = l->a + (size_t)j * s->net->rows * LANES;
    product(input(s->net, s->l), s->at, l->w + (size_t)j * l->D * LANES, l->D, a, row, left, 0);
    activate((enum Function)l->function, a + row * LANES, l->b ? load(l->b + j * LANES) : zeros(), left);
}

/* The loss of image n, and dP in place of its outputs P, from logits: dP_k = scale (Q_k sum Y - Y_k). */
static void cross_entropy(void *of, int block) {
    const Work *s = of;
    const Layer *l = &s->net->layer[s->net->layers - 1];
    int K = l->U, last = (block + 1) * LANES < s->N ? (block + 1) * LANES : s->N;
    for (int n = block * LANES; n < last; n++) {
        float *p[64], *dp[64], most = -INFINITY, sum = 0, total = 0, top = -INFINITY;
        int best = 0, label = 0;
        double dot = 0;
        const float *y = s->targets + (size_t)n * K;
        float each_ = s->scale ? s->scale[n] : 1.0f / s->N;
        for (int k = 0; k < K; k++) {
            size_t at = (size_t)(k / LANES) * s->net->rows * LANES + (size_t)n * LANES + k % LANES;
            p[k] = l->a + at, dp[k] = l->da + at;
            if (*p[k] > most) most = *p[k], best = k;
            if (y[k] > top) top = y[k], label = k;
        }
        for (int k = 0; k < K; k += LANES) {
            float e[LANES] = {0};
            for (int q = 0; q < LANES && k + q < K; q++) e[q] = *p[k + q] - most;
            store(e, exponential(load(e)));
            for (int q = 0; q < LANES && k + q < K; q++) *dp[k + q] = e[q], sum += e[q];
        }
        double log_sum = logarithm(sum);
        for (int k = 0; k < K; k++) {
            float target = y[k] * (1 - s->smoothing) + s->smoothing / K;
            total += target;
            dot += target * ((double)*p[k] - most - log_sum);
        }
        for (int k = 0; k < K; k++) {
            float target = y[k] * (1 - s->smoothing) + s->smoothing / K;
            *dp[k] = *dp[k] / sum * (total * each_) - target * each_;
        }
        s->losses[n] = -dot, s->hits[n] = best == label;
    }
}

/* dZ of a panel from its dA, and db. */
static void derive_panel(const Network *net, const Layer *l, int j, int N, int more) {
    size_t at = (size_t)j * net->rows * LANES;
    V sum = derive((enum Function)l->function, (l->kept ? l->kept : l->a) + at, l->da + at, N);
    if (l->db) store(l->db + j * LANES, more ? add(load(l->db + j * LANES), sum) : sum);
}

static void derive_last(void *of, int j) {
    const Work *s = of;
    derive_panel(s->net, &s->net->layer[s->net->layers - 1], j, s->N, s->more);
}

/* Wt: 16 inputs of all units. */
static void turn(void *of, int i) {
    const Work *s = of;
    const Layer *l = &s->net->layer[s->l];
    int left = l->D - i * LANES < LANES ? l->D - i * LANES : LANES;
    float *to = l->turned + (size_t)i * l->U * LANES;
    for (int u = 0; u < l->U; u++)
        for (int q = 0; q < left; q++)
            to[u * LANES + q] = l->w[(size_t)(u / LANES) * l->D * LANES + (i * LANES + q) * LANES + u % LANES];
}

/* Panel i of dX = dZ Wt, which is dA of the layer before; then its dZ. */
static void backward(void *of, int i) {
    const Work *s = of;
    const Layer *l = &s->net->layer[s->l], *before = l - 1;
    float *dx = before->da + (size_t)i * s->net->rows * LANES;
    product(l->da, s->at, l->turned + (size_t)i * l->U * LANES, l->U, dx, 0, s->N, 0);
    derive_panel(s->net, before, i, s->N, s->more);
}

/* Some of dW = Xt dZ, and the optimizer's step of these weights. */
enum { INPUTS_OF_TASK = 8 }; /* panels of inputs */

static void gradient(void *of, int task) {
    const Work *s = of;
    const Layer *l = &s->net->layer[s->l];
    int blocks = (panels(l->D) + INPUTS_OF_TASK - 1) / INPUTS_OF_TASK;
    int j = task / blocks, first = task % blocks * INPUTS_OF_TASK;
    const float *dz = l->da + (size_t)j * s->net->rows * LANES, *x = input(s->net, s->l);
    for (int i = first; i < first + INPUTS_OF_TASK && i < panels(l->D); i++) {
        int left = l->D - i * LANES < LANES ? l->D - i * LANES : LANES;
        size_t at = (size_t)j * l->D * LANES + i * LANES * LANES;
        product_of_turned(x + (size_t)i * s->net->rows * LANES, dz, s->N, l->dw + at, left, s->more);
#define SLOT(p) (l->p ? l->p + at : 0)
        if (s->rule) update(s->rule, l->w + at, l->dw + at, SLOT(m), SLOT(v), SLOT(ema), left);
    }
}

static void bias(const Work *s, const Layer *l) {
    size_t at = (size_t)panels(l->U) * l->D * LANES;
    if (l->b) update(s->rule, l->b, l->db, SLOT(m), SLOT(v), SLOT(ema), panels(l->U));
}

static void table(int32_t *at, int K, int rows) {
    for (int k = 0; k < K; k++) at[k] = k / LANES * LANES * rows + k % LANES;
}

static void NAME(training_step)(const Network *net, Work s, int32_t *at) {
    int threads = net->threads;
    s.net = net, s.at = at;
    each(threads, panels(net->D), pack, &s);
    for (s.l = 0; s.l < net->layers; s.l++) {
        const Layer *l = &net->layer[s.l];
        table(at, l->D, net->rows);
        each(threads, panels(l->U) * ((s.N + ROWS_OF_TASK - 1) / ROWS_OF_TASK), forward, &s);
    }
    const Layer *last = &net->layer[net->layers - 1];
    each(threads, (s.N + LANES - 1) / LANES, cross_entropy, &s);
    each(threads, panels(last->U), derive_last, &s);
    for (s.l = net->layers - 1; s.l >= 0; s.l--) {
        const Layer *l = &net->layer[s.l];
        if (s.l) {
            table(at, l->U, net->rows);
            each(threads, panels(l->D), turn, &s);
            each(threads, panels(l->D), backward, &s);
        }
        int blocks = (panels(l->D) + INPUTS_OF_TASK - 1) / INPUTS_OF_TASK;
        each(threads, panels(l->U) * blocks, gradient, &s);
        if (s.rule) bias(&s, l);
    }
}
