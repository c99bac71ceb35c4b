/* Networks are made, used for batches, and deleted: library.h. */

#include "library.h"

#include <stdlib.h>
#include <string.h>

extern const Form form_plain, form_neon, form_avx2, form_avx512;

static const Form *form(int instructions) {
    switch (instructions) {
#if defined(__x86_64__)
        case AVX2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &form_avx2 : 0;
        case AVX512:
            return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
                       ? &form_avx512
                       : 0;
#elif defined(__aarch64__)
        case NEON: return &form_neon;
#endif
        case PLAIN: return &form_plain;
        default: return 0;
    }
}

int fl_abi(void) { return 1; }

int fl_supports(int instructions) { return form(instructions) != 0; }

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

void fl_delete(Network *net) {
    if (!net) return;
    for (int l = 0; net->layer && l < net->layers; l++) {
        Layer *y = &net->layer[l];
        release(y->at), release(y->back), release(y->z), release(y->partial), release(y->mask);
    }
    for (int l = 0; net->values && l <= net->layers; l++) {
        int kind = l ? (int)net->layer[l - 1].is.kind : DENSE;
        int shared = l > 1 && (kind == DROPOUT || kind == ACTIVATION);
        release(net->values[l].a);
        if (!shared) release(net->values[l].da);
    }
    for (int i = 0; i < MOST_THREADS; i++) release(net->scratch[i]);
    free(net->layer), free(net->values), free(net->sums), free(net->hits), free(net);
}

static int padded(int height, int width, int row, int column) {
    return row < 0 || row >= height || column < 0 || column >= width;
}

/* Where the inputs of each output begin, (positions, D); what lies around the image is in the panel
   of zeros. Also for dX, where the outputs that an input's window reaches begin. */
static int place_inputs(Network *net, int l) {
    Layer *y = &net->layer[l];
    const Description *is = &y->is;
    const Values *in = &net->values[l], *out = &net->values[l + 1];
    int32_t nothing = in->panels * net->capacity * LANES, none = out->panels * net->capacity * LANES;
    if (is->kind == DENSE) {
        y->D = is->inputs;
        y->at = zeroed(sizeof(int32_t) * (y->D + LANES));
        y->back = zeroed(sizeof(int32_t) * (is->units + LANES));
        if (!y->at || !y->back) return 0;
        for (int d = 0; d < y->D; d++) y->at[d] = place_of(in, net->capacity, d);
        for (int u = 0; u < is->units; u++) y->back[u] = place_of(out, net->capacity, u);
        return 1;
    }
    int C = is->inputs, F = is->units, positions = is->out_height * is->out_width;
    y->D = is->rows * is->columns * C;
    y->at = zeroed(sizeof(int32_t) * ((size_t)positions * y->D + LANES));
    if (!y->at) return 0;
    int32_t *at = y->at;
    for (int p = 0; p < positions; p++)
        for (int rs = 0; rs < is->rows * is->columns; rs++) {
            int row = p / is->out_width * is->down - is->top + rs / is->columns;
            int column = p % is->out_width * is->right - is->left + rs % is->columns;
            int outside = padded(is->height, is->width, row, column);
            for (int c = 0; c < C; c++)
                *at++ = outside ? nothing : place_of(in, net->capacity, (row * is->width + column) * C + c);
        }
    if (is->kind != CONV || !is->trained) return 1;
    y->back = zeroed(sizeof(int32_t) * ((size_t)is->height * is->width * is->rows * is->columns * F + LANES));
    if (!y->back) return 0;
    int32_t *back = y->back;
    for (int pixel = 0; pixel < is->height * is->width; pixel++)
        for (int rs = 0; rs < is->rows * is->columns; rs++) {
            int i = pixel / is->width + is->top - rs / is->columns;
            int k = pixel % is->width + is->left - rs % is->columns;
            int outside = i % is->down || k % is->right ||
                          padded(is->out_height, is->out_width, i / is->down, k / is->right) || i < 0 || k < 0;
            int p = outside ? 0 : i / is->down * is->out_width + k / is->right;
            for (int f = 0; f < F; f++) *back++ = outside ? none : place_of(out, net->capacity, p * F + f);
        }
    return 1;
}

static size_t larger_size(size_t a, size_t b) { return a > b ? a : b; }

