/* The layers: what one task of the forward or backward pass of each does; see scratch/layers/.

   X, A, dX, dA lie in panels; W (D, U) and the optimizer's slots lie row by row, as NumPy has them.
   A convolution is a dense layer at each of its positions, whose D = R S C inputs lie where its
   table says. */

/* The pixels of the image that the window at (i, k) sees: loops over `row` and `column`. */
#define EACH_PIXEL(is, i, k)                                                                        \
    for (int row = (i) * (is)->down - (is)->top, r_ = 0; r_ < (is)->rows; r_++, row++)              \
        for (int column = (k) * (is)->right - (is)->left, c_ = 0; c_ < (is)->columns; c_++, column++) \
            if (row >= 0 && row < (is)->height && column >= 0 && column < (is)->width)

/* The values that layer l reads: a dropout passes on what it gets, unless it is trained. */
static const float *input_of(const Work *s, int l) {
    while (l && s->net->layer[l - 1].is.kind == DROPOUT && !s->training) l--;
    return s->net->values[l].a;
}

static float *panel_of(const Network *net, float *values, int panel) {
    return values + (size_t)panel * net->capacity * LANES;
}

/* Rows [from, from + count) of the panels [j, end) of W (D, U), filled up by 0, one panel after the
   other. Row by row, since the panels of a row lie side by side. */
static void pack(const float *w, int U, int from, int count, int j, int end, float *b) {
    for (int k = 0; k < count; k++)
        for (int i = j; i < end; i++) {
            int n = U - i * LANES < LANES ? U - i * LANES : LANES;
            V x = get(w + (size_t)(from + k) * U + i * LANES, n);
            store(b + ((size_t)(i - j) * count + k) * LANES, x);
        }
}

/* Wt (U, R) for R rows of W (D, U), filled up to 16. */
static void turn(const float *w, int U, int R, float *b) {
    if (R < LANES) memset(b, 0, (size_t)U * LANES * sizeof *b);
    int u = 0;
    if (R == LANES)
        for (; u + LANES <= U; u += LANES) turn_block(w + u, U, b + (size_t)u * LANES);
    for (; u < U; u++)
        for (int r = 0; r < R; r++) b[(size_t)u * LANES + r] = w[(size_t)r * U + u];
}

static V bias_of(const Layer *y, const float *w, int j) {
    int n = y->is.units - j * LANES;
    return y->is.bias < 0 ? zeros() : get(w + y->is.bias + j * LANES, n < LANES ? n : LANES);
}

/* ---- forward ---- */

/* Panels of units that one task computes: fewer where there are many threads. */
static int panels_of_task(const Network *net, int panels) {
    int share = panels / (2 * net->threads);
    return share < 1 ? 1 : share > PANELS_OF_TASK ? PANELS_OF_TASK : share;
}

/* A = f(X W + b): some panels of units, of all images. */
static void dense_forward(void *work, int task, int thread) {
    const Work *s = work;
    const Network *net = s->net;
    const Layer *y = &net->layer[s->l];
    const float *x = input_of(s, s->l), *w = s->w + y->is.kernel;
    int U = y->is.units, panels = round_up(U) / LANES, share = panels_of_task(net, panels);
    int j = task * share, end = j + share < panels ? j + share : panels;
    float *b = net->scratch[thread], *a = net->values[s->l + 1].a;
    for (int k = 0; k < y->D; k += DEPTH) {
        int count = y->D - k < DEPTH ? y->D - k : DEPTH;
        pack(w, U, k, count, j, end, b);
        for (int i = j; i < end; i++)
            product(x, y->at + k, b + (size_t)(i - j) * count * LANES, count, panel_of(net, a, i), s->N, k > 0);
    }
    for (int i = j; i < end; i++)
        activate(y->is.function, panel_of(net, a, i), bias_of(y, s->w, i),
                 y->z ? panel_of(net, y->z, i) : 0, s->N);
}

/* A row of output positions of a convolution, of one panel of filters. */
static void conv_forward(void *work, int task, int thread) {
    const Work *s = work;
    const Network *net = s->net;
    const Layer *y = &net->layer[s->l];
    int F = y->is.units, panels = round_up(F) / LANES, j = task % panels, row = task / panels;
    float *b = net->scratch[thread];
    pack(s->w + y->is.kernel, F, 0, y->D, j, j + 1, b);
    for (int p = row * y->is.out_width; p < (row + 1) * y->is.out_width; p++) {
        float *a = panel_of(net, net->values[s->l + 1].a, p * panels + j);
        product(input_of(s, s->l), y->at + (size_t)p * y->D, b, y->D, a, s->N, 0);
        activate(y->is.function, a, bias_of(y, s->w, j), y->z ? panel_of(net, y->z, p * panels + j) : 0,
                 s->N);
    }
}

