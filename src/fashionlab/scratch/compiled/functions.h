/* The activations, as in scratch/activations.py, on rows of a panel.

   A derivative is written from A; GELU's is not a function of A, and takes Z, which is kept. */

INLINE V sigmoid(V z) { return over(all(1), add(all(1), exponential(sub(zeros(), z)))); }

/* The standard normal density of z, and Phi(-|z|) with an error below 7.5e-8: Abramowitz and
   Stegun, 26.2.17. */
INLINE V tail(V z, V *density) {
    V size = larger(z, sub(zeros(), z));
    *density = mul(exponential(mul(mul(z, z), all(-0.5f))), all(0.3989422804f));
    V t = over(all(1), mul_add(size, all(0.2316419f), all(1)));
    V p = all(1.330274429f);
    p = mul_add(p, t, all(-1.821255978f));
    p = mul_add(p, t, all(1.781477937f));
    p = mul_add(p, t, all(-0.356563782f));
    p = mul_add(p, t, all(0.319381530f));
    return mul(mul(p, t), *density);
}

INLINE V function(enum Function f, V z) {
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
INLINE V slope(enum Function f, V a) {
    V density, t;
    switch (f) {
        case RELU: return choose(above(a, zeros()), all(1), zeros());
        case SIGMOID: return mul(a, sub(all(1), a));
        case TANH: return sub(all(1), mul(a, a));
        case GELU: /* Phi(z) + z phi(z), Phi(z) = 1 - Phi(-z) where z > 0 */
            t = tail(a, &density);
            t = choose(above(a, zeros()), sub(all(1), t), t);
            return mul_add(a, density, t);
        default: return all(1);
    }
}

/* Softmax ties the units of an image together: it is in losses.h. */

/* A = f(Z + b) in place of Z, on N rows; Z + b is copied to `kept` where that is not 0. */
static void activate(enum Function f, float *z, V b, float *kept, int N) {
#define LOOP(name)                                          \
    case name:                                              \
        for (int n = 0; n < N; n++, z += LANES) {           \
            V sum = add(load(z), b);                        \
            if (kept) store(kept + n * LANES, sum);         \
            store(z, function(name, sum));                  \
        }                                                   \
        return;
    switch (f) {
        LOOP(RELU) LOOP(SIGMOID) LOOP(TANH) LOOP(GELU)
        default: break;
        LOOP(LINEAR)
    }
#undef LOOP
}

/* dZ = dA f'(Z) in place of dA, on N rows; returns `sum` and dZ of all rows, in their order. `a` is
   A, or Z for GELU. */
static V derive(enum Function f, const float *a, float *da, V sum, int N) {
#define LOOP(name)                                              \
    case name:                                                  \
        for (int n = 0; n < N; n++, a += LANES, da += LANES) {  \
            V dz = mul(load(da), slope(name, load(a)));         \
            store(da, dz);                                      \
            sum = add(sum, dz);                                 \
        }                                                       \
        return sum;
    switch (f) {
        LOOP(RELU) LOOP(SIGMOID) LOOP(TANH) LOOP(GELU)
        default: break;
        LOOP(LINEAR)
    }
#undef LOOP
    return sum;
}
