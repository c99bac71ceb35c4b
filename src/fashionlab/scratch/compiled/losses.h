/* The losses, and softmax: what ties the outputs of an image together, as in scratch/losses.py and
   scratch/activations.py. One task is 16 images; the K outputs of an image are copied into a row of
   their own, filled up to whole Vs. */

#define EPSILON 1e-7f /* probabilities are kept this far from 0 and 1 before the logarithm */

/* Image n of values (panels, capacity, 16) into a row, or a row into them. */
static void read_row(const Values *v, const float *values, int capacity, int n, float *row) {
    for (int panel = 0; panel < v->panels; panel++) {
        int first, count = values_in(v, panel, &first);
        const float *from = values + ((size_t)panel * capacity + n) * LANES;
        memcpy(row + first, from, count * sizeof *row);
    }
}

static void write_row(const Values *v, float *values, int capacity, int n, const float *row) {
    for (int panel = 0; panel < v->panels; panel++) {
        int first, count = values_in(v, panel, &first);
        memcpy(values + ((size_t)panel * capacity + n) * LANES, row + first, count * sizeof *row);
    }
}

static float largest(const float *x, int K) {
    float most = x[0];
    for (int k = 1; k < K; k++)
        if (x[k] > most || x[k] != x[k]) most = x[k]; /* NaN, if there is one */
    return most;
}

static float sum_of(const float *x, int K) {
    float sum = 0;
    for (int k = 0; k < K; k++) sum += x[k];
    return sum;
}

static int place_of_largest(const float *x, int K) {
    int best = 0;
    for (int k = 1; k < K; k++)
        if (x[k] > x[best]) best = k;
    return best;
}

/* e_k = exp(x_k - max x), and their sum. x and e have room for whole Vs. */
static float exponentials(const float *x, float *e, int K) {
    V most = broadcast(largest(x, K));
    for (int k = 0; k < K; k += LANES) store(e + k, exponential(sub(load(x + k), most)));
    return sum_of(e, K);
}

/* A_k = exp(Z_k) / sum_j exp(Z_j), in place of Z. */
static void softmax_forward(void *context, int task, int thread) {
    const Work *work = context;
    const Network *net = work->net;
    const Values *out = &net->values[work->l + 1];
    int K = out->positions * out->channels, n, end = images_of(work, task, &n);
    float *z = net->scratch[thread], *e = z + round_up(K);
    for (; n < end; n++) {
        read_row(out, out->a, net->capacity, n, z);
        float sum = exponentials(z, e, K);
        for (int k = 0; k < K; k++) e[k] /= sum;
        write_row(out, out->a, net->capacity, n, e);
    }
}

/* dZ_k = A_k dA_k - A_k sum_j A_j dA_j, in place of dA. */
static void softmax_backward(void *context, int task, int thread) {
    const Work *work = context;
    const Network *net = work->net;
    const Values *out = &net->values[work->l + 1];
    int K = out->positions * out->channels, n, end = images_of(work, task, &n);
    float *a = net->scratch[thread], *da = a + round_up(K);
    for (; n < end; n++) {
        read_row(out, out->a, net->capacity, n, a);
        read_row(out, out->da, net->capacity, n, da);
        float dot = 0;
        for (int k = 0; k < K; k++) da[k] *= a[k], dot += da[k];
        for (int k = 0; k < K; k++) da[k] -= a[k] * dot;
        write_row(out, out->da, net->capacity, n, da);
    }
}

/* The cross-entropy of one image from logits, -sum_k Y_k log Q_k with Q = softmax(P), and in place
   of P dP_k = scale (Q_k sum_j Y_j - Y_k), where `scale` is the image's weight over N. p, y (K,),
   and q for Q. */
