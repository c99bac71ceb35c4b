/* The optimizers' rules, as in scratch/optimizers/: one step of some weights, whose gradients were
   just computed and are still at hand.

   The numbers of a step were worked out in Python, in double, and rounded once: nothing here takes
   a power of them. */

INLINE V square(V dw) {
    V size = larger(dw, sub(zeros(), dw));
    dw = select(above(broadcast(0x1p-50f), size), zeros(), dw);
    return mul(dw, dw);
}

/* mean = beta mean + (1 - beta) x, at mean + i; n lanes. */
INLINE V move_mean(float *mean, size_t i, float beta, float rest, V x, int n) {
    V moved = mul_add(broadcast(beta), get(mean + i, n), mul(broadcast(rest), x));
    moved = settled(moved);
    put(mean + i, moved, n);
    return moved;
}

/* A step of the n <= 16 weights at w + i, with the gradients dw. */
INLINE void step_lanes(const Rule *rule, float *w, size_t i, V dw, int n) {
    V x = get(w + i, n), rate = broadcast(rule->rate), momentum = broadcast(rule->momentum), m, v;
    float *const *slot = rule->slot;
    if (rule->decay != 0) x = sub(x, mul(broadcast(rule->decay), x));
    switch (rule->rule) {
        case SGD: x = sub(x, mul(rate, dw)); break;
        case MOMENTUM: /* v = momentum v - rate dw, w = w + v */
        case NESTEROV: /* w = w + momentum v - rate dw */
            dw = mul(rate, dw);
            v = settled(sub(mul(momentum, get(slot[0] + i, n)), dw));
            put(slot[0] + i, v, n);
            x = add(x, rule->rule == NESTEROV ? sub(mul(momentum, v), dw) : v);
            break;
        case ADAM: /* w = w - rate m / (sqrt(v) + epsilon), with means m of dw and v of dw^2 */
            m = move_mean(slot[0], i, rule->beta_1, rule->rest_1, dw, n);
            v = move_mean(slot[1], i, rule->beta_2, rule->rest_2, square(dw), n);
            m = mul(rate, m);
            x = sub(x, divide(m, add(square_root(v), broadcast(rule->epsilon))));
            break;
        default: /* RMSPROP: w = w - rate dw / sqrt(v + epsilon), less the square of the mean dw */
            v = move_mean(slot[0], i, rule->beta_2, rule->rest_2, square(dw), n);
            if (rule->centered) {
                m = move_mean(slot[2], i, rule->beta_2, rule->rest_2, dw, n);
                v = sub(v, mul(m, m));
            }
            m = divide(mul(rate, dw), square_root(add(v, broadcast(rule->epsilon))));
            if (slot[1]) { /* momentum times the last step, and this one */
                m = settled(mul_add(momentum, get(slot[1] + i, n), m));
                put(slot[1] + i, m, n);
            }
            x = sub(x, m);
    }
    if (rule->averages) {
        V average = x;
        if (rule->averages == 1)
            average = move_mean(rule->average, i, rule->keep, rule->rest, x, n);
        else
            put(rule->average + i, average, n);
        if (rule->overwrites) x = average;
    }
    put(w + i, x, n);
}

INLINE void step_rows(const Rule *rule, float *w, size_t i, const float *dw, int R, int U, int n) {
    for (int r = 0; r < R; r++) step_lanes(rule, w, i + (size_t)r * U, load(dw + r * LANES), n);
}

/* A step of R rows of n <= 16 weights, the first at w + i; rows lie U apart. dw (R, 16). */
static void step_block(const Rule *rule, float *w, size_t i, const float *dw, int R, int U, int n) {
    if (n < LANES) {
        step_rows(rule, w, i, dw, R, U, n);
        return;
    }
    Rule own = *rule;
    switch (rule->rule) { /* a constant lets the compiler leave the other rules out of the loop */
#define LOOP(name) \
    case name: own.rule = name, step_rows(&own, w, i, dw, R, U, LANES); break;
        LOOP(SGD) LOOP(MOMENTUM) LOOP(NESTEROV) LOOP(ADAM) LOOP(RMSPROP)
#undef LOOP
    }
}
