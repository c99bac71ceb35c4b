/* The optimizers' rules, on n Vs of weights; see scratch/optimizers. The scalars were worked out in
   Python, in double, and rounded once: nothing here takes a power or a root of them. */

typedef struct {
    enum Rule { SGD, NESTEROV, ADAM, RMSPROP } rule;
    float rate, momentum, beta_2, epsilon, decay, clip, average; /* decay: weight_decay x rate */
} Step;

/* w, dw and the slots m, v, ema of as many; a slot that the rule has not is never read. */
static void update(const Step *s, float *w, const float *dw, float *m, float *v, float *ema, int n) {
    V rate = all(s->rate), momentum = all(s->momentum), beta_2 = all(s->beta_2);
    V rest = all(1 - s->momentum), rest_2 = all(1 - s->beta_2), epsilon = all(s->epsilon);
    for (int i = 0; i < n * LANES; i += LANES) {
        V g = mul(load(dw + i), all(s->clip)), x = load(w + i);
        x = mul_add(x, all(-s->decay), x);
        V a, b;
        switch (s->rule) {
            case SGD:
                a = m ? mul_add(momentum, load(m + i), mul(g, sub(zeros(), rate))) : mul(g, sub(zeros(), rate));
                if (m) store(m + i, a);
                x = add(x, a);
                break;
            case NESTEROV:
                g = mul(g, sub(zeros(), rate));
                a = mul_add(momentum, load(m + i), g);
                store(m + i, a);
                x = add(x, mul_add(momentum, a, g));
                break;
            case ADAM:
                a = mul_add(momentum, load(m + i), mul(rest, g));
                b = mul_add(beta_2, load(v + i), mul(rest_2, mul(g, g)));
                store(m + i, a), store(v + i, b);
                x = sub(x, over(mul(rate, a), add(root(b), epsilon)));
                break;
            default: break;
        }
        store(w + i, x);
        if (ema) store(ema + i, mul_add(all(s->average), sub(load(ema + i), x), x));
    }
}
