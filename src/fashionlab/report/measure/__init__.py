"""What a page needs that a run did not store: measured once and kept.

robustness   accuracy under corruptions, by the run's model on the run's test images
baselines    what simple methods reach on the same data
explanation  maps, nearest training images and a map of the test set
"""
