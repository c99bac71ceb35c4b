/* Networks are made, used for batches, and deleted: library.h. */

#include "library.h"

#include <stdlib.h>
#include <string.h>

extern const Passes passes_plain, passes_neon, passes_avx2, passes_avx512;

static const Passes *passes(int instructions) {
    switch (instructions) {
#if defined(__x86_64__)
        case AVX2:
            if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 0;
            return &passes_avx2;
        case AVX512:
            if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
                !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
                return 0;
            return &passes_avx512;
#elif defined(__aarch64__)
        case NEON: return &passes_neon;
#endif
        case PLAIN: return &passes_plain;
        default: return 0;
    }
}

int fl_abi(void) { return 1; }

int fl_supports(int instructions) { return passes(instructions) != 0; }

/* Memory that begins at a cache line and holds zeros, or 0. What is never used takes none: calloc
   gets whole pages from the system. Where it begins for `free` stands just before it. */
enum { LINE = 64 };

static void *zeroed(size_t size) {
    char *begin = calloc(1, size + 2 * LINE);
    if (!begin) return 0;
    char *p = begin + LINE + (LINE - (uintptr_t)begin % LINE);
    memcpy(p - sizeof begin, &begin, sizeof begin);
    return p;
}

static void release(void *p) {
    char *begin = 0;
    if (p) memcpy(&begin, (char *)p - sizeof begin, sizeof begin);
    free(begin);
}

/* Whether a layer turns dA of its outputs into that of its inputs in place. */
static int shares_da(const Network *net, int l) {
    return l && (net->layer[l].spec.kind == DROPOUT || net->layer[l].spec.kind == ACTIVATION);
}

void fl_delete(Network *net) {
    if (!net) return;
    for (int l = 0; net->layer && net->values && l < net->layers; l++) {
        Layer *layer = &net->layer[l];
        release(layer->x_at), release(layer->dz_at);
        release(layer->z), release(layer->mask), release(layer->packed), release(layer->partial);
        release(net->values[l + 1].a);
        if (!shares_da(net, l)) release(net->values[l + 1].da);
    }
    if (net->values) release(net->values[0].a);
    for (int i = 0; i < MOST_THREADS; i++) release(net->scratch[i]);
    free(net->layer), free(net->values), free(net->sums), free(net->hits), free(net);
}

/* Room for places, and 16 more, which a product may read ahead. */
static int32_t *places(size_t count) { return zeroed((count + LANES) * sizeof(int32_t)); }

/* Where the inputs of a dense layer begin, and its outputs, for dX. */
static int place_dense(Network *net, int l) {
    Layer *layer = &net->layer[l];
    const Values *in = &net->values[l], *out = &net->values[l + 1];
    layer->D = layer->spec.inputs;
    layer->x_at = places(layer->D);
    layer->dz_at = places(layer->spec.units);
    if (!layer->x_at || !layer->dz_at) return 0;
    for (int d = 0; d < layer->D; d++) layer->x_at[d] = place_of(in, net->capacity, d);
    for (int u = 0; u < layer->spec.units; u++) layer->dz_at[u] = place_of(out, net->capacity, u);
    return 1;
}

/* Where the inputs of each window begin: (positions, R S C). */
static int place_windows(Network *net, int l) {
    Layer *layer = &net->layer[l];
    const Description *spec = &layer->spec;
    const Values *in = &net->values[l];
    int C = spec->inputs, window = spec->rows * spec->columns;
    int positions = spec->out_height * spec->out_width;
    int32_t padding = in->panels * net->capacity * LANES; /* the panel of zeros */
    layer->D = window * C;
    int32_t *at = layer->x_at = places((size_t)positions * layer->D);
    if (!at) return 0;
    for (int p = 0; p < positions; p++)
        for (int q = 0; q < window; q++) {
            int pixel = pixel_of(spec, p, q);
            for (int c = 0; c < C; c++)
                *at++ = pixel < 0 ? padding : place_of(in, net->capacity, pixel * C + c);
        }
    return 1;
}

/* The output position whose window has a pixel at place q; -1 for none. */
static int position_of(const Description *spec, int pixel, int q) {
    int i = pixel / spec->width + spec->top - q / spec->columns;
    int j = pixel % spec->width + spec->left - q % spec->columns;
    if (i < 0 || j < 0 || i % spec->down || j % spec->right) return -1;
    i /= spec->down, j /= spec->right;
    return i < spec->out_height && j < spec->out_width ? i * spec->out_width + j : -1;
}

/* Where the outputs whose windows see an input begin, for dX: (pixels, R S F). */
static int place_outputs(Network *net, int l) {
    Layer *layer = &net->layer[l];
    const Description *spec = &layer->spec;
    const Values *out = &net->values[l + 1];
    int F = spec->units, window = spec->rows * spec->columns, pixels = spec->height * spec->width;
    int32_t padding = out->panels * net->capacity * LANES;
    int32_t *at = layer->dz_at = places((size_t)pixels * window * F);
    if (!at) return 0;
    for (int pixel = 0; pixel < pixels; pixel++)
        for (int q = 0; q < window; q++) {
            int p = position_of(spec, pixel, q);
            for (int f = 0; f < F; f++)
                *at++ = p < 0 ? padding : place_of(out, net->capacity, p * F + f);
        }
    return 1;
}

