/* The passes in C alone: slow, the same bits. */
#define ISA_PLAIN
#define PASSES passes_plain
#include "passes.h"
