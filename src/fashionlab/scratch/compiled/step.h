/* Forward and backward through all layers. Each layer is a round of tasks for the threads, which
   write to different places: panels, or rows of weights. */

/* 16 images into panels, converted on the way. bytes or floats (N, D), a (panels of D, B, 16). */
static void pack_images(void *context, int task, int thread) {
    const Work *work = context;
    const Network *net = work->net;
    const Batch *batch = work->batch;
    int n, end = images_of(work, task, &n);
    V scale = broadcast(net->scale), offset = broadcast(net->offset);
    (void)thread;
    for (int panel = 0; panel < panels_of(net->D); panel++) {
        int count = columns_in(net->D, panel);
        float *a = panel_of(net, net->values[0].a, panel);
        for (int i = n; i < end; i++) {
            size_t at = (work->first + i) * net->D + panel * LANES;
            uint8_t some[LANES] = {0};
            V x;
            if (batch->floats) {
                x = get(batch->floats + at, count);
            } else if (count == LANES) {
                x = from_bytes(batch->bytes + at);
            } else {
                memcpy(some, batch->bytes + at, count);
                x = from_bytes(some);
            }
            store(a + i * LANES, add(mul(x, scale), offset));
        }
    }
}

/* A round, and the mask of the dropout after it, which one thread draws alone. */
typedef struct {
    const Work *work;
    Task *task;
} Round;

static void draw_or_do(void *context, int i, int thread) {
    const Round *round = context;
    if (i == 0)
        draw_mask(round->work, round->work->l + 1);
    else
        round->task((void *)round->work, i - 1, thread);
}

/* The round of layer l, or of the images before layer 0: l = -1. */
static void forward_round(Work *work, int l, int tasks, Task *task) {
    const Network *net = work->net;
    Round round = {work, task};
    int draws = work->training && l + 1 < net->layers && net->layer[l + 1].spec.kind == DROPOUT;
    work->l = l;
    if (draws)
        each(net->threads, tasks + 1, draw_or_do, &round);
    else
        each(net->threads, tasks, task, work);
}

/* What the micro-batches of a pass share. */
static void pack_weights(Work *work) {
    const Network *net = work->net;
    for (int l = 0; l < net->layers; l++) {
        const Description *spec = &net->layer[l].spec;
        work->l = l;
        if (spec->kind == DENSE)
            each(net->threads, groups_of(net, panels_of(spec->units)), dense_pack, work);
    }
    work->packed = 1;
}

static void forward(Work *work) {
    const Network *net = work->net;
    int images = blocks(work->B, IMAGES_OF_TASK);
    forward_round(work, -1, images, pack_images);
    for (int l = 0; l < net->layers; l++) {
        const Description *spec = &net->layer[l].spec;
        int panels = panels_of(spec->units), groups;
        switch (spec->kind) {
            case DENSE:
                groups = groups_of(net, panels);
                groups *= blocks(work->B, images_of_group(work, groups));
                forward_round(work, l, groups, dense_forward);
                break;
            case CONV: forward_round(work, l, panels * spec->out_height, conv_forward); break;
            case CONV_POOL:
                forward_round(work, l, panels * spec->pool_height, conv_pool_forward);
                break;
            case POOL: forward_round(work, l, panels * spec->out_height, pool_forward); break;
            default:
                if (spec->kind == DROPOUT && !work->training) break;
                forward_round(work, l, net->values[l + 1].panels, elementwise_forward);
                if (spec->function == SOFTMAX) each(net->threads, images, softmax_forward, work);
        }
    }
    work->outputs = input_of(work, net->layers);
}

static void derive_task(void *context, int panel, int thread) {
    const Work *work = context;
    (void)thread;
    derive_panel(work, work->l, panel);
}

/* From dP, in the outputs' `da`, to all gradients, and to the step where there is a rule. */
static void backward(Work *work) {
    const Network *net = work->net;
    int threads = net->threads, images = blocks(work->B, IMAGES_OF_TASK);
    int derived = 0; /* whether the round of the layer after has called `derive_panel` for this */
    for (int l = net->layers - 1; l >= 0; l--) {
        const Layer *layer = &net->layer[l];
        const Description *spec = &layer->spec;
        int inputs = net->values[l].panels, outputs = net->values[l + 1].panels;
        int panels = panels_of(spec->units);
        work->l = l;
        if (!derived) each(threads, outputs, derive_task, work);
        derived = 1;
        switch (spec->kind) {
            case DENSE:
                each(threads, blocks(inputs, inputs_of_task(spec)), dense_backward, work);
                break;
            case CONV:
                each(threads, panels, conv_derive, work);
                if (spec->need_dx) each(threads, inputs, conv_backward, work);
                each(threads, panels_of(layer->D), conv_gradient, work);
                break;
            case CONV_POOL:
                each(threads, panels * spec->pool_height, conv_pool_backward, work);
                each(threads, panels, conv_pool_gradient, work);
                break;
            case POOL:
                each(threads, panels * images, pool_backward, work);
                derived = 0;
                break;
            default:
                if (spec->function != SOFTMAX) break;
                each(threads, images, softmax_backward, work);
                derived = 0;
        }
        if (!spec->need_dx) break; /* no layer before has weights */
    }
}
