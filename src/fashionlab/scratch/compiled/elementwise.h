/* Activation and Dropout: scratch/layers/dense.py and regularization.py. */

/* A = f(X), or A = X M: one panel. x, a, mask (B, 16). */
static void elementwise_forward(void *context, int panel, int thread) {
    const Work *work = context;
    const Network *net = work->net;
    const Layer *layer = &net->layer[work->l];
    const float *x = panel_of(net, input_of(work, work->l), panel);
    float *a = panel_of(net, net->values[work->l + 1].a, panel);
    (void)thread;
    if (layer->spec.kind == DROPOUT) {
        const float *mask = panel_of(net, layer->mask, panel);
        for (int n = 0; n < work->B * LANES; n += LANES)
            store(a + n, mul(load(x + n), load(mask + n)));
    } else {
        memcpy(a, x, (size_t)work->B * LANES * sizeof *a);
        activate(layer->spec.function, a, zeros(), layer->z ? panel_of(net, layer->z, panel) : 0,
                 work->B);
    }
}

/* M of a dropout: 0, or 1 / (1 - rate), drawn image by image as NumPy's Generator.random does. */
static void draw_mask(const Work *work, int l) {
    const Network *net = work->net;
    const Values *out = &net->values[l + 1];
    const Bits *bits = work->bits[l];
    float rate = net->layer[l].spec.rate, kept = rate < 1 ? (float)(1 / (1 - (double)rate)) : 1;
    for (int n = 0; n < work->B; n++)
        for (int panel = 0; panel < out->panels; panel++) {
            int first, count = values_in(out, panel, &first);
            float *mask = panel_of(net, net->layer[l].mask, panel) + n * LANES;
            for (int i = 0; i < count; i++) {
                float x = (bits->next_uint32(bits->state) >> 8) * (1.0f / 16777216.0f);
                mask[i] = x >= rate ? kept : 0;
            }
        }
}