static int place(Network *net, int l) {
    switch (net->layer[l].spec.kind) {
        case DENSE: return place_dense(net, l);
        case CONV_POOL: return place_windows(net, l);
        case CONV:
            return place_windows(net, l) && (!net->layer[l].spec.need_dx || place_outputs(net, l));
        default: return 1;
    }
}

static size_t larger_size(size_t a, size_t b) { return a > b ? a : b; }

/* Floats that a task of a layer needs for itself. */
static size_t scratch_of(const Network *net, int l) {
    const Layer *layer = &net->layer[l];
    const Description *spec = &layer->spec;
    const Values *out = &net->values[l + 1];
    size_t D = layer->D, F = spec->units, window = (size_t)spec->rows * spec->columns;
    size_t pool = (size_t)spec->pool_rows * spec->pool_columns;
    switch (spec->kind) {
        case DENSE: return larger_size(PANELS_OF_TASK * DEPTH, 2 * F) * LANES;
        case CONV: return larger_size(D, window * F) * LANES;
        case CONV_POOL: return (D + pool * net->capacity) * LANES;
        default: return 2 * (size_t)round_up(out->positions * out->channels); /* of softmax */
    }
}

/* Memory for values of so many positions and channels; `da` apart from those before. */
static int make_values(Values *values, int positions, int channels, int capacity) {
    int64_t panels = (int64_t)positions * panels_of(channels);
    if ((panels + 1) * capacity * LANES > INT32_MAX) return 0; /* what an int32 counts */
    *values = (Values){positions, channels, (int)panels, 0, 0};
    values->a = zeroed((size_t)(panels + 1) * capacity * LANES * sizeof(float));
    return values->a != 0;
}

/* Memory for layer l, its outputs and their gradients. */
static int make_layer(Network *net, int l, int positions, int channels) {
    Layer *layer = &net->layer[l];
    const Description *spec = &layer->spec;
    Values *out = &net->values[l + 1];
    if (!make_values(out, positions, channels, net->capacity)) return 0;
    size_t size = (size_t)(out->panels + 1) * net->capacity * LANES * sizeof(float);
    out->da = shares_da(net, l) ? net->values[l].da : zeroed(size);
    if (!out->da) return 0;
    if (spec->function == GELU && !(layer->z = zeroed(size))) return 0;
    if (spec->kind == DROPOUT && !(layer->mask = zeroed(size))) return 0;
    if (!place(net, l)) return 0;
    size = (size_t)panels_of(spec->units) * layer->D * LANES * sizeof(float);
    if (spec->kind == DENSE && !(layer->packed = zeroed(size))) return 0;
    if (spec->kind != CONV_POOL) return 1;
    size_t rows = (size_t)spec->pool_height * panels_of(spec->units) * (layer->D + 1);
    return (layer->partial = zeroed(rows * LANES * sizeof(float))) != 0;
}

static int make(Network *net, const Description *layers, const int32_t *shapes) {
    size_t parts = (net->weights + PART - 1) / PART, scratch = 0;
    net->layer = calloc(net->layers, sizeof *net->layer);
    net->values = calloc(net->layers + 1, sizeof *net->values);
    net->sums = calloc(larger_size(net->capacity, parts), sizeof *net->sums);
    net->hits = calloc(net->capacity, sizeof *net->hits);
    if (!net->layer || !net->values || !net->sums || !net->hits) return 0;
    for (int l = 0; l < net->layers; l++) net->layer[l].spec = layers[l];
    if (!make_values(&net->values[0], 1, net->D, net->capacity)) return 0;
    for (int l = 0; l < net->layers; l++) {
        if (!make_layer(net, l, shapes[2 * l], shapes[2 * l + 1])) return 0;
        scratch = larger_size(scratch, scratch_of(net, l));
    }
    const Values *out = &net->values[net->layers]; /* P, Y and Q of an image: losses.h */
    scratch = larger_size(scratch, 3 * (size_t)round_up(out->positions * out->channels));
    for (int i = 0; i < net->threads && i < MOST_THREADS; i++)
        if (!(net->scratch[i] = zeroed(scratch * sizeof(float)))) return 0;
    return 1;
}

Network *fl_new(const Description *layers, const int32_t *shapes, int count, int D, int capacity,
                int threads, int instructions, float scale, float offset, int loss, int from_logits,
                float smoothing, int64_t weights) {
    Network *net = passes(instructions) ? calloc(1, sizeof *net) : 0;
    if (!net) return 0;
    *net = (Network){.layers = count, .threads = threads, .instructions = instructions,
                     .capacity = capacity, .D = D, .scale = scale, .offset = offset, .loss = loss,
                     .from_logits = from_logits, .smoothing = smoothing,
                     .weights = (size_t)weights};
    if (make(net, layers, shapes)) return net;
    fl_delete(net);
    return 0;
}

int fl_pass(const Network *net, Batch *batch, const Rule *rule, float *weights, float *gradients,
            const Bits *const *bits, int training) {
    return passes(net->instructions)->pass(net, batch, rule, weights, gradients, bits, training);
}
