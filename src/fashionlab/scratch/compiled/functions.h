/* The activations, as in scratch/activations.py, on rows of a panel.

   A derivative is written from A; GELU's is not a function of A, and takes Z, which is kept. */

INLINE V sigmoid(V z) {
    return divide(broadcast(1), add(broadcast(1), exponential(sub(zeros(), z))));
}

/* The standard normal density of z, and Phi(-|z|) with an error below 7.5e-8: Abramowitz and
   Stegun, 26.2.17. */
INLINE V tail(V z, V *density) {
    V size = larger(z, sub(zeros(), z));
    *density = mul(exponential(mul(mul(z, z), broadcast(-0.5f))), broadcast(0.3989422804f));
    V t = divide(broadcast(1), mul_add(size, broadcast(0.2316419f), broadcast(1)));
    V p = broadcast(1.330274429f);
    p = mul_add(p, t, broadcast(-1.821255978f));
    p = mul_add(p, t, broadcast(1.781477937f));
    p = mul_add(p, t, broadcast(-0.356563782f));
    p = mul_add(p, t, broadcast(0.319381530f));
    return mul(mul(p, t), *density);
}

INLINE V f_of(enum Function f, V z) {
    V density;
    switch (f) {
        case RELU: return larger(zeros(), z); /* NaN where z is */
        case SIGMOID: return sigmoid(z);
        case TANH: return hyperbolic_tangent(z);
        case GELU: /* z Phi(z) = max(z, 0) - |z| Phi(-|z|) */
            return sub(larger(z, zeros()), mul(larger(z, sub(zeros(), z)), tail(z, &density)));
        default: return z;
    }
}

/* f'(z) from a = f(z), or from z for GELU. */
INLINE V df_of(enum Function f, V a) {
    V density, t;
    switch (f) {
        case RELU: return select(above(a, zeros()), broadcast(1), zeros());
        case SIGMOID: return mul(a, sub(broadcast(1), a));
        case TANH: return sub(broadcast(1), mul(a, a));
        case GELU: /* Phi(z) + z phi(z), Phi(z) = 1 - Phi(-z) where z > 0 */
            t = tail(a, &density);
            t = select(above(a, zeros()), sub(broadcast(1), t), t);
            return mul_add(a, density, t);
        default: return broadcast(1);
    }
}

/* A = f(Z + b) in place of Z, on B rows; Z + b is copied to `kept` where that is not 0. z (B, 16),
   b (16,), kept (B, 16). */
static void activate(enum Function f, float *z, V b, float *kept, int B) {
#define LOOP(name)                                          \
    case name:                                              \
        for (int n = 0; n < B; n++, z += LANES) {           \
            V sum = add(load(z), b);                        \
            if (kept) store(kept + n * LANES, sum);         \
            store(z, f_of(name, sum));                      \
        }                                                   \
        return;
    switch (f) { /* a loop of its own for each; SOFTMAX is in losses.h */
        LOOP(LINEAR) LOOP(RELU) LOOP(SIGMOID) LOOP(TANH) LOOP(GELU)
        case SOFTMAX: return;
    }
#undef LOOP
}

/* dZ = dA f'(Z) in place of dA, on B rows; returns `sum` plus dZ of all rows, in their order.
   a (B, 16) is A, or Z for GELU; da (B, 16). */
static V derive(enum Function f, const float *a, float *da, V sum, int B) {
#define LOOP(name)                                               \
    case name:                                                   \
        for (int n = 0; n < B; n++, a += LANES, da += LANES) {   \
            V dz = settled(mul(load(da), df_of(name, load(a)))); \
            store(da, dz);                                       \
            sum = add(sum, dz);                                  \
        }                                                        \
        return sum;
    switch (f) {
        LOOP(LINEAR) LOOP(RELU) LOOP(SIGMOID) LOOP(TANH) LOOP(GELU)
        case SOFTMAX: break;
    }
#undef LOOP
    return sum;
}
