/* Conv2D: scratch/layers/convolution.py. It is a dense layer at each position (i, j) of its output,
   whose D = R S C inputs, the window, lie where the layer's table says. W (R S C, F). */

/* A row of output positions, of one panel of filters. x (panels, B, 16), a (B, 16) each. */
static void conv_forward(void *context, int task, int thread) {
    const Work *work = context;
    const Network *net = work->net;
    const Layer *layer = &net->layer[work->l];
    const Description *spec = &layer->spec;
    int panels = panels_of(spec->units), j = task % panels, row = task / panels;
    float *w = net->scratch[thread]; /* (D, 16) */
    V bias = bias_of(spec, work->w, j);
    pack(work->w + spec->kernel, spec->units, 0, layer->D, j, j + 1, w);
    for (int p = row * spec->out_width; p < (row + 1) * spec->out_width; p++) {
        float *a = panel_of(net, net->values[work->l + 1].a, p * panels + j);
        float *z = layer->z ? panel_of(net, layer->z, p * panels + j) : 0;
        const int32_t *window = layer->x_at + (size_t)p * layer->D;
        product(input_of(work, work->l), window, w, layer->D, a, work->B, 0);
        activate(spec->function, a, bias, z, work->B);
    }
}

/* dZ of all positions, and db: one panel of filters. */
static void conv_derive(void *context, int j, int thread) {
    const Work *work = context;
    const Network *net = work->net;
    const Layer *layer = &net->layer[work->l];
    const Values *out = &net->values[work->l + 1];
    V sum = load_bias_gradient(work, &layer->spec, j);
    (void)thread;
    for (int p = 0; p < out->positions; p++) {
        int panel = p * panels_of(layer->spec.units) + j;
        const float *a = panel_of(net, layer->z ? layer->z : out->a, panel);
        sum = derive(layer->spec.function, a, panel_of(net, out->da, panel), sum, work->B);
    }
    use_bias_gradient(work, &layer->spec, j, sum);
}

/* dX of 16 channels at a position of the input: the sum over the windows that see it, in the order
   (r, s, f). dz (panels, B, 16), dx (B, 16). */
static void conv_backward(void *context, int panel, int thread) {
    const Work *work = context;
    const Network *net = work->net;
    const Layer *layer = &net->layer[work->l];
    const Description *spec = &layer->spec;
    int F = spec->units, C = spec->inputs, window = spec->rows * spec->columns;
    int position = panel / panels_of(C), c = panel % panels_of(C);
    float *wt = net->scratch[thread]; /* (R S F, 16) */
    for (int rs = 0; rs < window; rs++) {
        const float *w = work->w + spec->kernel + ((size_t)rs * C + c * LANES) * F;
        turn(w, F, columns_in(C, c), wt + (size_t)rs * F * LANES);
    }
    product(net->values[work->l + 1].da, layer->dz_at + (size_t)position * window * F, wt,
            window * F, panel_of(net, net->values[work->l].da, panel), work->B, 0);
    derive_panel(work, work->l - 1, panel);
}

static int lie_side_by_side(const int32_t *x_at, int count) {
    for (int r = 1; r < count; r++)
        if (x_at[r] != x_at[0] + r) return 0;
    return 1;
}

/* dW, of 16 values of a window and all filters: one chain over positions, and images at each. */
static void conv_gradient(void *context, int task, int thread) {
    const Work *work = context;
    const Network *net = work->net;
    const Layer *layer = &net->layer[work->l];
    const Values *out = &net->values[work->l + 1];
    int F = layer->spec.units, panels = panels_of(F), R = columns_in(layer->D, task);
    const float *x = input_of(work, work->l);
    float dw[LANES * LANES];
    (void)thread;
    for (int j = 0; j < panels; j++) {
        size_t i = layer->spec.kernel + (size_t)task * LANES * F + j * LANES;
        load_gradient(work, i, dw, R, F, columns_in(F, j));
        for (int p = 0; p < out->positions; p++) {
            const int32_t *x_at = layer->x_at + (size_t)p * layer->D + task * LANES;
            const float *dz = panel_of(net, out->da, p * panels + j);
            if (lie_side_by_side(x_at, R))
                product_turned(x + x_at[0], dz, work->B, dw, R, work->adds || p);
            else
                product_apart(x, x_at, dz, work->B, dw, R, work->adds || p);
        }
        step_or_keep(work, i, dw, R, F, columns_in(F, j));
    }
}