/* Z of all outputs in the window of a pool, without the bias, one after the other into z. */
static void window_of_pool(const Work *s, const Layer *y, int pool, const float *b, float *z) {
    int row = pool / y->is.pool_width * y->is.pool_rows;
    int column = pool % y->is.pool_width * y->is.pool_columns;
    const float *x = input_of(s, s->l);
    for (int q = 0; q < y->is.pool_rows * y->is.pool_columns; q++, z += (size_t)s->net->capacity * LANES) {
        int p = (row + q / y->is.pool_columns) * y->is.out_width + column + q % y->is.pool_columns;
        product(x, y->at + (size_t)p * y->D, b, y->D, z, s->N, 0);
    }
}

/* A convolution and the maximum of its pools, which do not overlap: f(max Z + b) = max f(Z + b), so
   that the convolution's outputs never go to memory. A row of pools, of one panel of filters. */
static void conv_pool_forward(void *work, int task, int thread) {
    const Work *s = work;
    const Network *net = s->net;
    const Layer *y = &net->layer[s->l];
    int F = y->is.units, panels = round_up(F) / LANES, j = task % panels, row = task / panels;
    int outputs = y->is.pool_rows * y->is.pool_columns;
    float *b = net->scratch[thread], *z = b + (size_t)y->D * LANES;
    pack(s->w + y->is.kernel, F, 0, y->D, j, j + 1, b);
    for (int pool = row * y->is.pool_width; pool < (row + 1) * y->is.pool_width; pool++) {
        float *a = panel_of(net, net->values[s->l + 1].a, pool * panels + j);
        window_of_pool(s, y, pool, b, z);
        for (int n = 0; n < s->N * LANES; n += LANES) {
            V most = load(z + n);
            for (int q = 1; q < outputs; q++) {
                V other = load(z + (size_t)q * net->capacity * LANES + n);
                most = choose(above(other, most), other, most);
            }
            store(a + n, most);
        }
        activate(y->is.function, a, bias_of(y, s->w, j), 0, s->N);
    }
}

/* The maximum of each window: a row of output positions, of one panel of channels. */
static void pool_forward(void *work, int task, int thread) {
    const Work *s = work;
    const Network *net = s->net;
    const Description *is = &net->layer[s->l].is;
    int panels = round_up(is->inputs) / LANES, j = task % panels, i = task / panels;
    (void)thread;
    for (int k = 0; k < is->out_width; k++) {
        float *a = panel_of(net, net->values[s->l + 1].a, (i * is->out_width + k) * panels + j);
        int begun = 0;
        EACH_PIXEL(is, i, k) {
            const float *x = panel_of(net, (float *)input_of(s, s->l), (row * is->width + column) * panels + j);
            if (!begun++) memcpy(a, x, (size_t)s->N * LANES * sizeof *a);
            else
                for (int n = 0; n < s->N * LANES; n += LANES) {
                    V most = load(a + n), other = load(x + n);
                    store(a + n, choose(above(other, most), other, most));
                }
        }
    }
}

/* Some panels of an activation without weights, or of a dropout. */
static void pass_forward(void *work, int panel, int thread) {
    const Work *s = work;
    const Network *net = s->net;
    const Layer *y = &net->layer[s->l];
    (void)thread;
    const float *x = panel_of(net, (float *)input_of(s, s->l), panel);
    float *a = panel_of(net, net->values[s->l + 1].a, panel);
    if (y->is.kind == DROPOUT) {
        const float *mask = panel_of(net, y->mask, panel);
        for (int n = 0; n < s->N * LANES; n += LANES) store(a + n, mul(load(x + n), load(mask + n)));
    } else {
        memcpy(a, x, (size_t)s->N * LANES * sizeof *a);
        activate(y->is.function, a, zeros(), y->z ? panel_of(net, y->z, panel) : 0, s->N);
    }
}

