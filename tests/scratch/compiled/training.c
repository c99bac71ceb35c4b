/* Short trainings from fixed numbers, by the library's entry points: every kind of layer, loss and
   optimizer, and images, units and channels that are no multiples of 16. */

#include "driver.h"

#include "library.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 53, CAPACITY = 32, SIDE = 9, D = SIDE * SIDE, K = 10, STEPS = 4 };

/* A generator of numbers, for dropout and for what is trained on. */
static uint64_t next_64(void *state) {
    uint64_t *s = state;
    return *s = *s * 6364136223846793005u + 1442695040888963407u;
}
static uint32_t next_32(void *state) { return (uint32_t)(next_64(state) >> 32); }
static double next_double(void *state) { return (double)(next_64(state) >> 11) / 9007199254740992.0; }

typedef struct {
    Description layer[8];
    int32_t shape[16];
    int layers, weights;
} Plan;

static Description *append(Plan *plan, Description layer, int positions, int channels, int kernel) {
    Description *made = &plan->layer[plan->layers];
    *made = layer, made->kernel = made->bias = -1;
    made->need_dx = plan->weights > 0;
    plan->shape[2 * plan->layers] = positions, plan->shape[2 * plan->layers + 1] = channels;
    plan->layers++;
    if (kernel) {
        made->kernel = plan->weights, plan->weights += (kernel + 15) / 16 * 16;
        made->bias = plan->weights, plan->weights += (layer.units + 15) / 16 * 16;
    }
    return made;
}

static void dense(Plan *plan, int inputs, int units, int function) {
    append(plan, (Description){.kind = DENSE, .function = function, .inputs = inputs, .units = units},
           1, units, inputs * units);
}

static void softmax(Plan *plan) {
    append(plan, (Description){.kind = ACTIVATION, .function = SOFTMAX, .units = K}, 1, K, 0);
}

/* 784-..-10 in small, with dropout. */
static void perceptron(Plan *plan, int function) {
    dense(plan, D, 37, function);
    append(plan, (Description){.kind = DROPOUT, .units = 37, .rate = 0.25f}, 1, 37, 0);
    dense(plan, 37, 24, function);
    dense(plan, 24, K, LINEAR);
}

/* Two convolutions, the first with its pool, the second padded, with strides, and a pool of its own
   whose windows overlap. */
static void convolutional(Plan *plan) {
    Description first = {.kind = CONV_POOL, .function = RELU, .inputs = 1, .units = 5,
                         .height = SIDE, .width = SIDE, .rows = 2, .columns = 2, .down = 1,
                         .right = 1, .out_height = 8, .out_width = 8, .pool_rows = 2,
                         .pool_columns = 2, .pool_height = 4, .pool_width = 4};
    append(plan, first, 16, 5, 2 * 2 * 5);
    Description second = {.kind = CONV, .function = GELU, .inputs = 5, .units = 19, .height = 4,
                          .width = 4, .rows = 3, .columns = 3, .down = 1, .right = 1, .top = 1,
                          .left = 1, .out_height = 4, .out_width = 4};
    append(plan, second, 16, 19, 3 * 3 * 5 * 19);
    Description pool = {.kind = POOL, .inputs = 19, .units = 19, .height = 4, .width = 4,
                        .rows = 2, .columns = 2, .down = 1, .right = 1, .out_height = 3,
                        .out_width = 3};
    append(plan, pool, 9, 19, 0);
    dense(plan, 9 * 19, K, LINEAR);
}

static uint64_t hash(uint64_t h, const void *of, size_t size) { /* FNV-1a */
    const unsigned char *p = of;
    while (size--) h = (h ^ *p++) * 1099511628211u;
    return h;
}

static float *vector(size_t n) {
    float *p = calloc(n, sizeof *p);
    if (!p) exit(1);
    return p;
}

