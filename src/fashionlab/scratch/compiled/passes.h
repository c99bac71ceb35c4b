/* All of the passes, for one instruction set: to be read in this order. */

#include "network.h" /* what a network is */

#include "lanes.h"     /* V: sixteen floats */
#include "products.h"  /* the matrix products */
#include "functions.h" /* the activations */
#include "rules.h"     /* the optimizers */
#include "work.h"      /* what a pass reads */
#include "losses.h"    /* the losses, and softmax */
#include "layers.h"    /* the layers */
#include "step.h"      /* forward and backward */
#include "run.h"       /* whole batches */
