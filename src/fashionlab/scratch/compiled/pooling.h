/* MaxPooling2D: scratch/layers/pooling.py. */

/* The largest value of each window: a row of output positions, of one panel of channels. */
static void pool_forward(void *context, int task, int thread) {
    const Work *work = context;
    const Network *net = work->net;
    const Description *spec = &net->layer[work->l].spec;
    int panels = panels_of(spec->inputs), j = task % panels, row = task / panels;
    float *x = input_of(work, work->l);
    (void)thread;
    for (int p = row * spec->out_width; p < (row + 1) * spec->out_width; p++) {
        float *a = panel_of(net, net->values[work->l + 1].a, p * panels + j);
        for (int q = 0, begun = 0; q < spec->rows * spec->columns; q++) {
            int pixel = pixel_of(spec, p, q);
            if (pixel < 0) continue;
            const float *other = panel_of(net, x, pixel * panels + j);
            for (int n = 0; n < work->B * LANES; n += LANES) {
                V value = load(other + n);
                store(a + n, begun ? larger(value, load(a + n)) : value);
            }
            begun = 1;
        }
    }
}

/* dX: dA goes to the first of the largest values; some images of one panel of channels. */
static void pool_backward(void *context, int task, int thread) {
    const Work *work = context;
    const Network *net = work->net;
    const Description *spec = &net->layer[work->l].spec;
    const Values *in = &net->values[work->l], *out = &net->values[work->l + 1];
    int panels = panels_of(spec->inputs), j = task % panels, first;
    int end = images_of(work, task / panels, &first);
    (void)thread;
    for (int pixel = 0; pixel < in->positions; pixel++)
        for (int n = first * LANES; n < end * LANES; n += LANES)
            store(panel_of(net, in->da, pixel * panels + j) + n, zeros());
    for (int p = 0; p < out->positions; p++)
        for (int n = first * LANES; n < end * LANES; n += LANES) {
            V most = load(panel_of(net, out->a, p * panels + j) + n);
            V rest = load(panel_of(net, out->da, p * panels + j) + n);
            for (int q = 0; q < spec->rows * spec->columns; q++) {
                int pixel = pixel_of(spec, p, q);
                if (pixel < 0) continue;
                V x = load(panel_of(net, in->a, pixel * panels + j) + n);
                float *dx = panel_of(net, in->da, pixel * panels + j) + n;
                Mask smaller_one = above(most, x);
                store(dx, add(load(dx), select(smaller_one, zeros(), rest)));
                rest = select(smaller_one, rest, zeros());
            }
        }
}
