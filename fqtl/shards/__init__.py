"""Which gene is fitted in which job, what the job costs, and the file it reads."""
