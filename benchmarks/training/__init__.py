"""What trainings reach, and how their settings were chosen.

report_systems    the course report's systems over several seeds
digits            the recipe of that name on two small sets
report_net_rate   the learning rate of the report's first system, which it does not print
choices           what was tried on held-out images before a recipe was fixed
label_audit       labels that were flipped on purpose, and found
audit_readings    two readings of the suspects of the audit
audit_time        how long an audit of Fashion-MNIST takes
robustness_time   how long the accuracy of the shipped model under corruptions takes
set_coverage      how often prediction sets hold the truth
ship              puts a finished run into the package
"""