/* Floats that a task of a layer needs for itself. */
static size_t scratch_of(const Network *net, int l) {
    const Layer *y = &net->layer[l];
    const Description *is = &y->is;
    size_t outputs = 3 * (size_t)round_up(net->values[l + 1].positions * net->values[l + 1].channels);
    size_t window = (size_t)is->rows * is->columns;
    switch (is->kind) {
        case DENSE: return larger_size(larger_size(DEPTH * PANELS_OF_TASK, is->units) * LANES, outputs);
        case CONV: return larger_size((y->D + window * is->units) * LANES, outputs);
        case CONV_POOL:
            return y->D * LANES + (size_t)is->pool_rows * is->pool_columns * net->capacity * LANES + outputs;
        default: return outputs;
    }
}

/* Memory for layer l, its outputs and their gradients. */
static int make_layer(Network *net, int l, int positions, int channels) {
    Layer *y = &net->layer[l];
    Values *in = &net->values[l], *out = &net->values[l + 1];
    *out = (Values){positions, channels, positions * (round_up(channels) / LANES), 0, 0};
    if ((int64_t)(out->panels + 1) * net->capacity * LANES > INT32_MAX) return 0;
    size_t size = (size_t)(out->panels + 1) * net->capacity * LANES * sizeof(float);
    if (!(out->a = zeroed(size))) return 0;
    int shared = y->is.kind == DROPOUT || y->is.kind == ACTIVATION;
    /* what has no weights turns the gradients of its outputs into those of its inputs in place */
    if (l && shared) out->da = in->da;
    else if (!(out->da = zeroed(size))) return 0;
    if (y->is.function == GELU && !(y->z = zeroed(size))) return 0;
    if (y->is.kind == DROPOUT && !(y->mask = zeroed(size))) return 0;
    if (y->is.kind == DENSE || y->is.kind == CONV || y->is.kind == CONV_POOL) {
        if (!place_inputs(net, l)) return 0;
    }
    size_t partial = (size_t)y->is.pool_height * (round_up(y->is.units) / LANES) * (y->D + 1) * LANES;
    return y->is.kind != CONV_POOL || (y->partial = zeroed(partial * sizeof(float)));
}

Network *fl_new(const Description *layers, const int32_t *shapes, int count, int D, int capacity,
                int threads, int instructions, float scale, float offset, int loss, int from_logits,
                float smoothing, int64_t weights) {
    Network *net = calloc(1, sizeof *net);
    if (!net || !form(instructions)) return free(net), NULL;
    *net = (Network){.layers = count, .threads = threads, .instructions = instructions, .D = D,
                     .capacity = capacity, .scale = scale, .offset = offset, .loss = loss,
                     .from_logits = from_logits, .smoothing = smoothing, .weights = (size_t)weights};
    net->layer = calloc(count, sizeof *net->layer);
    net->values = calloc(count + 1, sizeof *net->values);
    size_t sums = larger_size(capacity, (net->weights + 4095) / 4096), scratch = 0;
    net->sums = calloc(sums, sizeof *net->sums);
    net->hits = calloc(capacity, sizeof *net->hits);
    int fits = net->layer && net->values && net->sums && net->hits;
    if (fits) {
        int panels = round_up(D) / LANES;
        net->values[0] = (Values){1, D, panels, 0, 0};
        fits = (int64_t)(panels + 1) * capacity * LANES <= INT32_MAX;
        net->values[0].a = fits ? zeroed((size_t)(panels + 1) * capacity * LANES * sizeof(float)) : 0;
        fits = fits && net->values[0].a;
    }
    for (int l = 0; fits && l < count; l++) {
        net->layer[l].is = layers[l];
        fits = make_layer(net, l, shapes[2 * l], shapes[2 * l + 1]);
        if (fits) scratch = larger_size(scratch, scratch_of(net, l));
    }
    for (int i = 0; fits && i < threads && i < MOST_THREADS; i++)
        fits = (net->scratch[i] = zeroed(scratch * sizeof(float))) != 0;
    if (fits) return net;
    fl_delete(net);
    return NULL;
}

int fl_pass(const Network *net, Batch *batch, const Rule *rule, float *weights, float *gradients,
            const Bits *const *bits, int training) {
    return form(net->instructions)->pass(net, batch, rule, weights, gradients, bits, training);
}
