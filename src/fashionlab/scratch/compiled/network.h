/* A network of dense layers in a row (draft: convolutions, pools and dropout come next).

   Symbols as in scratch: N images, D values of an input, U units, K classes. */
#ifndef NETWORK_H
#define NETWORK_H
#include <stdint.h>

enum { MOST_LAYERS = 64 };

typedef struct {
    int D, U;              /* inputs and units */
    int function;          /* enum Function */
    float *w, *b;          /* (D, U) in panels, (U,) filled up to panels; b 0 for none */
    float *dw, *db;
    float *m, *v, *ema;    /* slots of w, 0 for none; those of b follow, as b follows w */
    float *turned;         /* Wt (U, D) in panels, for dX */
    float *a, *da;         /* A and dA (N, U) in panels */
    float *kept;           /* Z, for GELU */
} Layer;

typedef struct {
    int layers, rows, threads; /* rows: the images that the buffers hold */
    int D;                 /* values of an image */
    float scale, offset;   /* of a Rescaling: x = scale byte + offset */
    float *x;              /* (N, D) in panels */
    Layer layer[MOST_LAYERS];
} Network;
#endif
