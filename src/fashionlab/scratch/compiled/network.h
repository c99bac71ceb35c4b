/* What a network is here: layers in a row, their weights in one vector, and memory for images.

   Symbols as in scratch/: N images of a batch, B that go through together, D inputs and U units of
   a layer, K classes; H, W, C height, width and channels of an image, R, S height and width of a
   kernel, F filters; (i, j) a position of a convolution's or a pool's output. */
#ifndef NETWORK_H
#define NETWORK_H

#include <stddef.h>
#include <stdint.h>

#include "pool.h"

enum {
    LANES = 16,         /* columns of a panel: floats of a V (lanes.h) */
    DEPTH = 256,        /* rows of W at once: a block that fits the first cache */
    PANELS_OF_TASK = 4, /* of units at most, in a dense layer's forward pass: they share X */
    IMAGES_OF_TASK = 16,
    PART = 4096,        /* weights of a task, where gradients are clipped by their norm */
};

enum Kind { DENSE, CONV, CONV_POOL, POOL, ACTIVATION, DROPOUT };
enum Function { LINEAR, RELU, SIGMOID, TANH, GELU, SOFTMAX };
enum Loss { CROSS_ENTROPY, SPARSE_CROSS_ENTROPY, SQUARED_ERROR };
enum OfOptimizer { SGD, MOMENTUM, NESTEROV, ADAM, RMSPROP };

/* A generator of NumPy, by its interface for C: numpy/random/bitgen.h. */
typedef struct {
    void *state;
    uint64_t (*next_uint64)(void *state);
    uint32_t (*next_uint32)(void *state);
    double (*next_double)(void *state);
    uint64_t (*next_raw)(void *state);
} Bits;

/* A layer as Python describes it; structures.py declares the same. */
typedef struct {
    int32_t kind, function;
    int32_t kernel, bias;        /* where they begin in the vector of weights; -1 for none */
    int32_t inputs, units;       /* D and U; C and F; C and C of a pool */
    int32_t height, width;       /* H and W, of the image that a window moves over */
    int32_t rows, columns;       /* R and S, of the window */
    int32_t down, right;         /* strides */
    int32_t top, left;           /* rows and columns of padding before the image */
    int32_t out_height, out_width;
    int32_t pool_rows, pool_columns, pool_height, pool_width; /* of CONV_POOL: window, outputs */
    float rate;                  /* of DROPOUT */
    int32_t need_dx;             /* whether a layer before has weights */
} Description;

/* The values between two layers, and their gradients: `positions` of `channels` for each image.

   They lie in panels of 16 channels of one position, a row for each image, of which the first B are
   in use: channel c of position p of image n is at [p * P + c / 16][n][c % 16], where P is the
   number of panels of a position. One more panel holds 0: what a window sees around the image. */
typedef struct {
    int positions, channels;
    int panels;    /* of all positions */
    float *a, *da; /* (panels + 1, capacity, 16) */
} Values;

typedef struct {
    Description spec;
    int D;          /* inputs of an output: those of a dense layer, or R S C */
    int32_t *x_at;  /* (positions, D): where they begin in the input's `a` */
    int32_t *dz_at; /* (positions of the input, R S F), or (U,): the same for dX, in `da` */
    float *z;       /* Z, for GELU: (panels, capacity, 16) */
    float *mask;    /* M, of DROPOUT: (panels, capacity, 16) */
    float *packed;  /* W of DENSE in panels of U: (panels, D, 16) */
    float *partial; /* dW and db by row of pools, of CONV_POOL: (rows, panels of F, D + 1, 16) */
} Layer;

typedef struct {
    int layers, threads, instructions;
    int capacity;        /* images that there is memory for: the most that B can be */
    int D;               /* values of an image as it comes */
    float scale, offset; /* x = scale byte + offset */
    int loss, from_logits;
    float smoothing;
    size_t weights;      /* in the vector */
    Layer *layer;
    Values *values;      /* (layers + 1): values[l] are the inputs of layer l */
    float *scratch[MOST_THREADS]; /* what a task needs for itself: library.c, scratch_of */
    double *sums;        /* (capacity,) losses, or (weights / PART,) sums of squares */
    int32_t *hits;       /* (capacity,) whether the class of an image is correct */
} Network;

/* The numbers of an optimizer's step; structures.py declares the same. */
typedef struct {
    int32_t rule, centered;
    int32_t averages;   /* 1 where the weights have a moving average, 2 in its first step */
    int32_t overwrites; /* whether the average replaces the weights after this step */
    float rate, decay;  /* of the weights: weight_decay times rate */
    float momentum;
    float beta_1, rest_1, beta_2, rest_2; /* rest = 1 - beta; beta_2 is RMSprop's rho */
    float epsilon;
    float keep, rest;   /* of the average: ema_momentum, and 1 - ema_momentum */
    float clip_norm;    /* 0 for none */
    float *slot[3];     /* velocity; m, v; or v, momentum, average gradient: each (weights,) */
    float *average;     /* (weights,) */
} Rule;

/* What one call works on; structures.py declares the same. */
typedef struct {
    const uint8_t *bytes;  /* images (N, D), or */
    const float *floats;
    const float *targets;  /* (N, K), or */
    const int32_t *labels; /* (N,), for SPARSE_CROSS_ENTROPY */
    const float *weights;  /* of images, (N,); 0 for ones */
    int64_t N;
    float *outputs;        /* (N, K), of a prediction; 0 for none */
    double loss;           /* the sum over the images */
    int64_t correct;
} Batch;

/* What each instruction set has: run.h. */
typedef struct {
    int (*pass)(const Network *net, Batch *batch, const Rule *rule, float *w, float *dw,
                const Bits *const *bits, int training);
} Passes;

static inline int round_up(int n) { return (n + LANES - 1) / LANES * LANES; }
static inline int blocks(int n, int size) { return (n + size - 1) / size; }
static inline int panels_of(int columns) { return round_up(columns) / LANES; }

/* How many of some columns lie in a panel. */
static inline int columns_in(int columns, int panel) {
    int left = columns - panel * LANES;
    return left < LANES ? left : LANES;
}

/* How many values of an image lie in a panel, and the first of them, as (H, W, C) counts them. */
static inline int values_in(const Values *v, int panel, int *first) {
    int position = panel / panels_of(v->channels), c = panel % panels_of(v->channels);
    *first = position * v->channels + c * LANES;
    return columns_in(v->channels, c);
}

/* Where value k of the first image lies. */
static inline int32_t place_of(const Values *v, int capacity, int k) {
    int position = k / v->channels, c = k % v->channels;
    int panel = position * panels_of(v->channels) + c / LANES;
    return panel * capacity * LANES + c % LANES;
}

/* The pixel, counted row by row, at a place of the window of output position p; -1 for padding. */
static inline int pixel_of(const Description *spec, int p, int place) {
    int row = p / spec->out_width * spec->down - spec->top + place / spec->columns;
    int column = p % spec->out_width * spec->right - spec->left + place % spec->columns;
    int inside = row >= 0 && row < spec->height && column >= 0 && column < spec->width;
    return inside ? row * spec->width + column : -1;
}

#endif
