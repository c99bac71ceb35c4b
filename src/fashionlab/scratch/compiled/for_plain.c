/* The passes in C alone: slow, the same bits. */
#define ISA_PLAIN
#define FORM form_plain
#include "passes.h"
