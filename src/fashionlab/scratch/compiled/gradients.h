/* What becomes of a gradient: a step of its weights right away, or it is kept. */

/* A block of dW, of R rows of n <= 16 at w + i, has been computed: dw (R, 16). Rows lie U apart. */
static void step_or_keep(const Work *work, size_t i, const float *dw, int R, int U, int n) {
    if (work->rule)
        step_block(work->rule, work->w, i, dw, R, U, n);
    else
        for (int r = 0; r < R; r++) put(work->dw + i + (size_t)r * U, load(dw + r * LANES), n);
}

/* What a block of dW begins with: what earlier images gave, if there are any. */
static void load_gradient(const Work *work, size_t i, float *dw, int R, int U, int n) {
    if (work->adds)
        for (int r = 0; r < R; r++) store(dw + r * LANES, get(work->dw + i + (size_t)r * U, n));
}

/* Asks for the weights and slots of a block, which are used after the product of its gradient. */
static void fetch_block(const Work *work, size_t i, int R, int U) {
    if (!work->rule) return;
    for (int r = 0; r < R; r++, i += U) {
        __builtin_prefetch(work->w + i, 1);
        for (int k = 0; k < 3; k++)
            if (work->rule->slot[k]) __builtin_prefetch(work->rule->slot[k] + i, 1);
    }
}

/* db of a panel of units: `sum` is that of dZ over all images. */
static void use_bias_gradient(const Work *work, const Description *spec, int panel, V sum) {
    float db[LANES];
    if (spec->bias < 0) return;
    store(db, sum);
    size_t i = (size_t)spec->bias + panel * LANES;
    step_or_keep(work, i, db, 1, 0, columns_in(spec->units, panel));
}

/* What db begins with. */
static V load_bias_gradient(const Work *work, const Description *spec, int panel) {
    if (!work->adds || spec->bias < 0) return zeros();
    return get(work->dw + spec->bias + panel * LANES, columns_in(spec->units, panel));
}

/* dA of a panel of layer l's outputs has come: dZ in its place, and db. A layer without weights
   passes it on to the layer before, whose outputs have the same `da`. */
static void derive_panel(const Work *work, int l, int panel) {
    const Network *net = work->net;
    const Layer *layer = &net->layer[l];
    const Description *spec = &layer->spec;
    const Values *out = &net->values[l + 1];
    float *da = panel_of(net, out->da, panel);
    const float *a = panel_of(net, layer->z ? layer->z : out->a, panel);
    switch (spec->kind) {
        case DENSE: {
            V sum = load_bias_gradient(work, spec, panel);
            sum = derive(spec->function, a, da, sum, work->B);
            use_bias_gradient(work, spec, panel, sum);
            break;
        }
        case ACTIVATION:
            if (spec->function == SOFTMAX) break; /* its own round comes: step.h */
            derive(spec->function, a, da, zeros(), work->B);
            if (l) derive_panel(work, l - 1, panel);
            break;
        case DROPOUT: {
            const float *mask = panel_of(net, layer->mask, panel);
            for (int n = 0; n < work->B * LANES; n += LANES)
                store(da + n, mul(load(da + n), load(mask + n)));
            if (l) derive_panel(work, l - 1, panel);
            break;
        }
        default: break; /* a convolution and a pool have rounds of their own */
    }
}