/* The mask of a dropout: 0, or 1 / (1 - rate), drawn image by image as NumPy draws it. */
static void draw(const Work *s, int l, const Bits *bits) {
    const Network *net = s->net;
    const Values *v = &net->values[l + 1];
    float rate = net->layer[l].is.rate, kept = rate < 1 ? (float)(1 / (1 - (double)rate)) : 1;
    for (int n = 0; n < s->N; n++)
        for (int p = 0; p < v->panels; p++) {
            int first, left = columns_of(v, p, &first);
            float *mask = panel_of(net, net->layer[l].mask, p) + n * LANES;
            for (int i = 0; i < left; i++) {
                float x = (bits->next_uint32(bits->state) >> 8) * (1.0f / 16777216.0f);
                mask[i] = x >= rate ? kept : 0;
            }
        }
}

/* ---- backward ---- */

/* A block of dW, of R inputs by n units, is in `dw` (R, 16): a step of these weights, or kept. */
static void use_gradient(const Work *s, size_t at, const float *dw, int R, int U, int n) {
    if (s->rule)
        step_block(s->rule, s->w, at, dw, R, U, n);
    else
        for (int r = 0; r < R; r++) put(s->dw + at + (size_t)r * U, load(dw + r * LANES), n);
}

/* Asks for the weights and slots of a block, which are used after the product of its gradient. */
static void fetch_block(const Work *s, size_t at, int R, int U) {
    if (!s->rule) return;
    for (int r = 0; r < R; r++, at += U) {
        __builtin_prefetch(s->w + at, 1);
        for (int i = 0; i < 3; i++)
            if (s->rule->slot[i]) __builtin_prefetch(s->rule->slot[i] + at, 1);
    }
}

/* What the block holds so far, where micro-batches add up. */
static void begin_gradient(const Work *s, size_t at, float *dw, int R, int U, int n) {
    if (s->more)
        for (int r = 0; r < R; r++) store(dw + r * LANES, get(s->dw + at + (size_t)r * U, n));
}

/* A panel of dA of layer l's outputs has come: dZ in its place, and db; through layers without
   weights on to the one before. `panel` is one of its `panels` at `position`. */
static void arrive(const Work *s, int l, int panel) {
    const Network *net = s->net;
    const Layer *y = &net->layer[l];
    const Values *v = &net->values[l + 1];
    float *da = panel_of(net, v->da, panel);
    float *a = y->z ? panel_of(net, y->z, panel) : panel_of(net, v->a, panel);
    switch (y->is.kind) {
        case DROPOUT: {
            const float *mask = panel_of(net, y->mask, panel);
            for (int n = 0; n < s->N * LANES; n += LANES) store(da + n, mul(load(da + n), load(mask + n)));
            if (l) arrive(s, l - 1, panel);
            break;
        }
        case ACTIVATION:
            if (y->is.function == SOFTMAX) break; /* a pass of its own, before this */
            derive(y->is.function, a, da, zeros(), s->N);
            if (l) arrive(s, l - 1, panel);
            break;
        case DENSE: {
            int left = y->is.units - panel * LANES, n = left < LANES ? left : LANES;
            size_t at = y->is.bias + panel * LANES;
            float db[LANES];
            if (y->is.bias >= 0) begin_gradient(s, at, db, 1, 0, n);
            V sum = derive(y->is.function, a, da, s->more && y->is.bias >= 0 ? load(db) : zeros(), s->N);
            store(db, sum);
            if (y->is.bias >= 0) use_gradient(s, at, db, 1, 0, n);
            break;
        }
        default: break; /* a convolution sums over its positions, in its own pass */
    }
}

/* Of 16 inputs of a dense layer: dX = dZ Wt, then dW = Xt dZ and the step of these weights. */
static void dense_backward(void *work, int panel, int thread) {
    const Work *s = work;
    const Network *net = s->net;
    const Layer *y = &net->layer[s->l];
    const Values *in = &net->values[s->l], *out = &net->values[s->l + 1];
    int U = y->is.units, first, R = columns_of(in, panel, &first);
    size_t at = y->is.kernel + (size_t)first * U;
    if (y->is.trained) {
        float *wt = net->scratch[thread];
        turn(s->w + at, U, R, wt);
        product(out->da, y->back, wt, U, panel_of(net, in->da, panel), s->N, 0);
    }
    const float *x = panel_of(net, in->a, panel);
    float dw[LANES * LANES];
    for (int j = 0; j < out->panels; j++) {
        int n = U - j * LANES < LANES ? U - j * LANES : LANES;
        fetch_block(s, at + j * LANES, R, U);
        begin_gradient(s, at + j * LANES, dw, R, U, n);
        product_turned(x, panel_of(net, out->da, j), s->N, dw, R, s->more);
        use_gradient(s, at + j * LANES, dw, R, U, n);
    }
    if (y->is.trained) arrive(s, s->l - 1, panel);
}