static uint64_t train(uint64_t h, Plan plan, int instructions, int threads, Rule rule, int loss,
                      int from_logits) {
    uint64_t state = 1, draws[8];
    Bits generator[8];
    const Bits *bits[8] = {0};
    for (int l = 0; l < plan.layers; l++) {
        draws[l] = 2 + (uint64_t)l;
        generator[l] = (Bits){&draws[l], next_64, next_32, next_double, next_64};
        if (plan.layer[l].kind == DROPOUT) bits[l] = &generator[l];
    }
    size_t count = (size_t)plan.weights;
    float *w = vector(count), *dw = vector(count), *slots[4];
    for (size_t i = 0; i < count; i++) w[i] = (float)((next_double(&state) - 0.5) * 0.4);
    for (int i = 0; i < 4; i++) slots[i] = vector(count);
    for (int i = 0; i < 3; i++) rule.slot[i] = slots[i];
    rule.average = slots[3];

    uint8_t *bytes = malloc(N * D); /* of its own, so that a sanitizer sees a read past its end */
    float *targets = vector(N * K), *outputs = vector(N * K), *weights = vector(N);
    int32_t *labels = malloc(N * sizeof *labels);
    if (!bytes || !labels) exit(1);
    for (int i = 0; i < N * D; i++) bytes[i] = (uint8_t)(next_32(&state) >> 24);
    for (int n = 0; n < N; n++) {
        labels[n] = n % K, targets[n * K + n % K] = 1;
        weights[n] = (float)next_double(&state);
    }
    Network *net = fl_new(plan.layer, plan.shape, plan.layers, D, CAPACITY, threads, instructions,
                          1 / 255.0f, -0.1f, loss, from_logits, 0.1f, (int64_t)count);
    if (!net) exit(1);
    int sparse = loss == SPARSE_CROSS_ENTROPY;
    for (int step = 0; step < STEPS; step++) { /* the last has few images, and weights of them */
        int last = step == STEPS - 1;
        Batch batch = {.bytes = bytes, .N = last ? 3 : N, .weights = last ? weights : 0};
        if (sparse) batch.labels = labels;
        else batch.targets = targets;
        if (rule.averages) rule.averages = step ? 1 : 2;
        if (fl_pass(net, &batch, &rule, w, dw, bits, 1)) exit(2);
        h = hash(h, &batch.loss, sizeof batch.loss);
    }
    Batch batch = {.bytes = bytes, .N = N, .outputs = outputs};
    if (fl_pass(net, &batch, 0, w, dw, bits, 0)) exit(3);
    fl_delete(net);
    h = hash(h, w, count * sizeof *w);
    h = hash(h, outputs, N * K * sizeof *outputs);
    for (int i = 0; i < 4; i++) h = hash(h, slots[i], count * sizeof *w), free(slots[i]);
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(w[i]) < 100)) exit(4);
    free(w), free(dw), free(bytes), free(targets), free(outputs), free(weights), free(labels);
    return h;
}

uint64_t trained(int instructions, int threads) {
    const Rule sgd = {.rule = SGD, .rate = 0.1f, .clip_norm = 0.5f};
    const Rule momentum = {.rule = MOMENTUM, .rate = 0.01f, .momentum = 0.9f, .decay = 1e-3f};
    const Rule nesterov = {.rule = NESTEROV, .rate = 0.01f, .momentum = 0.9f};
    const Rule adam = {.rule = ADAM, .rate = 0.001f, .beta_1 = 0.9f, .rest_1 = 0.1f,
                       .beta_2 = 0.999f, .rest_2 = 0.001f,
                       .epsilon = 1e-7f, .averages = 1, .keep = 0.99f, .rest = 0.01f};
    const Rule rmsprop = {.rule = RMSPROP, .centered = 1, .rate = 0.001f, .momentum = 0.5f,
                          .beta_2 = 0.9f, .rest_2 = 0.1f, .epsilon = 1e-7f};
    uint64_t h = 14695981039346656037u;
    const int functions[] = {RELU, SIGMOID, TANH, GELU};
    const Rule rules[] = {momentum, sgd, nesterov, adam};
    for (int i = 0; i < 4; i++) {
        Plan plan = {.layers = 0};
        perceptron(&plan, functions[i]);
        h = train(h, plan, instructions, threads, rules[i], i % 2 ? SPARSE_CROSS_ENTROPY : CROSS_ENTROPY, 1);
    }
    Plan with_softmax = {.layers = 0}, images = {.layers = 0}, squared = {.layers = 0};
    perceptron(&with_softmax, RELU), softmax(&with_softmax);
    h = train(h, with_softmax, instructions, threads, rmsprop, CROSS_ENTROPY, 0);
    convolutional(&images);
    h = train(h, images, instructions, threads, adam, SPARSE_CROSS_ENTROPY, 1);
    perceptron(&squared, SIGMOID);
    return train(h, squared, instructions, threads, sgd, SQUARED_ERROR, 0);
}
