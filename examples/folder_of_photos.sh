#!/bin/sh
# A folder of photos, a folder for each class: from photos to a prediction, in two ways.
#
#     python examples/draw_photos.py photos      or your own: photos/CLASS/*.jpg
#     sh examples/folder_of_photos.sh photos new.jpg [OPTION OF TRAIN]...
#
# Writes runs/photos and runs/garments here. A hundred photos are few: of small batches there are
# enough steps, and the weights are averaged over the last 50 of them.
set -eu
photos=$1 new=$2
shift 2
few="--batch-size 16 --moving-average 0.98"

# As they are: the whole photo, in colour, scaled to fit into 32 x 32 pixels.
fashionlab data check "$photos" --size 32
fashionlab train tiny --data "$photos" --size 32 --split 0.2 --validation-fraction 0.1 \
    $few --out runs/photos "$@"
fashionlab export runs/photos
fashionlab predict "$new" --model runs/photos

# As Fashion-MNIST was made: one garment on a plain ground is found, cut out, light on black.
fashionlab train tiny --data "$photos" --size 28 --preparation garment --split 0.2 \
    --validation-fraction 0.1 $few --out runs/garments "$@"
fashionlab export runs/garments
fashionlab predict "$new" --model runs/garments --show
