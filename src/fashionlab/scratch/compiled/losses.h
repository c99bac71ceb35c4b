/* The losses, and softmax: what ties the outputs of an image together, as in scratch/losses.py and
   scratch/activations.py. One task is 16 images.

   Of an image, the K outputs are copied into a row of their own, filled up to whole Vs. */

enum { IMAGES_OF_TASK = 16 };
#define EPSILON 1e-7f /* probabilities are kept this far from 0 and 1 before the logarithm */

static void read_row(const Values *v, const float *from, int capacity, int n, float *row) {
    for (int p = 0; p < v->panels; p++) {
        int first, left = columns_of(v, p, &first);
        memcpy(row + first, from + ((size_t)p * capacity + n) * LANES, left * sizeof *row);
    }
}

static void write_row(const Values *v, float *to, int capacity, int n, const float *row) {
    for (int p = 0; p < v->panels; p++) {
        int first, left = columns_of(v, p, &first);
        memcpy(to + ((size_t)p * capacity + n) * LANES, row + first, left * sizeof *row);
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
    V most = all(largest(x, K));
    for (int k = 0; k < K; k += LANES) store(e + k, exponential(sub(load(x + k), most)));
    return sum_of(e, K);
}

/* A_k = exp(Z_k) / sum_j exp(Z_j), in place of Z. */
static void softmax_forward(void *work, int task, int thread) {
    const Work *s = work;
    const Network *net = s->net;
    const Values *v = &net->values[s->l + 1];
    int K = v->positions * v->channels;
    float *z = net->scratch[thread], *e = z + round_up(K);
    for (int n = task * IMAGES_OF_TASK; n < s->N && n < (task + 1) * IMAGES_OF_TASK; n++) {
        read_row(v, v->a, net->capacity, n, z);
        float sum = exponentials(z, e, K);
        for (int k = 0; k < K; k++) e[k] /= sum;
        write_row(v, v->a, net->capacity, n, e);
    }
}

/* dZ_k = A_k dA_k - A_k sum_j A_j dA_j, in place of dA. */
static void softmax_backward(void *work, int task, int thread) {
    const Work *s = work;
    const Network *net = s->net;
    const Values *v = &net->values[s->l + 1];
    int K = v->positions * v->channels;
    float *a = net->scratch[thread], *da = a + round_up(K);
    for (int n = task * IMAGES_OF_TASK; n < s->N && n < (task + 1) * IMAGES_OF_TASK; n++) {
        read_row(v, v->a, net->capacity, n, a);
        read_row(v, v->da, net->capacity, n, da);
        float dot = 0;
        for (int k = 0; k < K; k++) da[k] *= a[k], dot += da[k];
        for (int k = 0; k < K; k++) da[k] -= a[k] * dot;
        write_row(v, v->da, net->capacity, n, da);
    }
}

/* The cross-entropy of one image, -sum_k Y_k log Q_k, and dP in place of P. `scale` is the image's
   weight over the number of images.

   From logits Q = softmax(P), dP_k = scale (Q_k sum_j Y_j - Y_k). Otherwise Q = P / sum P, clipped;
   with dQ_k = -Y_k / Q_k inside the clip, dP_k = scale (dQ_k - sum_j dQ_j Q_j) / sum P. */
static double cross_entropy(float *p, const float *y, float *q, int K, int from_logits, float scale) {
    double value = 0;
    if (from_logits) {
        float most = largest(p, K), sum = exponentials(p, q, K), total = sum_of(y, K);
        double log_sum = logarithm(sum);
        for (int k = 0; k < K; k++) {
            if (y[k] != 0) value -= y[k] * ((double)p[k] - most - log_sum);
            p[k] = (q[k] * total / sum - y[k]) * scale;
        }
        return sum == sum ? value : sum;
    }
    float sum = sum_of(p, K), dot = 0;
    for (int k = 0; k < K; k++) {
        float share = p[k] / sum, clipped = share > EPSILON ? share : EPSILON;
        clipped = clipped < 1 - EPSILON ? clipped : 1 - EPSILON;
        if (share != share) clipped = share;
        if (y[k] != 0) value -= y[k] * logarithm(clipped);
        q[k] = clipped == share ? -y[k] / share : 0;
        dot += q[k] * share;
    }
    for (int k = 0; k < K; k++) p[k] = (q[k] - dot) / sum * scale;
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

/* The loss of some images, whether they are correct, and dP into the outputs' `da`. */
static void loss_of_images(void *work, int task, int thread) {
    const Work *s = work;
    const Network *net = s->net;
    const Batch *batch = s->batch;
    const Values *v = &net->values[net->layers];
    int K = v->positions * v->channels;
    float *p = net->scratch[thread], *y = p + round_up(K), *q = y + round_up(K);
    for (int n = task * IMAGES_OF_TASK; n < s->N && n < (task + 1) * IMAGES_OF_TASK; n++) {
        size_t image = s->first + n;
        float weight = batch->weights ? batch->weights[image] : 1;
        float scale = weight / batch->N;
        read_row(v, s->outputs, net->capacity, n, p);
        int label = net->loss == SPARSE_CROSS_ENTROPY ? batch->labels[image] : 0;
        if (net->loss == SPARSE_CROSS_ENTROPY) {
            for (int k = 0; k < K; k++) y[k] = k == label; /* whatever the label is */
        } else {
            memcpy(y, batch->targets + image * K, K * sizeof *y);
            label = place_of_largest(y, K);
        }
        if (net->smoothing != 0)
            for (int k = 0; k < K; k++) y[k] = y[k] * (1 - net->smoothing) + net->smoothing / K;
        net->hits[n] = place_of_largest(p, K) == label;
        double value = net->loss == SQUARED_ERROR ? squared_error(p, y, K, scale)
                                                  : cross_entropy(p, y, q, K, net->from_logits, scale);
        net->sums[n] = value * weight;
        if (s->training) write_row(v, v->da, net->capacity, n, p);
    }
}

/* The outputs of some images, row by row as NumPy has them. */
static void write_outputs(void *work, int task, int thread) {
    const Work *s = work;
    const Network *net = s->net;
    const Values *v = &net->values[net->layers];
    (void)thread;
    for (int n = task * IMAGES_OF_TASK; n < s->N && n < (task + 1) * IMAGES_OF_TASK; n++)
        read_row(v, s->outputs, net->capacity, n, s->batch->outputs + (s->first + n) * v->positions * v->channels);
}