/* Of a convolution with its pools, a row of pools and a panel of filters: dZ is dA f'(A) at the first
   of a window's largest outputs and 0 at the others, which are computed again rather than kept.
   Then the sums of this row for dW and db: (D + 1, 16), into `partial`. */
static void conv_pool_backward(void *work, int task, int thread) {
    const Work *s = work;
    const Network *net = s->net;
    const Layer *y = &net->layer[s->l];
    int F = y->is.units, panels = round_up(F) / LANES, j = task % panels, row = task / panels;
    int outputs = y->is.pool_rows * y->is.pool_columns;
    size_t stride = (size_t)net->capacity * LANES;
    float *b = net->scratch[thread], *z = b + (size_t)y->D * LANES;
    float *dw = y->partial + (size_t)task * (y->D + 1) * LANES;
    V db = zeros();
    memset(dw, 0, (size_t)y->D * LANES * sizeof *dw);
    pack(s->w + y->is.kernel, F, 0, y->D, j, j + 1, b);
    for (int pool = row * y->is.pool_width; pool < (row + 1) * y->is.pool_width; pool++) {
        float *a = panel_of(net, net->values[s->l + 1].a, pool * panels + j);
        float *da = panel_of(net, net->values[s->l + 1].da, pool * panels + j);
        db = derive(y->is.function, a, da, db, s->N);
        window_of_pool(s, y, pool, b, z);
        for (int n = 0; n < s->N * LANES; n += LANES) {
            V most = load(z + n), rest = load(da + n);
            for (int q = 1; q < outputs; q++) most = larger(load(z + q * stride + n), most);
            for (int q = 0; q < outputs; q++) {
                Mask below = above(most, load(z + q * stride + n));
                store(z + q * stride + n, choose(below, zeros(), rest));
                rest = choose(below, rest, zeros());
            }
        }
        int top = pool / y->is.pool_width * y->is.pool_rows;
        int left = pool % y->is.pool_width * y->is.pool_columns;
        for (int q = 0; q < outputs; q++) {
            int p = (top + q / y->is.pool_columns) * y->is.out_width + left + q % y->is.pool_columns;
            product_apart(input_of(s, s->l), y->at + (size_t)p * y->D, z + q * stride, s->N, dw, y->D, 1);
        }
    }
    store(dw + (size_t)y->D * LANES, db);
}

/* Adds up the rows of pools, in their order, and uses the gradients: a panel of filters. */
static void conv_pool_gradient(void *work, int j, int thread) {
    const Work *s = work;
    const Layer *y = &s->net->layer[s->l];
    int F = y->is.units, panels = round_up(F) / LANES, n = F - j * LANES < LANES ? F - j * LANES : LANES;
    (void)thread;
    for (int k = 0; k <= y->D; k++) {
        if (k == y->D && y->is.bias < 0) break;
        size_t at = k < y->D ? y->is.kernel + (size_t)k * F + j * LANES : (size_t)y->is.bias + j * LANES;
        V sum = s->more ? get(s->dw + at, n) : zeros();
        for (int row = 0; row < y->is.pool_height; row++)
            sum = add(sum, load(y->partial + ((size_t)(row * panels + j) * (y->D + 1) + k) * LANES));
        float dw[LANES];
        store(dw, sum);
        use_gradient(s, at, dw, 1, F, n);
    }
}

/* Of a convolution: dZ of all positions, and db; a panel of filters. */
static void conv_derive(void *work, int j, int thread) {
    const Work *s = work;
    const Network *net = s->net;
    const Layer *y = &net->layer[s->l];
    int F = y->is.units, panels = round_up(F) / LANES, n = F - j * LANES < LANES ? F - j * LANES : LANES;
    int positions = y->is.out_height * y->is.out_width;
    (void)thread;
    V sum = s->more && y->is.bias >= 0 ? get(s->dw + y->is.bias + j * LANES, n) : zeros();
    for (int p = 0; p < positions; p++) {
        float *a = panel_of(net, y->z ? y->z : net->values[s->l + 1].a, p * panels + j);
        sum = derive(y->is.function, a, panel_of(net, net->values[s->l + 1].da, p * panels + j), sum, s->N);
    }
    float db[LANES];
    store(db, sum);
    if (y->is.bias >= 0) use_gradient(s, (size_t)y->is.bias + j * LANES, db, 1, 0, n);
}

