/* The passes in NEON, which every 64-bit ARM has; empty on other processors. */
#if defined(__aarch64__)
#define ISA_NEON
#define PASSES passes_neon
#include "passes.h"
#endif
