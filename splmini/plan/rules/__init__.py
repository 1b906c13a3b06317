"""The rewrites of a plan, one a file. Each takes the operators of a plan and returns those of an equal one."""
