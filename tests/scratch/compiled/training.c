/* Short trainings from fixed numbers, by the library's functions: of dense, dropout, convolution and
   pool, with each optimizer, with labels, targets and weights of images, in several micro-batches.

   Every array is as long as the library may assume, for the sanitizers to see what lies beyond. */

#include "driver.h"

#include "library.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_LAYERS = 8, STEPS = 4, CLASSES = 10 };

static uint32_t state; /* of a generator: Numerical Recipes' ranqd1 */

static uint32_t drawn(void *unused) {
    (void)unused;
    return state = state * 1664525u + 1013904223u;
}

static float uniform(void) { return (float)(drawn(0) >> 8) / 16777216.0f - 0.5f; }

static const Bits generator = {.next_uint32 = drawn};

static void *memory(size_t bytes) {
    void *p = calloc(1, bytes);
    if (!p) abort();
    return p;
}

static uint64_t hash(uint64_t h, const void *values, size_t bytes) { /* FNV-1a */
    for (const unsigned char *p = values; bytes--; p++) h = (h ^ *p) * 1099511628211u;
    return h;
}

/* Layers in a row, as program.py describes them. */
typedef struct {
    Description layer[MOST_LAYERS];
    int32_t shape[MOST_LAYERS][2]; /* positions and channels of the outputs */
    const Bits *bits[MOST_LAYERS];
    int count, D, weights;
    int height, width, channels; /* of the values so far */
} Plan;

static Description *add(Plan *p, int kind, int function, int height, int width, int channels) {
    Description *is = &p->layer[p->count];
    *is = (Description){.kind = kind, .function = function, .kernel = -1, .bias = -1,
                        .inputs = p->channels, .units = channels, .height = p->height,
                        .width = p->width, .need_dx = p->weights > 0};
    p->shape[p->count][0] = height * width, p->shape[p->count][1] = channels;
    p->height = height, p->width = width, p->channels = channels, p->count++;
    return is;
}

static void weigh(Plan *p, Description *is, int kernel, int bias) {
    is->kernel = p->weights, p->weights += kernel;
    if (bias) is->bias = p->weights, p->weights += is->units;
}

static void dense(Plan *p, int function, int units, int bias) {
    int inputs = p->height * p->width * p->channels;
    Description *is = add(p, DENSE, function, 1, 1, units);
    is->inputs = inputs;
    weigh(p, is, inputs * units, bias);
}

static void dropout(Plan *p, float rate) {
    p->bits[p->count] = &generator;
    add(p, DROPOUT, LINEAR, p->height, p->width, p->channels)->rate = rate;
}

static void activation(Plan *p, int function) {
    add(p, ACTIVATION, function, p->height, p->width, p->channels);
}

/* A window of rows x columns; `around` pixels on every side. */
static Description *window(Plan *p, int kind, int function, int rows, int columns, int stride, int around,
                           int channels) {
    int height = (p->height + 2 * around - rows) / stride + 1;
    int width = (p->width + 2 * around - columns) / stride + 1;
    Description *is = add(p, kind, function, height, width, channels);
    is->rows = rows, is->columns = columns, is->down = is->right = stride;
    is->top = is->left = around, is->out_height = height, is->out_width = width;
    return is;
}

static void convolution(Plan *p, int function, int rows, int columns, int stride, int around, int filters) {
    Description *is = window(p, CONV, function, rows, columns, stride, around, filters);
    weigh(p, is, rows * columns * is->inputs * filters, 1);
}

static void with_pools(Plan *p, int rows, int columns) { /* the convolution that was added last */
    Description *is = &p->layer[p->count - 1];
    is->kind = CONV_POOL, is->pool_rows = rows, is->pool_columns = columns;
    is->pool_height = p->height = is->out_height / rows;
    is->pool_width = p->width = is->out_width / columns;
    p->shape[p->count - 1][0] = p->height * p->width;
}

static void pool(Plan *p, int size, int stride, int around) {
    window(p, POOL, LINEAR, size, size, stride, around, p->channels);
}

typedef struct {
    int instructions, threads, loss, from_logits, N, capacity, floats;
    Rule rule;
} Options;