static double cross_entropy_of_logits(float *p, const float *y, float *q, int K, float scale) {
    float most = largest(p, K), sum = exponentials(p, q, K), total = sum_of(y, K);
    double log_sum = logarithm(sum), value = 0;
    for (int k = 0; k < K; k++) {
        if (y[k] != 0) value -= y[k] * ((double)p[k] - most - log_sum);
        p[k] = (q[k] * total / sum - y[k]) * scale;
    }
    return sum == sum ? value : sum; /* NaN, if there is one */
}

/* The same from probabilities, Q = P / sum P, clipped: with dQ_k = -Y_k / Q_k inside the clip and 0
   outside, dP_k = scale (dQ_k - sum_j dQ_j Q_j) / sum P. dq is for dQ. */
static double cross_entropy(float *p, const float *y, float *dq, int K, float scale) {
    float sum = sum_of(p, K), dot = 0;
    double value = 0;
    for (int k = 0; k < K; k++) {
        float q = p[k] / sum, clipped = q > EPSILON ? q : EPSILON;
        clipped = clipped < 1 - EPSILON ? clipped : 1 - EPSILON;
        if (q != q) clipped = q;
        if (y[k] != 0) value -= y[k] * logarithm(clipped);
        dq[k] = clipped == q ? -y[k] / q : 0;
        dot += dq[k] * q;
    }
    for (int k = 0; k < K; k++) p[k] = (dq[k] - dot) / sum * scale;
    return value;
}

/* values_n = mean_k (P_k - Y_k)^2, dP_k = 2 scale (P_k - Y_k) / K. */
static double squared_error(float *p, const float *y, int K, float scale) {
    double sum = 0;
    for (int k = 0; k < K; k++) {
        float difference = p[k] - y[k];
        sum += (double)difference * difference;
        p[k] = difference * (scale * 2 / K);
    }
    return sum / K;
}

/* The targets of an image, and its label. */
static int read_targets(const Work *work, size_t image, int K, float *y) {
    const Network *net = work->net;
    int label;
    if (net->loss == SPARSE_CROSS_ENTROPY) {
        label = work->batch->labels[image];
        for (int k = 0; k < K; k++) y[k] = k == label; /* whatever the label is */
    } else {
        memcpy(y, work->batch->targets + image * K, K * sizeof *y);
        label = place_of_largest(y, K);
    }
    if (net->smoothing != 0)
        for (int k = 0; k < K; k++) y[k] = y[k] * (1 - net->smoothing) + net->smoothing / K;
    return label;
}

/* The loss of some images, whether they are correct, and dP into the outputs' `da`. */
static void loss_of_images(void *context, int task, int thread) {
    const Work *work = context;
    const Network *net = work->net;
    const Values *out = &net->values[net->layers];
    int K = out->positions * out->channels, n, end = images_of(work, task, &n);
    float *p = net->scratch[thread], *y = p + round_up(K), *q = y + round_up(K);
    for (; n < end; n++) {
        size_t image = work->first + n;
        float weight = work->batch->weights ? work->batch->weights[image] : 1;
        float scale = weight / work->batch->N;
        read_row(out, work->outputs, net->capacity, n, p);
        int label = read_targets(work, image, K, y);
        net->hits[n] = place_of_largest(p, K) == label;
        double value = net->loss == SQUARED_ERROR ? squared_error(p, y, K, scale)
                       : net->from_logits         ? cross_entropy_of_logits(p, y, q, K, scale)
                                                  : cross_entropy(p, y, q, K, scale);
        net->sums[n] = value * weight;
        if (work->training) write_row(out, out->da, net->capacity, n, p);
    }
}

/* The outputs of some images, row by row as NumPy has them. */
static void write_outputs(void *context, int task, int thread) {
    const Work *work = context;
    const Values *out = &work->net->values[work->net->layers];
    int K = out->positions * out->channels, n, end = images_of(work, task, &n);
    (void)thread;
    for (; n < end; n++)
        read_row(out, work->outputs, work->net->capacity, n,
                 work->batch->outputs + (work->first + n) * K);
}
