/* The optimizers' rules, as in scratch/optimizers/: one step of some weights, whose gradients were
   just computed and are still at hand.

   The numbers of a step were worked out in Python, in double, and rounded once: nothing here takes
   a power of them. */

INLINE V one_minus(float x) { return all(1 - x); }

/* Steps the weight V at w + i; dw is its gradient, n < 16 where a row of weights ends. */
INLINE void step_lanes(const Rule *s, float *w, size_t i, V dw, int n) {
    V x = get(w + i, n), rate = all(s->rate), momentum = all(s->momentum), a, b, root_of;
    if (s->decay != 0) x = sub(x, mul(all(s->decay), x));
    switch (s->rule) {
        case SGD: x = sub(x, mul(rate, dw)); break;
        case MOMENTUM: /* v = m v - rate dw, w = w + v */
        case NESTEROV: /* w = w + m v - rate dw */
            dw = mul(rate, dw);
            a = sub(mul(momentum, get(s->slot[0] + i, n)), dw);
            put(s->slot[0] + i, a, n);
            x = add(x, s->rule == NESTEROV ? sub(mul(momentum, a), dw) : a);
            break;
        case ADAM: /* m = beta_1 m + (1 - beta_1) dw, v = beta_2 v + (1 - beta_2) dw^2 */
            a = mul_add(momentum, get(s->slot[0] + i, n), mul(one_minus(s->momentum), dw));
            b = mul_add(all(s->beta_2), get(s->slot[1] + i, n), mul(one_minus(s->beta_2), mul(dw, dw)));
            put(s->slot[0] + i, a, n), put(s->slot[1] + i, b, n);
            x = sub(x, over(mul(rate, a), add(root(b), all(s->epsilon))));
            break;
        default: /* RMSPROP: v = rho v + (1 - rho) dw^2 */
            b = mul_add(all(s->beta_2), get(s->slot[0] + i, n), mul(one_minus(s->beta_2), mul(dw, dw)));
            put(s->slot[0] + i, b, n);
            if (s->centered) { /* a = rho a + (1 - rho) dw, and v - a^2 in place of v */
                a = mul_add(all(s->beta_2), get(s->slot[2] + i, n), mul(one_minus(s->beta_2), dw));
                put(s->slot[2] + i, a, n);
                b = sub(b, mul(a, a));
            }
            root_of = root(add(b, all(s->epsilon)));
            a = over(mul(rate, dw), root_of);
            if (s->slot[1]) {
                a = mul_add(momentum, get(s->slot[1] + i, n), a);
                put(s->slot[1] + i, a, n);
            }
            x = sub(x, a);
    }
    if (s->averages) {
        V mean = x;
        if (s->averages == 1) mean = mul_add(all(s->keep), get(s->average + i, n), mul(one_minus(s->keep), x));
        put(s->average + i, mean, n);
        if (s->overwrites) x = mean;
    }
    put(w + i, x, n);
}

/* Steps R rows of 16 weights or fewer that lie U apart, from w + i on; dw (R, 16). */
INLINE void step_rows(const Rule *s, float *w, size_t i, const float *dw, int R, int U, int n) {
    for (int r = 0; r < R; r++) step_lanes(s, w, i + (size_t)r * U, load(dw + r * LANES), n);
}

static void step_block(const Rule *s, float *w, size_t i, const float *dw, int R, int U, int n) {
    if (n < LANES) {
        step_rows(s, w, i, dw, R, U, n);
        return;
    }
    switch (s->rule) { /* a loop of its own for each rule */
#define LOOP(name) \
    case name: { Rule own = *s; own.rule = name; step_rows(&own, w, i, dw, R, U, LANES); } break;
        LOOP(SGD) LOOP(MOMENTUM) LOOP(NESTEROV) LOOP(ADAM) LOOP(RMSPROP)
#undef LOOP
    }
}
