"""What people may do: one verb a function. Permissions are asked here and nowhere else."""
