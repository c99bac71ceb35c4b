"""Lists of independent jobs, done by local processes or by a Ray cluster.

job  Job, Done and Executor, the contract
"""

from fashionlab.jobs.job import Done, Executor, Job

__all__ = ["Done", "Executor", "Job"]
