/* What a network is here: layers in a row, their weights in one vector, and memory for N images.

   Symbols as in scratch/: N images, D inputs and U units of a layer, K classes; H, W, C height,
   width and channels of an image, R, S height and width of a kernel, F filters, t strides. */
#ifndef NETWORK_H
#define NETWORK_H

#include <stddef.h>
#include <stdint.h>

#include "pool.h"

#define LANES 16 /* columns of a panel */

enum {
    DEPTH = 256,        /* values of k at once: a block of W that fits the first cache */
    PANELS_OF_TASK = 4, /* of units at most, in a dense layer's forward pass: they share X */
};

enum Kind { DENSE, CONV, CONV_POOL, POOL, ACTIVATION, DROPOUT };
enum Function { LINEAR, RELU, SIGMOID, TANH, GELU, SOFTMAX };
enum Loss { CROSS_ENTROPY, SPARSE_CROSS_ENTROPY, SQUARED_ERROR };

/* A generator of NumPy, by its interface for C: numpy/random/bitgen.h. */
typedef struct {
    void *state;
    uint64_t (*next_uint64)(void *state);
    uint32_t (*next_uint32)(void *state);
    double (*next_double)(void *state);
    uint64_t (*next_raw)(void *state);
} Bits;

/* A layer as Python describes it; program.py declares the same. */
typedef struct {
    int32_t kind, function;
    int32_t kernel, bias;       /* where they begin in the vector; -1 for none */
    int32_t inputs, units;      /* D and U; C and F; channels of a pool */
    int32_t height, width;      /* of the image a window moves over */
    int32_t rows, columns;      /* of the window */
    int32_t down, right;        /* the strides */
    int32_t top, left;          /* of the padding */
    int32_t out_height, out_width;
    int32_t pool_rows, pool_columns, pool_height, pool_width; /* of CONV_POOL: window, positions */
    float rate;                 /* of dropout */
    int32_t trained;            /* whether dX is needed: a layer before has weights */
} Description;

/* The values between two layers, and their gradients: `positions` of `channels` for each image, in
   panels (products.h); each position begins a panel. One more panel stays 0: what a convolution
   sees around the image. */
typedef struct {
    int positions, channels, panels;
    float *a, *da;
} Values;

typedef struct {
    Description is;
    int D;            /* values that an output is the sum of: D, or R S C */
    int32_t *at;      /* (positions, D): where they begin, from the input's `a` on */
    int32_t *back;    /* (positions of the input, R S F): the same for dX, from `da` on */
    float *z;         /* Z of GELU, panels as the output's */
    float *partial;   /* gradients by row of pools, of CONV_POOL */
    float *mask;      /* of dropout, panels as the output's */
} Layer;

typedef struct {
    int layers, threads, instructions;
    int capacity;         /* images that the memory is for */
    int D;                /* values of an image as it comes */
    float scale, offset;  /* x = scale byte + offset */
    int loss, from_logits;
    float smoothing;
    Layer *layer;
    Values *values;       /* (layers + 1): values[l] is the input of layer l */
    size_t weights;       /* values of the vector */
    float *scratch[MOST_THREADS];
    double *sums;         /* (capacity,) losses, or sums of squares for the norm */
    int32_t *hits;        /* (capacity,) */
} Network;

enum { SGD, MOMENTUM, NESTEROV, ADAM, RMSPROP };


/* The numbers of an optimizer's step (rules.h); program.py declares the same. */
typedef struct {
    int32_t rule, centered;
    int32_t averages;  /* whether there is a moving average of the weights: 1, 2 in the first step */
    int32_t overwrites; /* whether the average replaces the weights after this step */
    float rate, decay; /* decay: weight_decay times rate */
    float momentum, beta_2, epsilon; /* momentum is also beta_1; beta_2 is also rho */
    float keep;      /* of the average, ema_momentum */
    float clip_norm; /* 0 for none */
    float *slot[3];  /* vectors as long as the weights' */
    float *average;
} Rule;

/* What one call works on; program.py declares the same. */
typedef struct {
    const uint8_t *bytes;   /* images (N, D), or */
    const float *floats;
    const float *targets;   /* (N, K) */
    const int32_t *labels;  /* (N,), of SPARSE_CROSS_ENTROPY */
    const float *weights;   /* (N,) of images; 0 for ones */
    int64_t N;
    float *outputs;         /* (N, K), of a prediction; 0 for none */
    double loss;            /* the sum over the images */
    int64_t correct;
} Batch;

/* What each instruction set has: run.h. */
typedef struct {
    int (*pass)(const Network *net, Batch *batch, const Rule *rule, float *w, float *dw,
                const Bits *const *bits, int training);
} Form;

static inline int round_up(int n) { return (n + LANES - 1) / LANES * LANES; }

/* The first of the image's values that a panel holds; returns how many it holds. */
static inline int columns_of(const Values *v, int panel, int *first) {
    int panels = round_up(v->channels) / LANES, c = panel % panels * LANES;
    *first = panel / panels * v->channels + c;
    return v->channels - c < LANES ? v->channels - c : LANES;
}

/* Where value k of an image begins in such panels, for image 0 of `capacity`. */
static inline int32_t place_of(const Values *v, int capacity, int k) {
    int panel = k / v->channels * (round_up(v->channels) / LANES) + k % v->channels / LANES;
    return panel * capacity * LANES + k % v->channels % LANES;
}

#endif
