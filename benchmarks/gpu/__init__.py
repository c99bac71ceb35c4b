"""Trainings on a GPU that is lent for minutes, without a network.

train        trains a list of recipes there and leaves small files of each
unpack       makes run folders and results of these files here
held_out     writes the data for trials: held-out training images as the test set
throughput   images a second of `large` next to a plain PyTorch loop
trials/      the recipes of the trials
"""
