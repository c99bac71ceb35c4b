/* All of the passes, for one instruction set: to be read in this order. */

#include "network.h" /* what a network is */

#include "lanes.h"     /* V: sixteen floats */
#include "work.h"      /* what tasks share */
#include "products.h"  /* the matrix products */
#include "functions.h" /* the activations */
#include "rules.h"     /* the optimizers */
#include "losses.h"    /* the losses, and softmax */
#include "gradients.h" /* what becomes of a gradient */

#include "dense.h"            /* Dense */
#include "elementwise.h"      /* Activation, Dropout */
#include "convolution.h"      /* Conv2D */
#include "convolution_pool.h" /* Conv2D and MaxPooling2D in one */
#include "pooling.h"          /* MaxPooling2D */

#include "step.h" /* forward and backward through all layers */
#include "run.h"  /* whole batches */
