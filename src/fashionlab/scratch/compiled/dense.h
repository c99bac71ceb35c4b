/* Dense layers: scratch/layers/dense.py. W (D, U) and the optimizer's slots lie row by row, as
   NumPy has them. */

/* Rows [d, d + count) of the panels [panel, end) of W (D, U), filled up by 0:
   b (end - panel, count, 16). Row by row, since the panels of a row lie side by side. */
static void pack(const float *w, int U, int d, int count, int panel, int end, float *b) {
    for (int k = 0; k < count; k++)
        for (int i = panel; i < end; i++) {
            V row = get(w + (size_t)(d + k) * U + i * LANES, columns_in(U, i));
            store(b + ((size_t)(i - panel) * count + k) * LANES, row);
        }
}

/* Wt (U, 16) of R <= 16 rows of W, filled up by 0. w (R, U). */
static void turn(const float *w, int U, int R, float *wt) {
    int u = 0;
    if (R < LANES) memset(wt, 0, (size_t)U * LANES * sizeof *wt);
    if (R == LANES)
        for (; u + LANES <= U; u += LANES) turn_block(w + u, U, wt + (size_t)u * LANES);
    for (; u < U; u++)
        for (int r = 0; r < R; r++) wt[(size_t)u * LANES + r] = w[(size_t)r * U + u];
}

static V bias_of(const Description *spec, const float *w, int panel) {
    if (spec->bias < 0) return zeros();
    return get(w + spec->bias + panel * LANES, columns_in(spec->units, panel));
}

/* Panels of units that one task computes: fewer where there are many threads. */
static int panels_of_task(const Network *net, int panels) {
    int share = panels / (2 * net->threads);
    return share < 1 ? 1 : share > PANELS_OF_TASK ? PANELS_OF_TASK : share;
}

/* Tasks that share out the panels of units: groups. */
static int groups_of(const Network *net, int panels) {
    return blocks(panels, panels_of_task(net, panels));
}

/* Images of a task: all B, but for groups that are too few for the threads. */
static int images_of_group(const Work *work, int groups) {
    int parts = work->net->threads / groups;
    return parts < 2 ? work->B : round_up(blocks(work->B, parts));
}

/* All of W into panels, once for all micro-batches of a pass: some panels. */
static void dense_pack(void *context, int task, int thread) {
    const Work *work = context;
    const Layer *layer = &work->net->layer[work->l];
    int U = layer->spec.units, panels = panels_of(U), share = panels_of_task(work->net, panels);
    int panel = task * share, end = panel + share < panels ? panel + share : panels;
    float *b = layer->packed + (size_t)panel * layer->D * LANES;
    (void)thread;
    pack(work->w + layer->spec.kernel, U, 0, layer->D, panel, end, b);
}

/* A = f(X W + b), some panels of units, for some images. x (panels of D, B, 16), w (D, U),
   a (panels of U, B, 16). */
static void dense_forward(void *context, int task, int thread) {
    const Work *work = context;
    const Network *net = work->net;
    const Layer *layer = &net->layer[work->l];
    const Description *spec = &layer->spec;
    int D = layer->D, panels = panels_of(spec->units), share = panels_of_task(net, panels);
    int groups = groups_of(net, panels), images = images_of_group(work, groups);
    int panel = task % groups * share, end = panel + share < panels ? panel + share : panels;
    int n = task / groups * images, B = n + images < work->B ? images : work->B - n;
    const float *x = input_of(work, work->l) + n * LANES, *w = work->w + spec->kernel;
    float *a = net->values[work->l + 1].a + n * LANES;
    float *z_kept = layer->z ? layer->z + n * LANES : 0;
    float *b = net->scratch[thread]; /* (share, DEPTH, 16) */
    for (int d = 0; d < D; d += DEPTH) {
        int count = D - d < DEPTH ? D - d : DEPTH;
        size_t next = count * LANES; /* from a panel to the next */
        if (work->packed)
            next = (size_t)D * LANES, b = layer->packed + panel * next + d * LANES;
        else
            pack(w, spec->units, d, count, panel, end, b);
        const float *w_i = b;
        for (int i = panel; i < end; i += 2, w_i += 2 * next) {
            float *z = panel_of(net, a, i);
            if (i + 1 < end)
                product_2(x, layer->x_at + d, w_i, w_i + next, count, z, panel_of(net, a, i + 1),
                          B, d > 0);
            else
                product(x, layer->x_at + d, w_i, count, z, B, d > 0);
        }
    }
    for (int i = panel; i < end; i++)
        activate(spec->function, panel_of(net, a, i), bias_of(spec, work->w, i),
                 z_kept ? panel_of(net, z_kept, i) : 0, B);
}

/* dW = Xt dZ of a panel of inputs, and the step of these rows of W. x (B, 16),
   dz (panels of U, B, 16). */
static void dense_gradient(const Work *work, int panel) {
    const Network *net = work->net;
    const Layer *layer = &net->layer[work->l];
    const Values *in = &net->values[work->l], *out = &net->values[work->l + 1];
    int U = layer->spec.units, first, R = values_in(in, panel, &first);
    size_t i = layer->spec.kernel + (size_t)first * U; /* where these rows begin */
    const float *x = panel_of(net, in->a, panel);
    float dw[LANES * LANES];
    for (int j = 0; j < out->panels; j++, i += LANES) {
        int n = columns_in(U, j);
        fetch_block(work, i, R, U);
        load_gradient(work, i, dw, R, U, n);
        product_turned(x, panel_of(net, out->da, j), work->B, dw, R, work->adds);
        step_or_keep(work, i, dw, R, U, n);
    }
}

/* dX = dZ Wt of the panels [panel, end) of inputs, at most two. dz (panels of U, B, 16),
   dx (B, 16), wt (2, U, 16). */
static void dense_dx(const Work *work, int panel, int end, float *wt) {
    const Network *net = work->net;
    const Layer *layer = &net->layer[work->l];
    const Values *in = &net->values[work->l];
    const float *dz = net->values[work->l + 1].da;
    int U = layer->spec.units;
    float *dx = panel_of(net, in->da, panel);
    for (int i = panel; i < end; i++) {
        int first, R = values_in(in, i, &first);
        const float *w = work->w + layer->spec.kernel + (size_t)first * U;
        turn(w, U, R, wt + (size_t)(i - panel) * U * LANES);
    }
    if (end - panel == 2)
        product_2(dz, layer->dz_at, wt, wt + (size_t)U * LANES, U, dx,
                  panel_of(net, in->da, panel + 1), work->B, 0);
    else
        product(dz, layer->dz_at, wt, U, dx, work->B, 0);
}

/* Panels of inputs that one task computes. */
static int inputs_of_task(const Description *spec) { return spec->need_dx ? 2 : 1; }

static void dense_backward(void *context, int task, int thread) {
    const Work *work = context;
    const Network *net = work->net;
    const Description *spec = &net->layer[work->l].spec;
    int share = inputs_of_task(spec), panel = task * share, end = panel + share;
    if (end > net->values[work->l].panels) end = net->values[work->l].panels;
    if (spec->need_dx) dense_dx(work, panel, end, net->scratch[thread]);
    for (int i = panel; i < end; i++) {
        dense_gradient(work, i);
        if (spec->need_dx) derive_panel(work, work->l - 1, i);
    }
}
