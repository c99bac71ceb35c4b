/* A convolution and the maximum of its pools in one pass, where the pools do not overlap, nothing
   before the convolution is trained, and f never falls: max f(Z + b) = f(max Z + b). The outputs of
   the convolution never go to memory; backward computes them again. */

/* The convolution's output position at place q of the window of a pool. */
static int position_in_pool(const Description *spec, int pool, int q) {
    int row = pool / spec->pool_width * spec->pool_rows + q / spec->pool_columns;
    int column = pool % spec->pool_width * spec->pool_columns + q % spec->pool_columns;
    return row * spec->out_width + column;
}

/* Z, without the bias, of all outputs in the window of a pool. w (D, 16),
   z (window, capacity, 16). */
static void outputs_in_pool(const Work *work, const Layer *layer, int pool, const float *w,
                            float *z) {
    for (int q = 0; q < layer->spec.pool_rows * layer->spec.pool_columns; q++) {
        size_t p = position_in_pool(&layer->spec, pool, q);
        product(input_of(work, work->l), layer->x_at + p * layer->D, w, layer->D,
                panel_of(work->net, z, q), work->B, 0);
    }
}

/* A of a row of pools, of one panel of filters. */
static void conv_pool_forward(void *context, int task, int thread) {
    const Work *work = context;
    const Network *net = work->net;
    const Layer *layer = &net->layer[work->l];
    const Description *spec = &layer->spec;
    int panels = panels_of(spec->units), j = task % panels, row = task / panels;
    int window = spec->pool_rows * spec->pool_columns;
    float *w = net->scratch[thread], *z = w + (size_t)layer->D * LANES; /* (D, 16), then Z */
    V bias = bias_of(spec, work->w, j);
    pack(work->w + spec->kernel, spec->units, 0, layer->D, j, j + 1, w);
    for (int pool = row * spec->pool_width; pool < (row + 1) * spec->pool_width; pool++) {
        float *a = panel_of(net, net->values[work->l + 1].a, pool * panels + j);
        outputs_in_pool(work, layer, pool, w, z);
        for (int n = 0; n < work->B * LANES; n += LANES) {
            V most = load(z + n);
            for (int q = 1; q < window; q++) most = larger(load(panel_of(net, z, q) + n), most);
            store(a + n, most);
        }
        activate(spec->function, a, bias, 0, work->B);
    }
}

/* dZ in place of Z: that of a pool at the first of the largest outputs, 0 at the others. */
static void give_to_largest(const Work *work, int window, const float *dz_of_pool, float *z) {
    for (int n = 0; n < work->B * LANES; n += LANES) {
        V most = load(z + n), rest = load(dz_of_pool + n);
        for (int q = 1; q < window; q++) most = larger(load(panel_of(work->net, z, q) + n), most);
        for (int q = 0; q < window; q++) {
            float *output = panel_of(work->net, z, q) + n;
            Mask smaller_one = above(most, load(output));
            store(output, select(smaller_one, zeros(), rest));
            rest = select(smaller_one, rest, zeros());
        }
    }
}

/* Of a row of pools and a panel of filters, dW and db, into the layer's `partial`: (D + 1, 16). */
static void conv_pool_backward(void *context, int task, int thread) {
    const Work *work = context;
    const Network *net = work->net;
    const Layer *layer = &net->layer[work->l];
    const Description *spec = &layer->spec;
    const Values *out = &net->values[work->l + 1];
    int panels = panels_of(spec->units), j = task % panels, row = task / panels, D = layer->D;
    int window = spec->pool_rows * spec->pool_columns;
    float *w = net->scratch[thread], *z = w + (size_t)D * LANES; /* (D, 16), then Z */
    float *dw = layer->partial + (size_t)task * (D + 1) * LANES;
    V db = zeros();
    memset(dw, 0, (size_t)D * LANES * sizeof *dw);
    pack(work->w + spec->kernel, spec->units, 0, D, j, j + 1, w);
    for (int pool = row * spec->pool_width; pool < (row + 1) * spec->pool_width; pool++) {
        float *da = panel_of(net, out->da, pool * panels + j);
        db = derive(spec->function, panel_of(net, out->a, pool * panels + j), da, db, work->B);
        outputs_in_pool(work, layer, pool, w, z);
        give_to_largest(work, window, da, z);
        for (int q = 0; q < window; q++) {
            const int32_t *x_at = layer->x_at + (size_t)position_in_pool(spec, pool, q) * D;
            product_apart(input_of(work, work->l), x_at, panel_of(net, z, q), work->B, dw, D, 1);
        }
    }
    store(dw + (size_t)D * LANES, db);
}

/* The sum over the rows of pools, in their order: dW and db of a panel of filters. */
static void conv_pool_gradient(void *context, int j, int thread) {
    const Work *work = context;
    const Layer *layer = &work->net->layer[work->l];
    const Description *spec = &layer->spec;
    int F = spec->units, panels = panels_of(F), n = columns_in(F, j);
    float dw[LANES];
    (void)thread;
    for (int d = 0; d <= layer->D; d++) {
        int is_bias = d == layer->D;
        size_t i = (size_t)spec->kernel + (size_t)d * F + j * LANES;
        V sum = is_bias      ? load_bias_gradient(work, spec, j)
                : work->adds ? get(work->dw + i, n)
                             : zeros();
        for (int row = 0; row < spec->pool_height; row++) {
            size_t part = (size_t)row * panels + j;
            sum = add(sum, load(layer->partial + (part * (layer->D + 1) + d) * LANES));
        }
        store(dw, sum);
        if (is_bias)
            use_bias_gradient(work, spec, j, sum);
        else
            step_or_keep(work, i, dw, 1, F, n);
    }
}
