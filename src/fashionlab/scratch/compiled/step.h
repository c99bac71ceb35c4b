/* The passes: forward, loss, backward, step. Each layer is a round of tasks for the threads. */

/* 16 images into panels, converted on the way. */
static void pack_images(void *work, int task, int thread) {
    const Work *s = work;
    const Network *net = s->net;
    int D = net->D, n = task * IMAGES_OF_TASK;
    V scale = all(net->scale), offset = all(net->offset);
    (void)thread;
    for (; n < s->N && n < (task + 1) * IMAGES_OF_TASK; n++)
        for (int d = 0; d < D; d += LANES) {
            size_t at = (s->first + n) * D + d;
            int left = D - d < LANES ? D - d : LANES;
            V x;
            if (s->batch->floats) {
                x = get(s->batch->floats + at, left);
            } else {
                uint8_t some[LANES] = {0};
                if (left < LANES) memcpy(some, s->batch->bytes + at, left);
                x = from_bytes(left < LANES ? some : s->batch->bytes + at);
            }
            x = add(mul(x, scale), offset);
            store(net->values[0].a + ((size_t)(d / LANES) * net->capacity + n) * LANES, x);
        }
}

/* The tasks of a round, and the drawing of the next layer's mask, which one thread does alone. */
typedef struct {
    const Work *s;
    Task *task;
} Round;

static void draw_or_do(void *of, int i, int thread) {
    const Round *round = of;
    if (i == 0)
        draw(round->s, round->s->l + 1, round->s->bits[round->s->l + 1]);
    else
        round->task((void *)round->s, i - 1, thread);
}

/* A round of layer l of the forward pass; l = -1 is the images. */
static void forward_round(Work *s, int l, int tasks, Task *task) {
    const Network *net = s->net;
    s->l = l;
    if (s->training && l + 1 < net->layers && net->layer[l + 1].is.kind == DROPOUT) {
        Round round = {s, task};
        each(net->threads, tasks + 1, draw_or_do, &round);
    } else
        each(net->threads, tasks, task, s);
}

static int blocks(int n, int size) { return (n + size - 1) / size; }

static void forward(Work *s) {
    const Network *net = s->net;
    forward_round(s, -1, blocks(s->N, IMAGES_OF_TASK), pack_images);
    for (int l = 0; l < net->layers; l++) {
        const Description *is = &net->layer[l].is;
        int panels = round_up(is->units) / LANES;
        switch (is->kind) {
            case DENSE: forward_round(s, l, blocks(panels, panels_of_task(net, panels)), dense_forward); break;
            case CONV: forward_round(s, l, panels * is->out_height, conv_forward); break;
            case CONV_POOL: forward_round(s, l, panels * is->pool_height, conv_pool_forward); break;
            case POOL: forward_round(s, l, round_up(is->inputs) / LANES * is->out_height, pool_forward); break;
            case DROPOUT:
                if (!s->training) break; /* falls through */
            default: forward_round(s, l, net->values[l + 1].panels, pass_forward);
        }
        if (is->function == SOFTMAX) {
            s->l = l;
            each(net->threads, blocks(s->N, IMAGES_OF_TASK), softmax_forward, s);
        }
    }
    s->outputs = input_of(s, net->layers);
}

static void arrive_task(void *work, int panel, int thread) {
    (void)thread;
    arrive(work, ((const Work *)work)->l, panel);
}

/* From dP, in the outputs' `da`, to all gradients, and to the step where there is a rule. */
static void backward(Work *s) {
    const Network *net = s->net;
    int threads = net->threads, images = blocks(s->N, IMAGES_OF_TASK);
    int arrived = 0; /* whether the layer after has brought this one's dA through `arrive` */
    for (int l = net->layers - 1; l >= 0; l--) {
        const Layer *y = &net->layer[l];
        int inputs = net->values[l].panels, outputs = net->values[l + 1].panels;
        int panels = round_up(y->is.units) / LANES;
        s->l = l;
        if (!arrived) each(threads, outputs, arrive_task, s);
        arrived = 1;
        switch (y->is.kind) {
            case DENSE: each(threads, inputs, dense_backward, s); break;
            case CONV_POOL:
                each(threads, panels * y->is.pool_height, conv_pool_backward, s);
                each(threads, panels, conv_pool_gradient, s);
                break;
            case CONV:
                each(threads, panels, conv_derive, s);
                if (y->is.trained) each(threads, inputs, conv_backward, s);
                each(threads, blocks(y->D, LANES), conv_gradient, s);
                break;
            case POOL:
                each(threads, panels * images, pool_backward, s);
                arrived = 0;
                break;
            default:
                if (y->is.function != SOFTMAX) break;
                each(threads, images, softmax_backward, s);
                arrived = 0;
        }
        if (!y->is.trained) break; /* no layer before has weights */
    }
}
