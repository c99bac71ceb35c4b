/* A short training from fixed numbers, by the library's entry points (so far: by the draft's). */

#include "driver.h"

#include "library.h"
#include "lanes.h"
#include "products.h"
#include "functions.h"
#include "rules.h"
#include "network.h"
#include "pool.h"
#define NAME(name) name##_unused
#include "step.h"

#include <stdlib.h>

typedef void Stepper(const Network *, const Work *, int32_t *);
Stepper fl_step_plain;
#if defined(__aarch64__)
Stepper fl_step_neon;
#elif defined(__x86_64__)
Stepper fl_step_avx2, fl_step_avx512;
#endif

static Stepper *stepper(int instructions) {
    switch (instructions) {
#if defined(__aarch64__)
        case NEON: return fl_step_neon;
#elif defined(__x86_64__)
        case AVX2: return fl_step_avx2;
        case AVX512: return fl_step_avx512;
#endif
        default: return fl_step_plain;
    }
}

enum { N = 53, D = 100, STEPS = 20 }; /* no multiples of 16 */

static uint32_t state;

static uint32_t drawn(void) { return (state = state * 1664525u + 1013904223u) >> 8; }

static float *zeroed(size_t n) {
    size_t bytes = (n * sizeof(float) + 127) / 64 * 64;
    float *p = aligned_alloc(64, bytes);
    if (!p) exit(1);
    return memset(p, 0, bytes);
}

static uint64_t hash(uint64_t h, const float *w, size_t n) { /* FNV-1a */
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, w + i, sizeof bits);
        h = (h ^ bits) * 1099511628211u;
    }
    return h;
}

static uint64_t network(uint64_t h, int instructions, int threads, Step rule, int function) {
    Network net = {.layers = 3, .threads = threads, .rows = N, .D = D, .scale = 1 / 255.0f};
    const int sizes[] = {D, 37, 24, 10};
    net.x = zeroed((size_t)panels(D) * N * LANES);
    for (int i = 0; i < net.layers; i++) {
        Layer *l = &net.layer[i];
        l->D = sizes[i], l->U = sizes[i + 1];
        l->function = i + 1 < net.layers ? function : LINEAR;
        size_t n = (size_t)panels(l->U) * l->D * LANES, all_ = n + (size_t)panels(l->U) * LANES;
        l->w = zeroed(all_), l->dw = zeroed(all_), l->m = zeroed(all_), l->v = zeroed(all_);
        l->b = l->w + n, l->db = l->dw + n;
        l->turned = zeroed((size_t)panels(l->D) * l->U * LANES);
        l->a = zeroed((size_t)N * panels(l->U) * LANES);
        l->da = zeroed((size_t)N * panels(l->U) * LANES);
        if (function == GELU && i + 1 < net.layers) l->kept = l->a;
        for (int d = 0; d < l->D; d++)
            for (int u = 0; u < l->U; u++)
                l->w[((size_t)(u / LANES) * l->D + d) * LANES + u % LANES] =
                    ((float)drawn() / 16777216.0f - 0.5f) * 0.4f;
    }
    static uint8_t images[N * D];
    static float targets[N * 10];
    static double losses[N];
    static int hits[N];
    static int32_t at[1024];
    memset(targets, 0, sizeof targets);
    for (int i = 0; i < N * D; i++) images[i] = (uint8_t)drawn();
    for (int n = 0; n < N; n++) targets[n * 10 + n % 10] = 1;
    Work work = {.images = images, .targets = targets, .N = N, .losses = losses, .hits = hits,
                 .rule = &rule, .from_logits = 1};
    for (int step = 0; step < STEPS; step++) stepper(instructions)(&net, &work, at);
    for (int i = 0; i < net.layers; i++) {
        Layer *l = &net.layer[i];
        h = hash(h, l->w, (size_t)panels(l->U) * (l->D + 1) * LANES);
        free(l->w), free(l->dw), free(l->m), free(l->v), free(l->turned), free(l->a), free(l->da);
    }
    free(net.x);
    return h;
}

uint64_t trained(int instructions, int threads) {
    (void)training_step_unused; /* only the types of step.h are needed here */
    state = 1;
    uint64_t h = 14695981039346656037u;
    const Step sgd = {SGD, .rate = 0.01f, .momentum = 0.9f, .clip = 1};
    const Step adam = {ADAM, 0.001f, 0.9f, 0.999f, 1e-7f, .clip = 1};
    h = network(h, instructions, threads, sgd, RELU);
    h = network(h, instructions, threads, sgd, SIGMOID);
    h = network(h, instructions, threads, adam, TANH);
    return network(h, instructions, threads, adam, RELU);
}