/* Trains, evaluates and predicts; adds the bits of all that came of it to the hash. */
static uint64_t network(uint64_t h, const Plan *p, Options o) {
    Network *net = fl_new(p->layer, &p->shape[0][0], p->count, p->D, o.capacity, o.threads, o.instructions,
                          o.floats ? 1 : 1 / 255.0f, -0.25f, o.loss, o.from_logits, 0.1f, p->weights);
    if (!net) abort();
    size_t n = (size_t)p->weights * sizeof(float), values = (size_t)o.N * p->D;
    float *w = memory(n), *dw = memory(n);
    for (int i = 0; i < 3; i++) o.rule.slot[i] = memory(n);
    if (o.rule.averages) o.rule.average = memory(n);
    for (int i = 0; i < p->weights; i++) w[i] = uniform() * 0.5f;
    uint8_t *bytes = memory(values);
    float *floats = memory(values * sizeof *floats), *targets = memory((size_t)o.N * CLASSES * sizeof *targets);
    float *weights = memory(o.N * sizeof *weights), *outputs = memory((size_t)o.N * CLASSES * sizeof *outputs);
    int32_t *labels = memory(o.N * sizeof *labels);
    for (size_t i = 0; i < values; i++) floats[i] = uniform(), bytes[i] = (uint8_t)(drawn(0) >> 24);
    for (int i = 0; i < o.N; i++) labels[i] = i * 7 % CLASSES, weights[i] = uniform() + 1;
    for (int i = 0; i < o.N; i++) targets[i * CLASSES + labels[i]] = 1;
    Batch batch = {.bytes = o.floats ? 0 : bytes, .floats = o.floats ? floats : 0, .weights = weights};
    if (o.loss == SPARSE_CROSS_ENTROPY) batch.labels = labels;
    else batch.targets = targets;
    for (int step = 0; step < STEPS; step++) {
        batch.N = o.N - step;
        if (step) o.rule.averages = o.rule.averages ? 1 : 0;
        if (fl_pass(net, &batch, &o.rule, w, dw, p->bits, 1)) abort();
        h = hash(h, &batch.loss, sizeof batch.loss);
    }
    batch.outputs = outputs, batch.N = o.N;
    if (fl_pass(net, &batch, 0, w, dw, p->bits, 0)) abort();
    h = hash(h, &batch.loss, sizeof batch.loss), h = hash(h, outputs, (size_t)o.N * CLASSES * sizeof *outputs);
    h = hash(h, w, n);
    for (int i = 0; i < 3; i++) h = hash(h, o.rule.slot[i], n), free(o.rule.slot[i]);
    fl_delete(net), free(o.rule.average);
    free(w), free(dw), free(bytes), free(floats), free(targets), free(weights), free(outputs), free(labels);
    return h;
}

static Plan images(int height, int width, int channels) {
    return (Plan){.D = height * width * channels, .height = height, .width = width, .channels = channels};
}

uint64_t trained(int instructions, int threads) {
    const Rule sgd = {.rule = MOMENTUM, .rate = 0.01f, .momentum = 0.9f, .decay = 1e-4f};
    const Rule nesterov = {.rule = NESTEROV, .rate = 0.01f, .momentum = 0.9f, .clip_norm = 0.5f};
    const Rule adam = {.rule = ADAM, .rate = 1e-3f, .beta_1 = 0.9f, .rest_1 = 0.1f, .beta_2 = 0.999f,
                       .rest_2 = 0.001f, .epsilon = 1e-7f};
    const Rule rmsprop = {.rule = RMSPROP, .rate = 1e-3f, .momentum = 0.5f, .beta_2 = 0.9f, .rest_2 = 0.1f,
                          .epsilon = 1e-7f, .centered = 1, .averages = 2, .keep = 0.9f, .rest = 0.1f,
                          .overwrites = 1};
    Options o = {instructions, threads, CROSS_ENTROPY, 1, 53, 53, 0, sgd};
    uint64_t h = 14695981039346656037u;
    state = 1;

    Plan p = images(10, 10, 1); /* no multiples of 16 */
    dense(&p, RELU, 37, 1), dense(&p, SIGMOID, 24, 0), dense(&p, LINEAR, CLASSES, 1);
    h = network(h, &p, o);
    o.rule = adam, o.loss = SPARSE_CROSS_ENTROPY, o.floats = 1;
    h = network(h, &p, o);
    o.N = 150, o.capacity = 64, o.rule = nesterov; /* three micro-batches */
    h = network(h, &p, o);

    p = images(1, 1, 300);
    activation(&p, TANH), dropout(&p, 0.25f), dense(&p, GELU, 33, 1), dropout(&p, 0.5f);
    dense(&p, TANH, 16, 1), dense(&p, LINEAR, CLASSES, 1), activation(&p, SOFTMAX);
    o = (Options){instructions, threads, CROSS_ENTROPY, 0, 53, 60, 0, rmsprop};
    h = network(h, &p, o);

    p = images(9, 11, 2);
    convolution(&p, RELU, 2, 3, 1, 0, 21), with_pools(&p, 2, 2);
    dense(&p, TANH, 20, 1), dense(&p, LINEAR, CLASSES, 1);
    o = (Options){instructions, threads, SPARSE_CROSS_ENTROPY, 1, 40, 17, 0, adam};
    h = network(h, &p, o);

    p = images(9, 8, 3);
    convolution(&p, GELU, 3, 3, 1, 1, 18), pool(&p, 3, 2, 0), dropout(&p, 0.2f);
    convolution(&p, SIGMOID, 2, 2, 1, 1, 5), pool(&p, 2, 1, 0), dense(&p, LINEAR, CLASSES, 1);
    o = (Options){instructions, threads, SQUARED_ERROR, 0, 33, 33, 1, sgd};
    return network(h, &p, o);
}
