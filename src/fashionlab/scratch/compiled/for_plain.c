/* The training step for plain (stub). */

#define ISA_PLAIN
#define NAME(name) name##_plain
#include "lanes.h"
#include "products.h"
#include "functions.h"
#include "rules.h"
#include "network.h"
#include "pool.h"
#include "step.h"

void fl_step_plain(const Network *net, const Work *work, int32_t *at);
void fl_step_plain(const Network *net, const Work *work, int32_t *at) {
    NAME(training_step)(net, *work, at);
}
