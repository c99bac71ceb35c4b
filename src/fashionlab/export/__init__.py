"""A run -> the portable model, and other forms of it; it needs the extra [export].

    portable_model  export_onnx      a run -> the portable model, checked against the run
    graph           emit             a recipe and its weights -> an ONNX graph
    emit            emit_layer       each layer -> ONNX's operators
    features        features         what the outlier head sees of a network
    outlier_head    train_head       features of images and of drawn outliers -> the head
    outlier_score   scored           a run's graph with an outlier score, its threshold and its test
    quantize        quantized        the graph with weights of 8 bits
    formats         export_keras     Keras's own file; weights as safetensors
    web             export_web       a folder whose page runs models in the browser alone

Symbols: N images, H rows, W columns, C channels, K classes.
"""