/* Of 16 channels at a position of the input: dX, the sum over the windows that see it. */
static void conv_backward(void *work, int panel, int thread) {
    const Work *s = work;
    const Network *net = s->net;
    const Layer *y = &net->layer[s->l];
    const Values *in = &net->values[s->l];
    int F = y->is.units, C = y->is.inputs, window = y->is.rows * y->is.columns;
    int panels = round_up(C) / LANES, position = panel / panels, c = panel % panels * LANES;
    float *wt = net->scratch[thread];
    for (int rs = 0; rs < window; rs++)
        turn(s->w + y->is.kernel + ((size_t)rs * C + c) * F, F, C - c < LANES ? C - c : LANES,
             wt + (size_t)rs * F * LANES);
    product(net->values[s->l + 1].da, y->back + (size_t)position * window * F, wt, window * F,
            panel_of(net, in->da, panel), s->N, 0);
    arrive(s, s->l - 1, panel);
}

/* dW = the sum over positions of Xt dZ, of up to 16 inputs that lie side by side, and all filters. */
static void conv_gradient(void *work, int task, int thread) {
    const Work *s = work;
    const Network *net = s->net;
    const Layer *y = &net->layer[s->l];
    int F = y->is.units, panels = round_up(F) / LANES, positions = y->is.out_height * y->is.out_width;
    int k = task * LANES, R = y->D - k < LANES ? y->D - k : LANES;
    float dw[LANES * LANES];
    (void)thread;
    for (int j = 0; j < panels; j++) {
        int n = F - j * LANES < LANES ? F - j * LANES : LANES;
        size_t at = y->is.kernel + (size_t)k * F + j * LANES;
        begin_gradient(s, at, dw, R, F, n);
        for (int p = 0; p < positions; p++) {
            const int32_t *x = y->at + (size_t)p * y->D + k;
            const float *dz = panel_of(net, net->values[s->l + 1].da, p * panels + j);
            int more = s->more || p, side_by_side = R == LANES;
            for (int r = 1; r < R; r++) side_by_side &= x[r] == x[0] + r;
            if (side_by_side) product_turned(input_of(s, s->l) + x[0], dz, s->N, dw, R, more);
            else product_apart(input_of(s, s->l), x, dz, s->N, dw, R, more);
        }
        use_gradient(s, at, dw, R, F, n);
    }
}

/* dX of a pool: dA goes to the first of the largest values; 16 images of one panel of channels. */
static void pool_backward(void *work, int task, int thread) {
    const Work *s = work;
    const Network *net = s->net;
    const Description *is = &net->layer[s->l].is;
    const Values *in = &net->values[s->l], *out = &net->values[s->l + 1];
    int panels = round_up(is->inputs) / LANES, j = task % panels, first = task / panels * IMAGES_OF_TASK;
    int end = first + IMAGES_OF_TASK < s->N ? first + IMAGES_OF_TASK : s->N;
    size_t from = (size_t)first * LANES, size = (size_t)(end - first) * LANES;
    (void)thread;
    for (int p = 0; p < in->positions; p++)
        memset(panel_of(net, in->da, p * panels + j) + from, 0, size * sizeof(float));
    for (int p = 0; p < out->positions; p++) {
        const float *a = panel_of(net, out->a, p * panels + j) + from;
        const float *da = panel_of(net, out->da, p * panels + j) + from;
        for (size_t n = 0; n < size; n += LANES) {
            V most = load(a + n), rest = load(da + n);
            EACH_PIXEL(is, p / is->out_width, p % is->out_width) {
                int pixel = (row * is->width + column) * panels + j;
                V x = load(panel_of(net, in->a, pixel) + from + n);
                float *dx = panel_of(net, in->da, pixel) + from + n;
                Mask below = above(most, x);
                store(dx, add(load(dx), choose(below, zeros(), rest)));
                rest = choose(below, rest, zeros());
            }
        }
    }
}
